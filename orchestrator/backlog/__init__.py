"""Issues the program files by itself: each once, none that is one already, and where they stand on the board."""
