"""A diff in parts, exactly."""

from __future__ import annotations

import pytest

from orchestrator.policy.patches import Part, Piece, escaped, files, parts


def piece(path: str, size: int, *, test: bool = False) -> Piece:
    return Piece(path=path, text="x" * size, test=test)


def shape(found: tuple[Part, ...]) -> list[list[tuple[str, int]]]:
    return [[(p.path, len(p.text)) for p in part.pieces] for part in found]


def test_tests_go_first_and_as_many_at_once_as_there_is_room_for() -> None:
    some = [piece("a", 40), piece("b", 60), piece("t", 50, test=True), piece("c", 50), piece("d", 1)]
    assert shape(parts(some, limit=100)) == [[("t", 50), ("a", 40)], [("b", 60)], [("c", 50), ("d", 1)]]
    assert shape(parts([piece("a", 50), piece("b", 50)], limit=100)) == [[("a", 50), ("b", 50)]]
    assert shape(parts([piece("a", 50), piece("b", 51)], limit=100)) == [[("a", 50)], [("b", 51)]]
    assert shape(parts([piece("a", 100)], limit=100)) == [[("a", 100)]]
    assert parts([], limit=100) == ()


def texts(text: str, limit: int) -> list[str]:
    return [p.text for part in parts([Piece(path="a", text=text, test=True)], limit=limit) for p in part.pieces]


def test_a_long_file_is_cut_between_its_hunks_each_under_the_files_head() -> None:
    hunks = [f"@@ {n}\n" + "+" * 26 for n in range(4)]
    text = "\n".join(["head", *hunks])
    twos = ["\n".join(["head", *hunks[:2]]), "\n".join(["head", *hunks[2:]])]
    assert texts(text, 70) == texts(text, 68) == twos
    assert texts(text, 67) == [f"head\n{hunk}" for hunk in hunks]


def test_a_long_hunk_is_cut_between_its_lines_and_a_long_line_where_it_has_to_be() -> None:
    assert texts("head\n@@ 1\n" + "\n".join(["+" * 9] * 4), 24) == [
        "head\n@@ 1\n+++++++++", "head\n+++++++++\n+++++++++", "head\n+++++++++",
    ]  # fmt: skip
    assert texts("head\n@@ 1\n" + "+" * 40, 24) == ["head\n@@ 1", "head\n" + "+" * 19, "head\n" + "+" * 19, "head\n++"]
    assert texts("head\n@@ 1\n\n\n" + "+" * 19, 24) == ["head\n@@ 1\n\n", "head\n" + "+" * 19]


def test_a_files_head_takes_a_quarter_at_most_and_without_a_hunk_the_text_is_cut() -> None:
    assert texts("h" * 30 + "\n@@ 1\n" + "+" * 8, 40) == ["h" * 10 + "\n@@ 1\n" + "+" * 8]
    assert texts("h" * 50, 40) == ["h" * 10 + "\n" + "h" * 29, "h" * 10 + "\n" + "h" * 21]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\ue000\u115f\ufe00\ufe0f", "<U+E000><U+115F><U+FE00><U+FE0F>"),
        ("\U000e0100\U000e01ef", "<U+E0100><U+E01EF>"),
        ("\u180b\u180f\u2800", "<U+180B><U+180F><U+2800>"),
        (" ~\n\té", " ~\n\té"),
        ("\x7f\x1f", "<U+007F><U+001F>"),
        ("\ud800", "<U+D800>"),
        ("\u2028\u2029", "<U+2028><U+2029>"),
    ],
)
def test_the_first_and_last_of_what_is_written_out(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_names_of_one_letter_and_an_empty_patch() -> None:
    (one,) = files("diff --git a/x b/x\nnew file mode 100644\n")
    assert one.path == "x"
    assert files("") == ()


def test_sixty_thousand_characters_are_shown_at_once() -> None:
    assert len(parts([piece("a", 30_000), piece("b", 30_000)])) == 1
    assert len(parts([piece("a", 30_000), piece("b", 30_001)])) == 2
    assert not Piece(path="a", text="x").test
    (part,) = parts([piece("a", 1), piece("t", 1, test=True)])
    assert ([p.path for p in part.tests], [p.path for p in part.files]) == (["t"], ["a"])
