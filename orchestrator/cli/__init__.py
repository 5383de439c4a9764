"""The command line. Speaks through `operations`; `__main__` adds the hub and the demo."""
