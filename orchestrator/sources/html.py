"""HTML to the text a reader sees, roughly, in time linear in its length.

The standard library's parser takes half a minute for 100 KB of `<a ` (Python 3.11), and this is fed by strangers. Here
each search either moves on to what it found or ends the page, so nothing is looked at twice. What is not closed ends
the page: text may be lost by that, never time.
"""

from __future__ import annotations

import html
import re

_UNSEEN = ("script", "style", "noscript", "template", "svg", "iframe", "object", "textarea", "select", "head")
"""Elements without text for a reader. Of the head only the title is kept."""
_LINES = frozenset((
    "address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "figcaption", "footer", "form", "h1",
    "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "td", "th",
    "title", "tr", "ul",
))  # fmt: skip
_MARK = re.compile(r"<(?=[a-zA-Z/!?])")
_NAME = re.compile(r"/?[a-zA-Z][a-zA-Z0-9-]{0,30}")
_STOP = re.compile(r"[\"'>]")


def seen(page: str) -> str:
    """Words and lines; no markup, no scripts, no comments."""
    parts: list[str] = []
    at = 0
    while mark := _MARK.search(page, at):
        parts.append(_plain(page[at : mark.start()]))
        at = _after(page, mark.start(), parts)
        if at < 0:
            break
    else:
        parts.append(_plain(page[at:]))
    lines = (" ".join(line.split()) for line in "".join(parts).splitlines())
    return "\n".join(line for line in lines if line)


def _after(page: str, tag: int, parts: list[str]) -> int:
    """Where reading goes on behind the markup that begins at `tag`; -1 = the page ends in it."""
    if page.startswith("<!--", tag):
        return _behind(page, "-->", tag + 4)
    name = _NAME.match(page, tag + 1)
    if name is None:
        return _behind(page, ">", tag + 1)
    end = _tag_end(page, name.end())
    word = name[0].lower()
    if word.lstrip("/") in _LINES:
        parts.append("\n")
    if end < 0 or word not in _UNSEEN or page.startswith("/>", end - 2):
        return end
    return _closed(page, word, end, parts)


def _closed(page: str, word: str, at: int, parts: list[str]) -> int:
    """Behind the end of an element that is not read; a title in it is."""
    close = re.compile(rf"</{word}(?=[\s/>])", re.IGNORECASE).search(page, at)
    if close is None:
        return -1
    if word == "head" and (title := re.search(r"<title>([^<]{0,500})", page[at : close.start()], re.IGNORECASE)):
        parts.append(_plain(title[1]) + "\n")
    return _behind(page, ">", close.end())


def _tag_end(page: str, at: int) -> int:
    """Behind the `>` of a tag, over those in quotes."""
    while stop := _STOP.search(page, at):
        if stop[0] == ">":
            return stop.end()
        at = _behind(page, stop[0], stop.end())
        if at < 0:
            return -1
    return -1


def _behind(page: str, mark: str, at: int) -> int:
    found = page.find(mark, at)
    return -1 if found < 0 else found + len(mark)


def _plain(text: str) -> str:
    try:
        return html.unescape(text)
    except ValueError:  # a character reference of thousands of digits
        return text
