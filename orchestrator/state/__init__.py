"""Small stores a person can read, each one file under runtime/state. A corrupt one stops its job."""
