"""Every figure we publish, as a proof that anyone can run: `bin/prove NAME`."""
