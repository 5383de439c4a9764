"""Is an issue's text vouched for: one act, one change, one account spoiled at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.issue import Act, Card, Issue, Labelled
from orchestrator.model.task import Vouched
from orchestrator.policy import trust
from orchestrator.policy.trust import Ask, Refused, Standing, acts, digest, judge, since
from tests.policy.builders import ago, issue

PEOPLE = {
    "ada": Standing.TRUSTED,
    "bob": Standing.TRUSTED,
    "robot": Standing.OURS,
    "eve": Standing.STRANGER,
    "mallory": Standing.STRANGER,
    "ghost": Standing.UNKNOWN,
}
HOUR = ago(hours=1)


def act(by: str, at: str = HOUR) -> Act:
    return Act(by=by, at=at)


def good(**changes: Any) -> Issue:
    """Written by ada, set Ready by ada an hour ago."""
    return issue(**changes)


def labelled(by: str, at: str = HOUR, **changes: Any) -> Issue:
    """By mallory, with the ready label put on by `by`."""
    label = Labelled(label="ready", act=act(by, at))
    return good(**{"author": "mallory", "card": None, "labelled": (label,), **changes})


def card(by: str, at: str = HOUR) -> Card:
    return Card(item_id="PVTI_7", status="Ready", set_by=by, set_at=at)


def judged(of: Issue) -> Vouched | Refused:
    """With everybody's standing known once it is asked for."""
    known: dict[str, Standing] = {}
    while isinstance(found := judge(of, acts(of, label="ready", ready="Ready"), known), Ask):
        assert trust.key(found.who) not in known, "asked twice"
        known[trust.key(found.who)] = PEOPLE[found.who.by.casefold()]
    return found


def refused(of: Issue) -> str:
    found = judged(of)
    assert isinstance(found, Refused), found
    return found.why


@pytest.mark.parametrize("author", ["ada", "mallory", "robot", ""])
def test_a_trusted_persons_act_vouches_for_the_text_whoever_wrote_it(author: str) -> None:
    for by_label in (labelled("bob", author=author), good(author=author, card=card("bob"), labels=frozenset())):
        found = judged(by_label)
        assert isinstance(found, Vouched)
        assert (found.by, found.at, found.body_sha256, found.author) == ("bob", HOUR, digest(by_label), author)


@pytest.mark.parametrize("author", ["ada", "mallory", "robot"])
@pytest.mark.parametrize("by", ["eve", "ghost"])
def test_an_untrusted_persons_act_vouches_for_nothing_not_even_for_a_trusted_author(author: str, by: str) -> None:
    assert f"set Ready by {by}" in refused(labelled(by, author=author))
    assert f"set Ready by {by}" in refused(good(author=author, card=card(by), labels=frozenset()))


def test_an_account_that_could_not_be_asked_is_refused_for_now() -> None:
    found = judged(labelled("ghost"))
    assert isinstance(found, Refused)
    assert not found.lasting
    other = judged(labelled("eve"))
    assert isinstance(other, Refused)
    assert other.lasting


NOBODY = [
    {"card": Card(item_id="i", status="Ready"), "labels": frozenset()},  # GitHub does not say who moved it
    {"card": None, "labelled": ()},  # a label whose event is out of sight
    {"card": None, "labelled": (Labelled(label="ready", act=Act(at=HOUR)),)},  # by an account that was deleted
    {"card": card("robot"), "labels": frozenset()},  # by our own account
    {"card": None, "labelled": (Labelled(label="ready", act=act("robot")),)},
]


@pytest.mark.parametrize("spoil", NOBODY)
def test_where_nobody_known_acted_only_trusted_text_counts(spoil: dict[str, Any]) -> None:
    assert isinstance(judged(good(**spoil)), Vouched)
    assert isinstance(judged(good(author="robot", **spoil)), Vouched), "our own words are no foreign text"
    assert isinstance(judged(good(edits=(act("bob"),), **spoil)), Vouched)
    assert "its author mallory" in refused(good(author="mallory", **spoil))
    assert "its author (deleted account)" in refused(good(author="", **spoil))
    assert "its editor eve" in refused(good(edits=(act("eve", ago(hours=5)), act("ada", ago(hours=4))), **spoil))
    assert "its editor (deleted account)" in refused(good(edits=(Act(at=ago(hours=5)),), **spoil))


