"""Recall on strings that a second source's expressions describe: the rules of Kingfisher (Apache-2.0), which come from
Betterleaks and Veles. None of them stands in this program; they are read from the installed package."""

from __future__ import annotations

import random
import re
import tempfile
import warnings
from collections import Counter
from dataclasses import dataclass, field

from benchmarks.strings_from import CannotDraw, draw
from orchestrator.redact import Redactor

NAMED = re.compile(
    r"(?:betterleaks\.|veles\.secrets/)"
    r"(?:github|telegram|anthropic|openai|gcp-|deepseek|openrouter|xai|grokxai|kimi|alibaba|npm|pypi|aws-)"
)
"""Rules about the providers that docs/agents.md and docs/config.md name, and the two registries and clouds beside."""
DOCUMENTS = frozenset({"betterleaks.gcp-application-default-credentials", "betterleaks.gcp-service-account"})
"""Rules of a whole JSON document around secrets: drawn from, they hold none (`"cRvd$"`, a head without a key)."""
LEFT = 8
"""So many characters of a secret in a row, left over, and it counts as missed."""


@dataclass
class Recall:
    drawn: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    undrawn: list[str] = field(default_factory=list)
    """Rules whose expression could not be drawn from."""

    def share(self, *, named: bool) -> float:
        rules = [r for r in self.drawn if not named or (NAMED.match(r) and r not in DOCUMENTS)]
        total = sum(self.drawn[r] for r in rules)
        return 1 - sum(self.missed[r] for r in rules) / total if total else 0.0

    def count(self, *, named: bool) -> int:
        return sum(1 for r in self.drawn if not named or (NAMED.match(r) and r not in DOCUMENTS))


def measure(redact: Redactor, seed: str, each: int, *, only_named: bool = False) -> Recall:
    """`each` strings of every rule. Raises ImportError where the package is not installed."""
    from kingfisher_sdk.rules import Rules

    recall = Recall()
    with tempfile.TemporaryDirectory() as cache:
        rules = Rules(cache_dir=cache, confidence="low")
        for id in sorted(str(rule["id"]) for rule in rules.metadata()):
            if not only_named or NAMED.match(id):
                _rule(recall, redact, id, rules.detail(id), random.Random(f"{seed}/{id}"), each)
    return recall


def _rule(recall: Recall, redact: Redactor, id: str, rule: dict[str, object], chance: random.Random, each: int) -> None:
    pattern, group = str(rule["detection_regex"]), rule["betterleaks_secret_group"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # "[[" in a class means what it always meant
        for _ in range(each):
            try:
                match = draw(pattern, chance)
            except CannotDraw:
                recall.undrawn.append(id)
                return
            which = group if isinstance(group, int) and group else min(1, match.re.groups)
            secret = match.group(which) or match.group()
            seen = redact(f"see {match.group()} there")
            recall.drawn[id] += 1
            recall.missed[id] += any(secret[n : n + LEFT] in seen for n in range(max(1, len(secret) - LEFT + 1)))
