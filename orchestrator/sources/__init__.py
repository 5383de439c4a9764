"""Evidence from outside: named https addresses on allowed hosts, and files below known roots. Nothing else is read."""