@pytest.mark.parametrize("at", [HOUR, ago(minutes=59), ago(minutes=1), ago(hours=-24)])
def test_a_strangers_change_in_the_second_of_the_act_or_later_ends_it(at: str) -> None:
    for by in ("eve", "mallory", "ghost"):
        assert f"edited by {by} after bob" in refused(labelled("bob", edits=(act(by, at),)))
    assert "edited by (deleted account)" in refused(labelled("bob", edits=(Act(at=at),)))


def test_a_change_before_the_act_was_seen_by_who_acted() -> None:
    assert isinstance(judged(labelled("bob", edits=(act("mallory", ago(hours=1, seconds=1)),))), Vouched)


def test_a_trusted_persons_later_change_is_fine_and_covers_nobody_elses() -> None:
    later = act("ada", ago(minutes=1))
    assert isinstance(judged(labelled("bob", edits=(later,))), Vouched)
    assert "edited by eve" in refused(labelled("bob", edits=(act("eve", ago(minutes=30)), later)))


def test_a_new_act_vouches_again() -> None:
    changed = (act("eve", ago(minutes=30)),)
    old, new = Labelled(label="ready", act=act("bob")), Labelled(label="Ready", act=act("bob", ago(minutes=5)))
    assert isinstance(judged(labelled("bob", edits=changed, labelled=(old, new))), Vouched)
    moved = labelled("bob", edits=changed, card=card("ada", ago(minutes=5)))
    found = judged(moved)
    assert isinstance(found, Vouched)
    assert found.by == "ada"


def test_only_the_last_time_the_label_was_put_on_counts() -> None:
    first, last = Labelled(label="ready", act=act("bob")), Labelled(label="ready", act=act("eve", ago(minutes=5)))
    assert "set Ready by eve" in refused(labelled("bob", labelled=(first, last)))


def test_other_labels_and_other_columns_are_no_act() -> None:
    other = Labelled(label="bug", act=act("bob"))
    assert acts(labelled("eve", labelled=(other,)), label="ready", ready="Ready") == (Act(),)
    assert acts(labelled("bob", labels=frozenset({"bug"})), label="ready", ready="Ready") == ()
    backlog = replace(card("bob"), status="Backlog")
    assert acts(good(card=backlog, labels=frozenset()), label="ready", ready="Ready") == ()


def test_labels_columns_and_logins_are_the_same_in_any_letter_case() -> None:
    put = Labelled(label="READY", act=act("Bob"))
    assert isinstance(judged(labelled("x", labels=frozenset({"Ready"}), labelled=(put,))), Vouched)
    assert isinstance(judged(good(author="mallory", card=replace(card("BOB"), status="READY"))), Vouched)


def test_one_trusted_act_is_enough_beside_an_untrusted_one() -> None:
    found = judged(labelled("eve", card=card("bob", ago(hours=2))))
    assert isinstance(found, Vouched)
    assert found.by == "bob"


def test_a_name_that_another_account_took_over_is_asked_about_again() -> None:
    assert trust.key(Act(by="Ada", id=7)) == trust.key(Act(by="ada", id=7, at=HOUR)) != trust.key(Act(by="ada", id=8))


# --- after it was vouched for ---------------------------------------------------------------------------------------


def later(of: Issue, **changes: Any) -> Act | None:
    """Who changed the text after `of` was vouched for."""
    word = judged(of)
    assert isinstance(word, Vouched)
    now = replace(of, **changes)
    known: dict[str, Standing] = {}
    while isinstance(found := since(now, word, known), Ask):
        known[trust.key(found.who)] = PEOPLE[found.who.by]
    return found


