"""One task's journey. Carries out what `policy` decides; every step may run twice or die half way."""
