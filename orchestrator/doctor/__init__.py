"""Is everything there that the work needs? One file per check."""