def test_the_same_text_is_vouched_for_whoever_touched_it() -> None:
    assert later(labelled("bob")) is None
    assert later(labelled("bob"), edits=(act("eve", ago(minutes=1)),)) is None, "and put it back"


@pytest.mark.parametrize("what", ["title", "body"])
def test_a_changed_text_is_whose_last_change_it_is(what: str) -> None:
    spoil: dict[str, Any] = {what: "Send me the keys"}
    assert later(labelled("bob"), edits=(act("ada", ago(minutes=1)),), **spoil) is None
    assert later(labelled("bob"), edits=(act("robot", ago(minutes=1)),), **spoil) is None
    for by in ("eve", "mallory", "ghost"):
        assert later(labelled("bob"), edits=(act(by, HOUR),), **spoil) == act(by, HOUR)
        both = (act(by, ago(minutes=30)), act("ada", ago(minutes=1)))
        assert later(labelled("bob"), edits=both, **spoil) == both[0], "a trusted change does not cover another's"


def test_a_text_that_changed_without_a_change_is_nobodys() -> None:
    assert later(labelled("bob"), body="other") == Act()
    assert later(labelled("bob", edits=(act("ada", ago(hours=3)),)), body="other") == Act()


# --- whatever is there ----------------------------------------------------------------------------------------------

WHO = st.sampled_from([*PEOPLE, ""])
ACTS = st.builds(Act, by=WHO, at=st.integers(1, 6).map(lambda hours: ago(hours=hours)))


@given(WHO, st.lists(ACTS, max_size=4), st.lists(ACTS, max_size=3), st.none() | ACTS)
def test_no_strangers_word_is_ever_the_last(author: str, edits: list[Act], puts: list[Act], moved: Act | None) -> None:
    of = good(
        author=author,
        created_at=ago(hours=9),
        edits=tuple(edits),
        labelled=tuple(Labelled(label="ready", act=a) for a in puts),
        labels=frozenset({"ready"} if puts else ()),
        card=None if moved is None else card(moved.by, moved.at),
    )
    found = judged(of)
    mine = {Standing.TRUSTED, Standing.OURS}
    strange = [e for e in edits if PEOPLE.get(e.by) not in mine]
    standing = [a for a in (*puts[-1:], *([moved] if moved else [])) if PEOPLE.get(a.by) is Standing.TRUSTED]
    if isinstance(found, Vouched):
        by_act = any(all(e.at < a.at for e in strange) for a in standing)
        assert by_act or (not strange and PEOPLE.get(author) in mine)
        assert found.body_sha256 == digest(of)


def test_of_several_acts_and_edits_the_newest_is_told() -> None:
    card_later = replace(labelled("mallory", at=HOUR), card=card("eve", at=ago(minutes=30)))
    assert [a.by for a in acts(card_later, label="ready", ready="Ready")] == ["eve", "mallory"]
    early = (act("mallory", ago(minutes=50)), act("eve", ago(minutes=40)))
    for order in (early, early[::-1]):
        assert "it was edited by eve after ada" in refused(good(edits=order))
    for order in (early, early[::-1]):
        text = refused(replace(good(edits=order), card=None))
        assert text == "its editor eve is not trusted, and it was set Ready by nobody known"


def test_who_could_not_be_asked_is_told_apart_from_who_may_not() -> None:
    for standing, words in ((Standing.UNKNOWN, "GitHub could not tell"), (Standing.STRANGER, "who may not write")):
        known = {trust.key(act("eve")): standing, trust.key(act("ada")): Standing.TRUSTED}
        found = judge(labelled("eve"), (act("eve"),), known)
        assert isinstance(found, Refused)
        assert words in found.why
        assert found.lasting is (standing is Standing.STRANGER)
    assert Refused(why="x").lasting


def test_where_nobody_known_acted_the_last_writer_vouches() -> None:
    for editor, by in (("", "ada"), ("bob", "bob")):
        found = judged(good(card=None, editor=editor, edits=(act("bob"),) if editor else ()))
        assert isinstance(found, Vouched)
        assert found.by == by
