"""What is left of a text, to the letter: what GitHub shows stays as it is written, and says where something is not."""

from __future__ import annotations

import pytest

from orchestrator.policy.hidden import LEFT_OUT, shown

EXACT = (
    ("a\r\nb\rc\n", "a\nb\nc\n"),
    ("```js title\ncode <!-- kept -->\n```\nafter <!-- gone -->", "```js\ncode <!-- kept -->\n```\nafter "),
    ("```\nxxx", "```\nxxx"),
    ("````\n```\nstill\n````\nout <!-- x -->", "````\n```\nstill\n````\nout "),
    ("~~~\na\n   ~~~\nb <!-- x -->", "~~~\na\n   ~~~\nb "),
    ("```\na\n    ```\nb <!-- kept -->\n```\nc <!-- x -->", "```\na\n    ```\nb <!-- kept -->\n```\nc "),
    ("```\n``` x\n```\n<!-- y -->z", "```\n``` x\n```\nz"),
    ("```llllllllllllllllllllllllllllllllllllllll\nx\n```", "```llllllllllllllllllllllllllllll\nx\n```"),
    ("a <b> c", "a <b> c"),
    ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
    ("x <? y\nz", "x <? y\nz"),
    ("x <? y ?> z", "x  z"),
    ("x <!DOCTYPE y> z\nw", "x  z\nw"),
    ("- <? gone ?> b", "-  b"),
    ("p <![CDATA[q]]> r <! s", "p  r <! s"),
    ("x <? one\ntwo ?>\nthree", "x \n\nthree"),
    ("x <? one\n\ntwo ?>\nthree", "x <? one\n\ntwo ?>\nthree"),
    ("x <? one <? two\nthree", "x <? one <? two\nthree"),
    ("x <![CDATA[ one\ntwo ]]> three", "x \n three"),
    ("<details>\na\n</details> b\nc", "CUT b\nc"),
    ("<details>\na\n</details x>b", "CUTb"),
    ("<details>a</details", "CUT"),
    ("one\n<details>\ntwo\n</details>\nthree\n<details>\nfour\n</details>\nfive", "one\nCUT\nthree\nCUT\nfive"),
    ("<details><details>a</details>b</details>c", "CUTc"),
    ("</details>a\n<details>b</details>c</details>", "</details>a\nCUT"),
    ("a `<details>` b\n<details>c</details>d", "a `CUT"),
    ("    <details>\na\n</details>\n", "    CUT"),
    ("q ` w\n\n<details>a</details>b", "q ` w\n\nCUTb"),
    ("```\ncode\n```\n<details>\n```\nhidden\n```\n</details>\nlast", "```\ncode\n```\nCUT"),
    ("```\n<details>\n```\na\n<details>b</details>c", "```\n<details>\n```\na\nCUT"),
    ("> ```\n> <details>\n> ```\na <details>b</details>c", "> ```\n> CUT"),
    ("<div>\n\n```\n<!-- kept -->\n```\n", "<div>\n\n```\n<!-- kept -->\n```\n"),
    ("<div>\n```\nx\n```\n", "<div>\n```\nx\n```\n"),
    ("<pre>\n```\nx\n```", "<pre>\n```\nx\n```"),
    ("![alt](u) and [t](u 'title') and [r](u)", "[image] and [t](u) and [r](u)"),
    ("`![alt](u)` and `<b x=1>` t", "`![alt](u)` and `<b x=1>` t"),
    ("a ` b `<i x=2>c", "a ` b `<i>c"),
    ("``a`` <i x=2>", "``a`` <i>"),
    ("a \\` <i x=2>` b`", "a \\` <i>` b`"),
    ("<p>\n`<i x=2>`", "<p>\n`<i>`"),
    ("`<i x=2>` one\n` two <i x=3>`", "`<i x=2>` one\n` two <i x=3>`"),
    ("<img alt='x", "CUT"),
    ("text <img alt='x", "text <img alt='x"),
    ("para\n\n<div title='x\ny", "para\n\nCUT"),
    ("a\n\n<div x='y'\n\nz", "a\n\nCUT"),
    ("&#8203;a&#x200B;b&#65;c&#x110000;d&#1114112;e&zwj;f&#x10FFFF;g", "ab&#65;c&#x110000;d&#1114112;ef&#x10FFFF;g"),
    ("<!-->a-->b", "b"),
    ("<!--->c-->d", "d"),
    ("<a href=x>y</a><br/><3", "<a>y</a><br><3"),
    ("a <http://x.y> b <me@x.y>", "a <http://x.y> b <me@x.y>"),
)
"""Text, and what is left of it; CUT stands for our own words."""


@pytest.mark.parametrize(("text", "left"), EXACT)
def test_exactly_this_is_left(text: str, left: str) -> None:
    assert shown(text) == left.replace("CUT", LEFT_OUT)


def test_what_stands_before_a_collapsed_part_and_beside_other_markup_is_cleaned_too() -> None:
    assert shown("see <img alt='x'> <details>a</details>b") == f"see <img> {LEFT_OUT}b"
    assert shown("![alt](u) [t](u 'title') <b x=1>") == "[image] [t](u) <b>"
    assert shown("\n    <details>\na</details>b") == f"\n    {LEFT_OUT}"
    assert shown(" x <details>a</details>b") == f" x {LEFT_OUT}"
    assert shown("\n<div title='x") == f"\n{LEFT_OUT}"


def test_code_is_shown_as_it_is_written_and_one_block_ends_where_the_next_begins() -> None:
    for text in ("```&#8203;x\ny\n```", "```\na\n```\n```\nb <!-- x -->\n```"):
        assert shown(text) == text


def test_each_kind_of_markup_ends_where_it_ends_and_not_before() -> None:
    assert shown("a <![CDATA[ x > y ]]> b") == "a  b"
    assert shown("a <? x > y ?> b") == "a  b"
    assert shown("a <!X y ]]> b") == "a  b"


def test_markup_that_is_not_closed_nearby_is_looked_for_a_hundred_lines_and_no_further() -> None:
    def far(lines: int) -> str:
        return shown("a <? x" + "\n." * lines + "\n?> b")

    assert "x" not in far(98)
    assert far(98).endswith("\n b")
    assert far(99).startswith("a <? x\n.")


def test_a_fence_in_html_makes_it_unsure_where_a_collapsed_part_ends() -> None:
    assert shown("<div>\n```\nx\n```\n</div>\n\n<details>\na\n</details>b").endswith(LEFT_OUT)
