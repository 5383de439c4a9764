"""The adversary of `bin/prove adversary`: what a host lets people and apps do between any two calls of ours.

`truth` reads what GitHub's tables hold, `acts` are what is done, `plot` decides when and watches every call, `stage` is
the world one schedule is played in, `observer` judges what landed. The observer shares no code with the program: it
reads the hub's tables, the ledger's lines and git.
"""
