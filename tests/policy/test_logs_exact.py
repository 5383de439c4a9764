"""Of a long log exactly these lines are kept: each side of every edge."""

from __future__ import annotations

from orchestrator.policy.logs import failing_part


def numbered(n: int, at: int, word: str = "error: here") -> str:
    """Lines of ten characters each with their line feed; one of them speaks of an error."""
    return "\n".join(word.ljust(9)[:11] if i == at else f"line {i:04}" for i in range(n))


def test_what_just_fits_is_whole_and_one_more_character_is_cut() -> None:
    log = "\n".join(f"line {i:04}" for i in range(20))
    assert failing_part(log, 200) == log
    cut = failing_part(log, 199)
    assert cut.split("\n") == ["...", *(f"line {i:04}" for i in range(1, 20))]


def test_half_is_the_end_and_half_stands_around_the_error_with_fifteen_lines_before_it() -> None:
    shown = failing_part(numbered(200, 50), 800).split("\n")
    assert shown[0] == "..."
    assert shown[1] == "line 0035"
    assert shown[16] == "error: here"
    gap = shown.index("...", 1)
    assert shown[gap - 1] == "line 0073"
    assert shown[gap + 1] == "line 0160"
    assert shown[-1] == "line 0199"


def test_from_the_very_first_line_there_is_nothing_left_out_before() -> None:
    shown = failing_part(numbered(200, 3), 400).split("\n")
    assert shown[:4] == ["line 0000", "line 0001", "line 0002", "error: here"]
    assert shown.count("...") == 1


def test_where_both_halves_meet_nothing_is_left_out_between() -> None:
    shown = failing_part(numbered(60, 40), 520).split("\n")
    assert shown[0] == "..."
    assert shown.count("...") == 1
    assert shown[1:] == numbered(60, 40).split("\n")[25:]


def test_lines_before_the_error_that_would_crowd_it_out_go_first() -> None:
    wide = ["w" * 99] * 20
    log = "\n".join([*wide, "error: here", *["n" * 9] * 200])
    shown = failing_part(log, 600).split("\n")
    assert shown[0] == "..."
    assert shown[1:3] == ["w" * 99, "error: here"]
    assert shown[3] == "n" * 9


def test_an_error_in_one_endless_line_is_shown_cut() -> None:
    log = "fine\n" * 50 + "error: " + "x" * 5000 + "\n" + "n" * 9
    shown = failing_part(log, 300).split("\n")
    assert shown[0] == "..."
    assert shown[1].startswith("error: xxx")
    assert len(shown[1]) == 290
    assert shown[2:] == ["...", "n" * 9]


def test_of_a_log_without_an_error_the_lines_that_fit_exactly_are_kept() -> None:
    log = "\n".join(f"line {i:04}" for i in range(30))
    assert failing_part(log, 50).split("\n") == ["...", *(f"line {i:04}" for i in range(25, 30))]
    assert failing_part(log, 49).split("\n") == ["...", *(f"line {i:04}" for i in range(26, 30))]
