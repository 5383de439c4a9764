# The gate. `make check` is everything that must hold before a commit lands on main.
PY := .venv/bin/python
BIN := .venv/bin
.PHONY: check looks format lint types floors tests fix

check: looks tests

# What is read, not run.
looks: format lint types floors

format:
	$(BIN)/ruff format --check .

lint:
	$(BIN)/ruff check .

types:
	$(BIN)/mypy

floors:
	$(BIN)/lint-imports --no-logo

tests:
	$(PY) -m pytest

fix:
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
