"""The shooting range of `bin/prove injection`: an agent that obeys every text, payloads, what is seen of their harm."""
