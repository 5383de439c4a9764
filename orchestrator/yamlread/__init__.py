"""YAML with its lines, and what is wrong with it told by file, line, key, value and what was expected.

Below `config` and `evidence`, which both stand on it: files of people and of exporters, hostile or only mistaken.
"""
