"""What a reviewer's words come to: a closed answer bound to one head and one nonce, or none at all.

The reviewer is a model that reads hostile text, so its answer is read like hostile text: exactly one JSON object with
exactly the keys that were asked for, the nonce of this very question and the sha of this very head. Whatever is not
that is no approval. It is stricter than the reviewer where the two disagree: an approval beside a serious finding, or
beside a criterion that is not met, asks for changes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from orchestrator.model.governance import (
    CriterionMet,
    Opinion,
    ReviewFinding,
    ReviewMode,
    ReviewVerdict,
    Severity,
    TestReason,
)
from orchestrator.model.settings import RepoSettings
from orchestrator.model.task import Task
from orchestrator.policy.patches import escaped

MOST_CHARACTERS = 200_000
"""A longer answer is refused unread."""
MOST_ITEMS = 200
"""Entries in one list of an answer."""
WORDS = 2_000
"""Characters of one text that are kept."""
MARK = "review: "
"""How the reviewer's findings begin where they stand beside the gate's."""
SERIOUS = frozenset({Severity.BLOCKER, Severity.MAJOR})

_MUST = frozenset({"nonce", "head_sha", "verdict", "findings", "criteria", "tests"})
_MAY = frozenset({"summary"})
_LAST_LINE = 10_000_000

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]
_T = TypeVar("_T")


class Unfit(ValueError):
    """The answer is none; the text says why, for the reviewer's second try and for people."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer that fits its question."""

    opinion: Opinion
    summary: str = ""
    findings: tuple[ReviewFinding, ...] = ()
    criteria: tuple[CriterionMet, ...] = ()
    tests: tuple[TestReason, ...] = ()


def parse(text: str, *, nonce: str, head: str, criteria: Sequence[str], whole: bool = True) -> Answer:
    """The answer in `text`; words round one single object (a fence, a greeting) are forgiven. `criteria`: the ids that
    were asked about; `whole`: each of them needs a word, as nobody else is asked. Raises Unfit, and nothing else."""
    data = _object(text)
    if missing := sorted(_MUST - set(data)):
        raise Unfit(f"the keys {', '.join(missing)} are missing")
    if unknown := sorted(set(data) - _MUST - _MAY):
        raise Unfit(f"unknown keys: {_short(', '.join(unknown))}")
    if _text(data, "nonce") != nonce:
        raise Unfit("the nonce is not this question's")
    if _text(data, "head_sha") != head:
        raise Unfit("head_sha is not the head that was asked about")
    answer = Answer(
        opinion=_one_of(Opinion, data, "verdict"),
        summary=_clean(_text(data, "summary")) if "summary" in data else "",
        findings=tuple(map(_finding, _items(data, "findings"))),
        criteria=tuple(map(_criterion, _items(data, "criteria"))),
        tests=tuple(map(_test, _items(data, "tests"))),
    )
    said = [c.id for c in answer.criteria]
    if strange := sorted(set(said) - set(criteria)):
        raise Unfit(f"no such criteria: {_short(', '.join(strange))}")
    if len(said) != len(set(said)):
        raise Unfit("a criterion is answered twice")
    return _weighed(answer, [c for c in criteria if c not in said] if whole else [])


def _weighed(answer: Answer, unsaid: Sequence[str]) -> Answer:
    """The answer as it counts. A finding about a file that the diff does not touch counts like any other: what is
    missing stands nowhere in the diff, and to ask for a change can only hold it back."""
    unmet = [c.id for c in answer.criteria if not c.met]
    serious = any(f.severity in SERIOUS for f in answer.findings)
    if answer.opinion is Opinion.APPROVE and (unmet or serious):
        return replace(answer, opinion=Opinion.REQUEST_CHANGES)
    if answer.opinion is Opinion.APPROVE and unsaid:
        raise Unfit(f"an approval needs a word about each criterion; none about {', '.join(unsaid)}")
    if answer.opinion is Opinion.REQUEST_CHANGES and not (answer.findings or unmet):
        raise Unfit("changes are asked for, but no finding says which")
    return answer


def join(answers: Sequence[Answer], criteria: Sequence[str]) -> Answer:
    """One answer of all parts. Changes asked for anywhere win, then what cannot be told anywhere. A criterion is met
    when a part shows it and none denies it."""
    said = {id: [c for a in answers for c in a.criteria if c.id == id] for id in criteria}
    told = tuple(next((c for c in each if not c.met), each[0]) for each in said.values() if each)
    opinions = {a.opinion for a in answers}
    unsaid = [id for id, each in said.items() if not each]
    summary = " ".join(dict.fromkeys(a.summary for a in answers if a.summary))
    if Opinion.REQUEST_CHANGES in opinions or any(not c.met for c in told):
        opinion = Opinion.REQUEST_CHANGES
    elif Opinion.CANNOT_TELL in opinions or not answers:
        opinion = Opinion.CANNOT_TELL
    elif unsaid:
        opinion, summary = Opinion.CANNOT_TELL, f"no part says that {', '.join(unsaid)} is met"
    else:
        opinion = Opinion.APPROVE
    return Answer(
        opinion=opinion,
        summary=summary[:WORDS],
        findings=tuple(dict.fromkeys(f for a in answers for f in a.findings)),
        criteria=told,
        tests=tuple(dict.fromkeys(t for a in answers for t in a.tests)),
    )


