"""The mutations, one module per area; what REST can do too goes through REST's own handlers, so that both refuse alike."""
