"""Thirteen weeks of the organization on the hub: what pays, what hurts, and whether the planner finds out."""