def of_head(task: Task) -> ReviewVerdict | None:
    """The review of the very head that the gate judged."""
    same = task.review is not None and task.verdict is not None and task.review.head_sha == task.verdict.head_sha
    return task.review if same else None


def refused(task: Task, repo: RepoSettings) -> ReviewVerdict | None:
    """The review that sends this head back to its author."""
    review = of_head(task)
    held = repo.review.mode is ReviewMode.REQUIRED and review is not None
    return review if held and review and review.opinion is Opinion.REQUEST_CHANGES else None


def instructions(review: ReviewVerdict) -> tuple[str, ...]:
    """What the author is to mend, a line each. Remarks go along only where nothing weightier is said."""
    weighty = [f for f in review.findings if f.severity is not Severity.NOTE]
    lines = [_line(f) for f in weighty or review.findings]
    lines += [
        f"{MARK}criterion {c.id} is not met: {c.evidence or 'nothing shows it'}" for c in review.criteria if not c.met
    ]
    return tuple(dict.fromkeys(lines))


def _line(f: ReviewFinding) -> str:
    place = f"{f.file or 'the change'}" + (f":{f.line}" if f.line else "")
    return f"{MARK}{place} {f.severity.value}: {f.text}" + (f" [{f.criterion}]" if f.criterion else "")


def _object(text: str) -> dict[str, Json]:
    """The one object. Two of them, or braces in the words around it, are none."""
    if len(text) > MOST_CHARACTERS:
        raise Unfit(f"the answer is longer than {MOST_CHARACTERS:,} characters")
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        raise Unfit("there is no JSON object in the answer" if text.strip() else "the answer is empty")
    try:
        data = json.loads(text[start : end + 1], object_pairs_hook=_once, parse_constant=_no_constant)
    except Unfit:
        raise
    except (ValueError, RecursionError) as error:
        raise Unfit(f"not exactly one JSON object: {_short(str(error))}") from None
    if not isinstance(data, dict):
        raise Unfit("not a JSON object")
    return data


def _once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise Unfit("a key stands twice in one object")
    return data


def _no_constant(name: str) -> Json:
    raise Unfit(f"{name} is no JSON")


def _items(data: dict[str, Json], key: str) -> list[dict[str, Json]]:
    value = data[key]
    if not isinstance(value, list) or len(value) > MOST_ITEMS:
        raise Unfit(f"{key} must be a list of at most {MOST_ITEMS}")
    found = [item for item in value if isinstance(item, dict)]
    if len(found) != len(value):
        raise Unfit(f"{key} must hold objects")
    return found


def _finding(item: dict[str, Json]) -> ReviewFinding:
    _exactly(item, "findings", must={"file", "severity", "text"}, may={"line", "criterion"})
    line = item.get("line", 0)
    if not isinstance(line, int) or isinstance(line, bool) or not 0 <= line <= _LAST_LINE:
        raise Unfit("findings: line must be a line's number, 0 for the file as a whole")
    words = _clean(_text(item, "text"))
    if not words:
        raise Unfit("findings: a text is empty")
    return ReviewFinding(
        file=_clean(_text(item, "file")),
        line=line,
        severity=_one_of(Severity, item, "severity"),
        text=words,
        criterion=_clean(_text(item, "criterion")) if "criterion" in item else "",
    )


def _criterion(item: dict[str, Json]) -> CriterionMet:
    _exactly(item, "criteria", must={"id", "met"}, may={"evidence"})
    met = item["met"]
    if not isinstance(met, bool):
        raise Unfit("criteria: met must be true or false")
    evidence = _clean(_text(item, "evidence")) if "evidence" in item else ""
    if met and not evidence:
        raise Unfit("criteria: met needs evidence")
    return CriterionMet(id=_text(item, "id"), met=met, evidence=evidence)


def _test(item: dict[str, Json]) -> TestReason:
    _exactly(item, "tests", must={"path", "criterion"}, may=set())
    return TestReason(path=escaped(_text(item, "path"))[:WORDS], criterion=_clean(_text(item, "criterion")))


def _exactly(item: dict[str, Json], where: str, *, must: set[str], may: set[str]) -> None:
    if must - set(item) or set(item) - must - may:
        raise Unfit(f"{where}: an entry has the keys {', '.join(sorted(must | may))}")


def _text(item: dict[str, Json], key: str) -> str:
    value = item[key]
    if not isinstance(value, str):
        raise Unfit(f"{key} must be a text")
    return value


def _one_of(kind: type[_T], item: dict[str, Json], key: str) -> _T:
    try:
        return kind(_text(item, key))  # type: ignore[call-arg]
    except Unfit:
        raise
    except ValueError:
        raise Unfit(f"{key} is none of the values given") from None


def _clean(text: str) -> str:
    """One line, nothing hidden in it."""
    return " ".join(escaped(text).split())[:WORDS]


def _short(text: str) -> str:
    return _clean(text)[:200]
