"""Feedback and research to the letter: what is read, when it weighs, what a prompt and a page say of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from orchestrator.model.evidence import Entry, Point, Snapshot
from orchestrator.model.feedback import Artifact, Kept
from orchestrator.model.objective import Direction, Metric, Source
from orchestrator.model.planning import (
    FeedbackInput,
    PlanningResearch,
    Privacy,
    ProductionFeedback,
    ResearchSource,
    SignalClass,
    SourceKind,
    SourceType,
    Trust,
)
from orchestrator.policy import feedback, feedback_read, guarding
from orchestrator.policy.feedback_read import Seen
from tests.policy.builders import NOW, ago
from tests.policy.test_feedback import BLOCK, RULES, kept

OPEN = replace(BLOCK, allowed_privacy_levels=tuple(Privacy))


def entry(**changes: Any) -> Entry:
    return guarding.judge(kept(**changes), RULES, NOW)


# --- how strongly it speaks


def plain(text: str, name: str = "N", metric: str = "") -> Entry:
    return entry(name=name, metric=metric, text=text)


@pytest.mark.parametrize(
    ("text", "title", "points"),
    [
        ("coins mouse", "coin mouse", 3),
        ("cats mouse", "cat mouse", 0),
        ("glass mouse", "glas mouse", 0),
        ("glass mouse", "GLASS mouse", 3),
        ("mouse", "mouse", 0),
        ("apple mouse zebra", "apple mouse zebra", 4),
        ("apple mouse zebra tiger", "apple mouse zebra tiger", 5),
        ("apple mouse zebra tiger panda", "apple mouse zebra tiger panda", 5),
    ],
)
def test_words_in_common(text: str, title: str, points: float) -> None:
    assert feedback.weight([plain(text)], title, "")[0] == points


def test_a_metric_that_an_issue_names_needs_no_second_word() -> None:
    one = plain("zebra", metric="sign_up")
    assert feedback.weight([one], "sign", "") == (3.0, "words in common with N (sign)")
    assert feedback.weight([plain("zebra", metric="sign_form")], "sign", "") == (0.0, "no feedback speaks for it")
    assert feedback.weight([plain("zebra", metric="revenue")], "Revenue", "")[0] == 3


def test_the_twenty_four_commonest_words_of_the_first_twenty_thousand_characters_count() -> None:
    one = plain(" ".join(f"q{chr(97 + n)}" * 2 for n in range(26)))
    assert feedback.weight([one], "qwqw qxqx", "")[0] == 3
    assert feedback.weight([one], "qxqx qyqy", "")[0] == 0
    words = "\nqbqb qaqa"
    assert feedback.weight([one], "", " " * (20_000 - len(words)) + words)[0] == 3
    assert feedback.weight([one], "", " " * (20_001 - len(words)) + words)[0] == 0


@pytest.mark.parametrize(
    ("count", "points", "why"),
    [
        (1, 5, "N0 (apple, mouse, tiger)"),
        (2, 6, "N0 (apple, mouse, tiger); N1 (apple, mouse, tiger)"),
        (3, 7, "N0 (apple, mouse, tiger); N1 (apple, mouse, tiger); N2 (apple, mouse, tiger)"),
        (4, 7, "N0 (apple, mouse, tiger); N1 (apple, mouse, tiger); N2 (apple, mouse, tiger) and 1 more"),
        (5, 7, "N0 (apple, mouse, tiger); N1 (apple, mouse, tiger); N2 (apple, mouse, tiger) and 2 more"),
    ],
)
def test_each_entry_adds_a_point_and_three_are_named(count: int, points: float, why: str) -> None:
    entries = [plain("apple mouse tiger zebra", name=f"N{n}") for n in range(count)]
    assert feedback.weight(entries, "apple mouse zebra tiger", "") == (points, f"words in common with {why}")


# --- what a prompt is told

HEAD = (
    f"N (analytics; from evidence/checkout.yaml; observed {ago(hours=5)}; trust high; provenance: GA4 export)\n- Do it."
)


def told(text: str, room: int) -> str:
    return feedback.quoted([entry(name="N", metric="", text=text, implications=("Do it.",))], len(HEAD) + room)


def test_what_fits_is_told_whole_and_what_does_not_is_cut_at_a_word() -> None:
    text = " ".join(f"word{n}" for n in range(10, 30))
    quoted = f"> {text}"
    assert told(text, len(quoted) + 3) == f"{HEAD}\n{quoted}"
    left = len(quoted) - 1
    note = f"\n[{len(quoted) - left} characters and more left out]"
    cut = told(text, left + 3)
    kept_, _, said = cut.removeprefix(HEAD + "\n").partition("\n")
    assert f"\n{said}" == note
    assert quoted.startswith(kept_)
    assert kept_.endswith(tuple("0123456789"))
    assert left - len(note) - 7 <= len(kept_) <= left - len(note)
    assert told("a" * 200, 100) == f"{HEAD}\n>\n[105 characters and more left out]"
    assert told("a" * 200, 39) == f"{HEAD}\n\n[166 characters and more left out]"
    assert told(text, 20).startswith(f"{HEAD}\n")
    assert told("one\ntwo", 40) == f"{HEAD}\n> one\n> two"


def test_notes_are_told_where_there_are_any_and_every_entry_has_the_same_room() -> None:
    full = entry(trust_note="by hand", name="a\nb")
    said = feedback.quoted([full], 2_000)
    assert said.startswith("a b (analytics; metric conversion; from evidence/checkout.yaml; ")
    assert "; trust high: by hand; provenance: GA4 export)\n- conversion is 0.03.\n> Payment page" in said
    two = feedback.quoted([entry(name="N", text="x" * 5_000), entry(name="M", text="y" * 5_000)], 1_000)
    assert len(two) <= 1_000
    assert two.count("\n\n") == 1
    assert "provenance" not in feedback.quoted([entry(provenance="")], 2_000)
    assert len(feedback.quoted([entry(text="x", name="n" * 900)], 2_000).split(" (")[0]) == 300


def test_a_long_head_leaves_no_room_for_words() -> None:
    long, short = entry(name="n" * 300, text="abc", metric=""), entry(name="N", text="", metric="")
    said = feedback.quoted([long, short], 700).split("\n\n")
    assert [s.split(" (")[0] for s in said] == ["n" * 300, "[5 characters and more left out]", "N"]


# --- what is read


def of_input(seen: Seen, before: Kept | None = None, block: ProductionFeedback = OPEN, **changes: Any) -> Kept:
    good = FeedbackInput(
        name="ga4", type=SourceType.FILE, signal_class=SignalClass.ANALYTICS, path="a.yaml", trust_level=Trust.MEDIUM
    )
    return feedback_read.of_input(replace(good, **changes), seen, block, before)


def of_file(**changes: Any) -> Kept:
    before = changes.pop("before", None)
    seen = Seen(text="value: 2", snapshot=Snapshot(file="a.yaml", **changes), at=ago(hours=0))
    return of_input(seen, before)


def test_prose_implies_what_its_kind_means_and_no_more() -> None:
    one = of_input(Seen(text="Slow.", at=ago(hours=0)), signal_class=SignalClass.USER_FEEDBACK)
    assert one.implications == ("Words of users: work that answers them serves somebody who asked.",)
    assert (one.value, one.last_value, one.last_at, one.text) == (None, None, "", "Slow.")


def test_a_value_is_the_files_own_else_the_last_of_its_series() -> None:
    series = tuple(Point(value=v, start=ago(days=2), end=ago(days=1)) for v in (3.0, 1.0, 2.0))
    assert of_file(series=series).value == 2.0
    assert of_file(series=series, value=7.0).value == 7.0
    assert of_file(value=1.0, period=(ago(days=9), ago(days=2))).observed_at == ago(days=2)
    assert of_file(value=1.0, observed_at=ago(days=1), period=(ago(days=9), ago(days=2))).observed_at == ago(days=1)


def test_the_value_before_is_the_baseline_else_the_last_reading_else_that_ones_own() -> None:
    known = kept(value=4.0, observed_at=ago(days=3), last_value=8.0, last_at=ago(days=9))
    of = Point(value=5.0, start=ago(days=20), end=ago(days=13))
    assert (of_file(value=2.0).last_value, of_file(value=2.0).last_at) == (None, "")
    newer = of_file(value=2.0, observed_at=ago(days=1), before=known)
    assert (newer.last_value, newer.last_at) == (4.0, ago(days=3))
    same = of_file(value=2.0, observed_at=ago(days=3), before=known)
    assert (same.last_value, same.last_at) == (8.0, ago(days=9))
    based = of_file(value=2.0, observed_at=ago(days=1), before=known, baseline=of)
    assert (based.last_value, based.last_at) == (5.0, ago(days=20))
    assert of_file(observed_at=ago(days=1), before=known).last_value is None


METRIC = Metric(id="conversion", name="Sales", source=Source(path="c.yaml"))


def of_metric(value: float, before: float, direction: Direction = Direction.INCREASE, **changes: Any) -> Kept:
    start = changes.pop("start", "2026-11-01T00:00:00Z")
    file = Snapshot(file="c", value=value, baseline=Point(value=before, start=start, end=start), **changes)
    metric = replace(METRIC, direction=direction)
    return feedback_read.of_metric(metric, Source(path="c.yaml"), Seen(snapshot=file, at=""), OPEN, None)


@pytest.mark.parametrize(
    ("value", "before", "direction", "said"),
    [
        (3.0, 2.0, Direction.INCREASE, "3, 50.0% above its last reading (2 of 2026-11-01): better."),
        (3.0, 2.0, Direction.DECREASE, "3, 50.0% above its last reading (2 of 2026-11-01): worse, it wants work."),
        (1.0, 2.0, Direction.INCREASE, "1, 50.0% below its last reading (2 of 2026-11-01): worse, it wants work."),
        (1.0, 2.0, Direction.DECREASE, "1, 50.0% below its last reading (2 of 2026-11-01): better."),
        (-3.0, -2.0, Direction.INCREASE, "-3, 50.0% below its last reading (-2 of 2026-11-01): worse, it wants work."),
        (1.0, 0.0, Direction.INCREASE, "1, above its last reading (0 of 2026-11-01): better."),
        (2.0, 2.0, Direction.INCREASE, "2, as at its last reading of 2026-11-01."),
    ],
)
def test_a_movement_in_words(value: float, before: float, direction: Direction, said: str) -> None:
    one = of_metric(value, before, direction)
    assert one.implications[0] == f"conversion is {said}"
    assert one.implications[1] == "Figures: work that moves them is measured against them."
    assert (one.name, one.trust_note, one.counted) == ("Sales", "as the evidence file says", False)


def test_an_inputs_movement_is_no_verdict_and_is_called_by_its_name_where_it_tells_no_metric() -> None:
    of = Point(value=1.0, start="", end="")
    assert of_file(value=2.0, baseline=of).implications[0] == "ga4 is 2, 100.0% above its last reading (1)."
    assert of_file(value=2.0, baseline=of, metric="arpu").implications[0].startswith("arpu is 2")


def test_a_file_about_another_metric_or_none_at_all_is_told() -> None:
    assert of_metric(1.0, 1.0, metric="Conversion").unread == ""
    assert of_metric(1.0, 1.0, metric="churn").unread == "it tells about churn, not about conversion"
    broken = feedback_read.of_metric(METRIC, Source(url="https://a.b"), Seen(broken="no yaml", at=""), OPEN, None)
    assert (broken.unread, broken.source, broken.retry) == ("no yaml", "https://a.b", False)
    gone = Seen(broken="no yaml", unread="gone", retry=True, at="")
    away = feedback_read.of_metric(METRIC, Source(path="c"), gone, OPEN, None)
    assert (away.unread, away.retry) == ("gone", True)


def test_the_operators_word_goes_first_and_the_files_own_fills_what_it_leaves_open() -> None:
    seen = Seen(snapshot=Snapshot(file="a", provenance="the file's"), at="")
    assert [of_input(seen, provenance=p).provenance for p in ("", "ours")] == ["the file's", "ours"]
    web: dict[str, Any] = {"path": "", "url": "https://a.b/c"}
    assert (of_input(seen).source, of_input(seen, **web).source) == ("a.yaml", "https://a.b/c")
    docs = ResearchSource(name="docs", type=SourceType.WEB, kind=SourceKind.COMPETITOR, url="https://a.b/c")
    assert feedback_read.of_research(docs, seen, PlanningResearch()).source == "https://a.b/c"
    assert feedback_read.of_research(replace(docs, path="x.md", url=""), seen, PlanningResearch()).source == "x.md"


def test_what_is_too_private_is_not_kept() -> None:
    seen = Seen(text="secret", at="")
    assert of_input(seen, block=BLOCK, privacy=Privacy.RESTRICTED).text == ""
    assert of_input(seen, block=BLOCK, privacy=Privacy.INTERNAL).text == "secret"


def test_notes_are_one_line_of_three_hundred_characters() -> None:
    assert of_input(Seen(at=""), provenance="a\n b").provenance == "a b"
    assert of_input(Seen(at=""), provenance="x" * 300).provenance == "x" * 300
    assert of_input(Seen(at=""), provenance="x" * 301).provenance == "x" * 299 + "…"


NOTE = "\n[the rest is left out]"
WORDS = " ".join(["word"] * 12)


@pytest.mark.parametrize(
    ("text", "cut", "most", "found"),
    [
        ("a b c", False, 5, "a b c"),
        (" a b c \n", False, 5, "a b c"),
        ("a b c", True, 5, NOTE[:5]),
        (WORDS + " ha", True, 99, WORDS + NOTE),
        (WORDS, False, 59, WORDS),
        (WORDS, False, 58, "word word word word word word word" + NOTE),
        (WORDS, False, 57, "word word word word word word" + NOTE),
        (WORDS, False, 47, "word word word word" + NOTE),
        (WORDS, False, 46, NOTE),
        (WORDS, False, 10, NOTE[:10]),
        (f"one two three four five six\n{'s' * 40}", False, 60, "one two three four five six" + NOTE),
    ],
)
def test_a_long_text_ends_at_a_word_and_says_so(text: str, cut: bool, most: int, found: str) -> None:
    block = replace(OPEN, max_source_chars=most)
    assert of_input(Seen(text=text, cut=cut, at=""), block=block).text == found


@pytest.mark.parametrize(
    ("type", "privacy", "provenance"),
    [
        (SourceType.WEB, Privacy.PUBLIC, "read from its address"),
        (SourceType.FILE, Privacy.INTERNAL, "read from its file"),
    ],
)
def test_research_tells_where_it_was_read(type: SourceType, privacy: Privacy, provenance: str) -> None:
    source = ResearchSource(name="docs", type=type, kind=SourceKind.COMPETITOR, path="x.md")
    one = feedback_read.of_research(source, Seen(text="t", at=ago(hours=1)), PlanningResearch(max_age_hours=10))
    assert (one.privacy, one.provenance, one.trust, one.stale_after_hours) == (privacy, provenance, Trust.MEDIUM, 30)
    assert one.observed_at == ago(hours=1)


# --- when it weighs


@pytest.mark.parametrize(
    ("seconds", "fresh", "words", "guarded"),
    [
        (-3600, True, "0.0h old, stale after 72h", ()),
        (
            -3601,
            None,
            "observed later than now, 2026-11-21T12:00:00Z",
            ("freshness unknown (observed in the future)",),
        ),
        (72 * 3600, True, "72.0h old, stale after 72h", ()),
        (72 * 3600 + 1, False, "72.0h old, stale after 72h", ("stale (72.0h > 72h)",)),
    ],
)
def test_the_edges_of_freshness(seconds: float, fresh: bool | None, words: str, guarded: tuple[str, ...]) -> None:
    one = entry(observed_at=ago(seconds=seconds))
    assert (one.fresh, one.freshness, one.guarded) == (fresh, words, guarded)
    assert entry(observed_at="").freshness == "unknown, stale after 72h"


def test_as_many_weigh_as_the_configuration_says() -> None:
    two = guarding.judged([kept(), kept(), kept()], replace(RULES, most=2), NOW)
    assert [e.guarded for e in two] == [(), (), ("beyond max_inputs (2)",)]
    assert two[2].implications == ()
    research = guarding.judged([kept(), kept()], guarding.research_rules(PlanningResearch(max_sources=1)), NOW)
    assert research[1].guarded == ("beyond max_sources (1)",)


def test_the_edges_of_reading_again() -> None:
    def due(**age: float) -> bool:
        return guarding.due(Artifact(generated=ago(**age), tried=ago(), block="b"), "b", "", 5, NOW)

    assert [due(hours=5), due(seconds=5 * 3600 - 1), due(hours=-1), due(seconds=-3601)] == [True, False, False, True]
    known = Artifact(generated=ago(), tried=ago(hours=1), block="b", kept=(kept(), kept(retry=True)))
    assert guarding.retry(known, NOW)
    assert not guarding.retry(known, NOW - timedelta(seconds=1))
    assert not guarding.retry(replace(known, kept=(kept(),)), NOW)
