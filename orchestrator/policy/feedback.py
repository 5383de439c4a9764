"""How much evidence speaks for an issue, and what a planner or an engineer is told of it. Included entries only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from orchestrator.model.evidence import Entry

STRONGEST = 5
EXTRA = 2
"""A signal counts 2 and one more for each entry, at most 5; further words in common add up to 2 (ORIGIN 1A.8)."""
_KEYWORDS = 24
"""Most frequent words of an entry's text that are compared: many words do not make it match more issues."""
_READ = 20_000
_WORD = re.compile(r"[^\W\d_][^\W_]{2,39}")
_PLAIN = """
    about above after again also been before being below between both cannot could does done down each else even
    every first from have here into just last less like line made make many more most much must need never next
    none not only other over same shall should show shown since some such than that their them then there these
    they this those through time under until upon used user uses very want wants were what when where which
    while will with within without work would your the and for are was has had but its our out all any can may
    one two new add get set use goal success criteria task type implementation debugging docs research outcome
    checks check constraints context evidence reasoning issue metric value unit observed period provenance trust
    privacy summary baseline series high medium low public internal restricted true false null data file report
    latest https http www com
"""
"""Words that say nothing about what an issue is about, those of our own forms among them."""
_STOP = frozenset(_PLAIN.split())


def included(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The entries that weigh; what plans and prompts are made of."""
    return tuple(e for e in entries if e.included)


def weight(entries: Sequence[Entry], title: str, body: str) -> tuple[float, str]:
    """(points 0 to 7, why): how strongly production and research speak for an issue. Words in common, nothing else;
    guarded entries give nothing."""
    words = _words(f"{title}\n{body[:_READ]}")
    issue = set(words)
    matched: list[tuple[str, list[str]]] = []
    further = 0
    for entry in included(entries):
        hits = [w for w in _keywords(entry) if w in issue]
        of_metric = set(_words(entry.metric))
        named = bool(of_metric) and of_metric <= issue
        needed = 1 if named else 2
        if len(hits) >= needed:
            matched.append((entry.name, hits[:3]))
            further += len(hits) - needed
    if not matched:
        return 0.0, "no feedback speaks for it"
    points = min(STRONGEST, 2 + len(matched)) + min(EXTRA, further)
    said = "; ".join(f"{' '.join(name.split())} ({', '.join(hits)})" for name, hits in matched[:3])
    more = f" and {len(matched) - 3} more" if len(matched) > 3 else ""
    return float(points), f"words in common with {said}{more}"


def quoted(entries: Iterable[Entry], most: int) -> str:
    """The included entries for a prompt, in at most `most` characters: whose words they are, then the words, each line
    marked. Every entry gets the same room. Empty when none weighs."""
    weigh = included(entries)
    if not weigh:
        return ""
    room = most // len(weigh) - 2
    return "\n\n".join(_told(entry, room) for entry in weigh)[:most]


def _told(entry: Entry, room: int) -> str:
    facts = [
        entry.kind.value,
        *([f"metric {entry.metric}"] if entry.metric else []),
        f"from {_flat(entry.source)}",
        f"observed {entry.observed_at}",
        f"trust {entry.trust.value}" + (f": {_flat(entry.trust_note)}" if entry.trust_note else ""),
        *([f"provenance: {_flat(entry.provenance)}"] if entry.provenance else []),
    ]
    head = "\n".join([f"{_flat(entry.name)} ({'; '.join(facts)})", *(f"- {_flat(i)}" for i in entry.implications)])
    text = "".join(f"> {line}" for line in entry.text.splitlines(keepends=True))
    left = room - len(head) - 1
    if len(text) > left:
        note = f"\n[{len(text) - max(0, left)} characters and more left out]"
        kept = text[: max(0, left - len(note))]
        text = kept[: max(kept.rfind("\n"), kept.rfind(" "), 0)].rstrip() + note
    return f"{head}\n{text}".rstrip()


def _keywords(entry: Entry) -> tuple[str, ...]:
    """Of its name and metric, then the most frequent ones of its text; each once."""
    common = (w for w, _ in Counter(_words(entry.text)).most_common(_KEYWORDS))
    return tuple(dict.fromkeys([*_words(entry.metric), *_words(entry.name), *common]))


def _words(text: str) -> list[str]:
    found = (w.removesuffix("s") if len(w) > 4 and not w.endswith("ss") else w for w in _all(text))
    return [w for w in found if w not in _STOP]


def _all(text: str) -> list[str]:
    return [w for w in _WORD.findall(text.casefold().replace("_", " ")) if w not in _STOP]


def _flat(text: str) -> str:
    return " ".join(text.split())[:300]
