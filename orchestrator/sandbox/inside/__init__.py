"""What runs inside of the box before the program does: the launcher. Standard library only, nothing of ours.

It is started as a folder (`python -I -S .../inside`), so its modules import each other by bare name there.
"""
