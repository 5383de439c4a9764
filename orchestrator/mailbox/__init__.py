"""Tasks as markdown files in folders that a person may read, edit and move."""
