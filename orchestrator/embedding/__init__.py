"""How alike two texts are: a sentence model where it is installed, words where it is not."""
