"""Agent OS: an autonomous software organization. CODEBASE.md says where everything is."""
