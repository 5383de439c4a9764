"""Metric snapshots as files: read with their lines named in errors, written only when a person asks."""
