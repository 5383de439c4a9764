"""The model that tells duplicate issues."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from orchestrator.doctor.base import Check, Finding, Given, ok, warn
from orchestrator.embedding import sentences


def look(given: Given) -> Iterator[Finding]:
    model = given.settings.similarity_model
    if find_spec("sentence_transformers") is None:
        yield warn("its libraries are not installed: issues are compared by words only", "bin/setup --semantic")
    elif sentences.folder(model) is None:
        yield warn(f"{model} is not on this machine: issues are compared by words only", "bin/setup --semantic")
    else:
        yield ok(f"{model} is on this machine")


CHECK = Check(
    name="similarity",
    why="By words alone, more issues that say the same are filed twice.",
    look=look,
    needs=("configuration",),
)
