"""The hub's tables, one module per area: plain functions on the database, the only place with SQL."""
