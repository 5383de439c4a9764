"""The task file's text: what goes in comes out, and what YAML would twist is refused or kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.mailbox.text import MAX_BYTES, TooLarge, Unreadable, dump, load
from orchestrator.model.gate import CommandRun, Finding, Outcome, Verdict
from orchestrator.model.names import RepoName, Sha, TaskId
from orchestrator.model.result import BlockerCode, Status, Usage
from orchestrator.model.task import Attempt, AttemptKind, Criterion, Folder, Phase, Session, Task, TaskType, Vouched

ID = TaskId("demo-7")
HAND = "---\nrepo: octo/demo\ntitle: Say hello\n---\n# Goal\n\nHello.\n"

WORDS = [
    *["no", "on", "yes", "true", "null", "~", "", "2026-01-01", "1e5", "0o7", "12:30:45", ".inf", "0x1F", "1_000"],
    *["---", "...", "- a", "a: b", "a #b", " lead", "trail ", "<<", "=", "!!python"],
    "\nlead",
    "trail\n\n",
    "\ttab",
    "x" * 300,
    "word " * 90,
    "l\n  in\nl",
    "a\n---\nplace: done\n",
]

hostile = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="\n\r\t -:#'\"|>&*!%@`{}[],?~ab\x85\u2028\u200b\ufeff\x00\x1b", max_size=30),
    st.sampled_from(WORDS),
)
snapshot = st.dictionaries(
    hostile,
    st.one_of(hostile, st.booleans(), st.integers(-(10**15), 10**15), st.floats(allow_nan=False), st.lists(hostile)),
)
shas = hostile.map(Sha)
runs = st.builds(
    CommandRun, command=hostile, exit=st.none() | st.integers(-9, 255), seconds=st.floats(0, 1e6), tail=hostile
)
findings = st.lists(st.builds(Finding, check=hostile, outcome=st.sampled_from(Outcome), why=hostile), max_size=2)
verdicts = st.builds(Verdict, head_sha=shas, base_sha=shas, tree=shas, findings=findings.map(tuple), at=hostile)
criteria = st.builds(Criterion, id=hostile, text=hostile, passes=st.none() | st.booleans())


@st.composite
def attempts(draw: st.DrawFn) -> Attempt:
    return Attempt(
        n=draw(st.integers(1, 12)),
        kind=draw(st.sampled_from(AttemptKind)),
        agent=draw(hostile),
        session=Session(id=draw(hostile)),
        started=draw(hostile),
        status=draw(st.none() | st.sampled_from(Status)),
        blocker_code=draw(st.sampled_from(BlockerCode)),
        summary=draw(hostile),
        done=tuple(draw(st.lists(hostile, max_size=3))),
        verification=draw(st.none() | runs),
        head_sha=draw(st.none() | hostile.map(Sha)),
        usage=Usage(cost_usd=draw(st.none() | st.floats(0, 1e4))),
    )


@st.composite
def tasks(draw: st.DrawFn) -> Task:
    return Task(
        id=ID,
        repo=RepoName(draw(hostile)),
        issue=draw(st.none() | st.integers(0, 10**9)),
        title=draw(hostile),
        type=draw(st.sampled_from(TaskType)),
        place=draw(st.sampled_from(Folder)),
        rev=draw(st.integers(0, 10**6)),
        phase=draw(st.sampled_from(Phase)),
        depends_on=tuple(draw(st.lists(hostile, max_size=3))),
        vouched=draw(st.none() | st.builds(Vouched, by=hostile, at=hostile, body_sha256=hostile)),
        budget=draw(st.none() | st.dictionaries(st.sampled_from(["usd", "tokens"]), st.floats(0, 1e15), max_size=2)),
        criteria=tuple(draw(st.lists(criteria))),
        config_snapshot=draw(st.none() | snapshot),
        attempts=tuple(draw(st.lists(attempts(), max_size=2))),
        verdict=draw(st.none() | verdicts),
        reason=draw(hostile),
        body=draw(hostile),
    )


@settings(max_examples=150, deadline=None)
@given(tasks())
def test_what_is_written_is_read_back_unchanged(task: Task) -> None:
    assert load(dump(task)) == task


def test_a_file_by_hand_needs_a_repo_and_a_title_only() -> None:
    task = load(HAND, id=ID)
    assert (task.id, task.repo, task.title, task.place) == (ID, "octo/demo", "Say hello", Folder.INBOX)
    assert task.body == "# Goal\n\nHello.\n"


def test_words_that_yaml_takes_for_something_else_stay_words() -> None:
    text = "---\nrepo: a/b\ntitle: no\ncreated: 2026-01-01\nreason: on\nbranch: 0123\nagent: 1e3\n---\n"
    task = load(text, id=ID)
    assert (task.title, task.created, task.reason, task.branch, task.agent) == ("no", "2026-01-01", "on", "0123", "1e3")


def test_a_windows_editor_and_a_byte_order_mark_do_no_harm() -> None:
    assert load("\ufeff" + HAND.replace("\n", "\r\n"), id=ID).title == "Say hello"


def test_the_fields_people_look_for_are_always_written_and_defaults_are_not() -> None:
    text = dump(Task(id=ID, repo=RepoName("a/b"), title="t"))
    assert text == "---\nschema: 1\nid: demo-7\nrepo: a/b\ntitle: t\nplace: inbox\nrev: 0\nphase: queued\n---\n"


@pytest.mark.parametrize(
    ("text", "line", "key", "expected"),
    [
        ("", 1, "", "begin of the front matter"),
        ("repo: a/b\n", 1, "", "begin of the front matter"),
        ("---\nrepo: a/b\n", 3, "", "end of the front matter"),
        ("---\nrepo: a/b\n---\n", 2, "", "`title:`"),
        ("---\nrepo: a/b\ntitle: t\ncolour: red\n---\n", 4, "colour", "one of schema, id"),
        ("---\nrepo: a/b\ntitle: t\nissue: seven\n---\n", 4, "issue", "whole number"),
        ("---\nrepo: a/b\ntitle: t\nconflict: maybe\n---\n", 4, "conflict", "true or false"),
        ("---\nrepo: a/b\ntitle: t\nphase: flying\n---\n", 4, "phase", "one of queued"),
        ("---\nrepo: a/b\ntitle: [t]\n---\n", 3, "title", "text"),
        ("---\nrepo: a/b\ntitle: t\ndepends_on: x\n---\n", 4, "depends_on", "a list"),
        ("---\nrepo: a/b\ntitle: t\nattempts:\n- n: 1\n  kind: x\n---\n", 6, "attempts[0].kind", "attempt, correction"),
        ("---\nrepo: a/b\nrepo: c/d\ntitle: t\n---\n", 3, "", "each key once"),
        ("---\nrepo: &x a/b\ntitle: t\n---\n", 2, "repo", "no YAML anchors"),
        ("---\nrepo: a/b\ntitle: *x\n---\n", 3, "title", "no YAML aliases"),
        ("---\nrepo: a/b\ntitle: !!binary aGk=\n---\n", 3, "title", "no YAML tags"),
        ("---\nrepo: a/b\ntitle: !!python/object/apply:os.system [x]\n---\n", 3, "title", "no YAML tags"),
        ("---\nrepo: a/b\ntitle: t\nbudget: " + "[" * 3000 + "\n---\n", 4, "budget", "at most 20 levels"),
        ("---\nrepo: a/b\ntitle: 't\n---\n", 3, "", "YAML"),
        ("---\nrepo: a/b\ntitle: t\nschema: 2\n---\n", 4, "schema", "1"),
        ("---\nrepo: a/b\ntitle: t\nbody: b\n---\n", 4, "body", "below the second"),
        ("---\nid: other-1\nrepo: a/b\ntitle: t\n---\n", 2, "id", "demo-7, as the file is called"),
        ("---\nrepo: a/b\ntitle: t\nbudget: {usd: -2}\n---\n", 4, "budget.usd", "a number from 0"),
        ("---\nrepo: a/b\ntitle: t\nbudget: {euro: 2}\n---\n", 4, "budget.euro", "usd or tokens"),
        ("---\n- repo\n---\n", 2, "", "`key: value`"),
        ("---\n? [a, b]\n: c\n---\n", 2, "", "plain word as key"),
    ],
)  # fmt: skip
def test_a_refusal_names_line_key_and_what_was_expected(text: str, line: int, key: str, expected: str) -> None:
    with pytest.raises(Unreadable) as refused:
        load(text, id=ID)
    assert (refused.value.line, refused.value.key) == (line, key)
    assert expected in refused.value.expected
    assert f"line {line}" in str(refused.value)


def test_an_alias_bomb_is_refused_before_it_unfolds() -> None:
    layers = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 10))
    with pytest.raises(Unreadable, match="no YAML anchors"):
        load(f"---\nl0: &l0 lol\n{layers}---\n", id=ID)


def test_a_file_over_the_limit_is_refused() -> None:
    with pytest.raises(Unreadable, match="at most 262144 bytes"):
        load(HAND + "x" * MAX_BYTES, id=ID)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab: \n-[]{}&*!'\"|>?#%,~\t", max_size=80))
def test_any_front_matter_is_a_task_or_a_named_refusal(front: str) -> None:
    outcome: Any
    try:
        outcome = load(f"---\n{front}\n---\n", id=ID)
    except Unreadable as why:
        outcome = why
    assert isinstance(outcome, Task | Unreadable)


def test_old_attempts_are_cut_short_before_a_file_grows_too_large_to_be_read_again() -> None:
    long = tuple(Attempt(n=n, agent="a", started="s", summary="ä" * 30_000) for n in range(1, 13))
    text = dump(Task(id=ID, repo=RepoName("a/b"), title="t", attempts=long))
    task = load(text)
    assert len(text.encode()) <= MAX_BYTES
    assert task.attempts[-1] == long[-1]
    assert task.attempts[0].summary.endswith("[cut]")
    assert [a.n for a in task.attempts] == list(range(1, 13))


def test_a_body_that_cannot_fit_is_refused_at_writing() -> None:
    with pytest.raises(TooLarge):
        dump(Task(id=ID, repo=RepoName("a/b"), title="t", body="x" * MAX_BYTES))


def test_half_characters_are_replaced_so_that_the_file_can_be_written() -> None:
    task = Task(id=ID, repo=RepoName("a/b"), title="\udc80 t", body="b\udcff")
    assert load(dump(task)) == replace(task, title="\ufffd t", body="b\ufffd")
