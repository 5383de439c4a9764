"""GitHub: the client, then one file per area. Functions of an area take the client first."""
