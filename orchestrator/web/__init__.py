"""The web page: server-rendered, on loopback, live by server-sent events."""
