"""Orders from Telegram: updates polled by one poller, buttons and commands to operations."""
