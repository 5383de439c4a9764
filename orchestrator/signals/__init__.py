"""One class of operational finding per file, from recorded events. Values in, findings out."""
