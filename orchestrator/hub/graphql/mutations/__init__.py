"""The mutations, one module per area; what REST can do too goes through its own handlers: both refuse alike."""
