"""The hub's GraphQL endpoint: a slice of GitHub's own schema, resolved from the store in batches."""
