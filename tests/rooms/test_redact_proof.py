"""The proof of redaction in short: `bin/prove redaction` does the same at every sink, with more of everything."""

from __future__ import annotations

import json
import time

import pytest

from benchmarks import harmless, leaks, second_source
from benchmarks.proofs import redaction
from orchestrator.redact import Redactor

SEED = "20261126-short"
VALUES = leaks.secrets(SEED, 60)


def test_known_values_are_gone_in_every_spelling() -> None:
    redact, planted = Redactor(known=VALUES), leaks.planted(VALUES)
    text = "\n".join(f"x {each.text}" for each in planted)
    assert len(leaks.left(planted, text)) == len(planted) > 700, "the search itself finds them"
    assert [each.encoding for each in leaks.left(planted, redact(text))] == []
    again = json.loads(json.dumps({"said": text}))
    assert leaks.left(planted, redact(json.dumps(again))) == []


@pytest.mark.parametrize("width", [60, 64, 76])
def test_a_known_value_in_wrapped_base64_is_gone(width: int) -> None:
    """As `base64 FILE` and mailers print it: no line holds the whole."""
    redact, secret = Redactor(known=VALUES), VALUES[2]
    code = leaks.ENCODINGS["base64"]("prefix-of-some-length " * 3 + secret + " and more" * 9)
    lines = "\n".join(code[n : n + width] for n in range(0, len(code), width))
    seen = "".join(redact(f"-- begin\n{lines}\n-- end").split("\n"))
    core = leaks.ENCODINGS["base64"]("prefix-of-some-length " * 3 + secret)
    assert core[100:112] not in seen
    assert "begin" in seen


def test_hundreds_of_known_values_cost_no_more_than_a_few() -> None:
    """An automaton of them outgrew its memory, and a line took seconds."""
    text = "x = call(value)  # and then some words\n" * 2000
    few, many = Redactor(known=VALUES[:3]), Redactor(known=leaks.secrets(SEED, 500))

    def cost(redact: Redactor) -> float:
        redact("warm")
        best = 9.0
        for _ in range(3):
            began = time.process_time()
            redact(text)
            best = min(best, time.process_time() - began)
        return best

    assert cost(many) < 5 * cost(few) + 0.02


def test_the_forms_of_a_second_source_are_known_for_the_providers_we_name() -> None:
    found = second_source.measure(Redactor(), SEED, 6, only_named=True)
    assert found.count(named=True) >= 25
    assert found.share(named=True) >= 0.97, found.missed


def test_harmless_lines_stay() -> None:
    redact = Redactor()
    lines = [*harmless.drawn(SEED, 20), *harmless.house(SEED, 800)]
    hit = [line for _, line in lines if redact(line) != line]
    assert len(hit) <= 0.005 * len(lines), hit
    assert [line for _, line in harmless.drawn(SEED, 20) if redact.find(line)] == []


@pytest.mark.parametrize("name", redaction.hostile(VALUES))
def test_an_eighth_of_hostile_text_takes_about_an_eighth_of_the_time(name: str) -> None:
    text, redact = redaction.hostile(VALUES)[name], Redactor(known=VALUES[:40])
    redact("warm")
    part, whole = redaction._cost(redact, text[: len(text) // 8]), redaction._cost(redact, text)
    assert whole < 24 * part + 0.03, (part, whole)  # a square would be 64 times
