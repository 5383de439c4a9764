"""Values and enums. Imports nothing of ours, reads and writes nothing."""
