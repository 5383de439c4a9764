"""What GitHub decides around the tables: pushes, pull requests, mergeability, protection, merges, reviews."""
