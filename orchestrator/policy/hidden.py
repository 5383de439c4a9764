"""What GitHub does not show of a text: comments, collapsed parts, attributes, alt texts, link titles, definitions.

A person vouches for what they saw, so an agent must not be told more. Where this reading and GitHub's could differ,
more is taken away, never less: code is believed to be code only where nothing stands around it that could make it
something else. Walks line by line and by google-re2: hostile text takes linear time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any

# Zero-width, bidirectional and other controls, tag characters, variation selectors (which can carry any bytes).
INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
LEFT_OUT = "[a part that GitHub does not show was left out]"
_OPENER = re.compile(r"<!--|<\?|<!\[CDATA\[|<![A-Za-z]")
_CLOSER = {"<!--": "-->", "<?": "?>", "<![": "]]>"}
_COLLAPSED = re.compile(r"<(/?)(?:details|picture)\b", re.IGNORECASE)
_RAW = re.compile(r"<(?:pre|script|style|textarea|template|title|iframe|noscript|xmp|plaintext)\b", re.IGNORECASE)
_FENCE = re.compile(r"(?P<mark>`{3,}(?=[^`]*$)|~{3,})(?P<info>.*)$")
_BLOCK_OF_HTML = re.compile(r"[ \t>*+-]*(?:\d{1,9}[.)][ \t]+)?<[A-Za-z/!?]")
_ENTITY = re.compile(r"&#(?:[xX]([0-9A-Fa-f]{1,6})|([0-9]{1,7}));")
_NAMES = re.compile(r"&(?:shy|zwj|zwnj|lrm|rlm|ZeroWidthSpace|NoBreak|InvisibleTimes|InvisibleComma|af|it|ic);")

_ELEMENTS = r"""(?is)
(?P<image>!\[(?:[^\[\]]|\[[^\[\]]*\])*\](?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\[\]]*\])?)
|(?P<tag><(?P<name>/?[a-z][a-z0-9-]*)(?:[\s/](?:[^>"']|"[^"]*"|'[^']*')*)?>)
|(?P<bad><(?P<badname>/?[a-z][a-z0-9-]*)(?:[\s/][^>]*)?>)
|(?P<link>\]\(\s*(?P<url><[^<>\n]*>|[^\s()<>]*)\s+(?:"[^"]*"|'[^']*'|\([^()]*\))\s*\))
""".replace("\n", "")
_DEFINITION = (
    r"(?m)^[ \t>]*(?:[*+-][ \t]+)?\[(?:[^\[\]\\]|\\.)+\]:\s*(?:<[^<>\n]*>|\S+)?[ \t]*"
    r"(?:\n?[ \t>]*(?:\"[^\"]*\"|'[^']*'|\([^()]*\))[ \t]*)?$|^[ \t>]*\[\^[^\[\]\n]+\]:[^\n]*$"
)
_OPEN_TAG = r"(?s)<[A-Za-z][A-Za-z0-9-]*(?:[\s/][^>]*)?$"


@dataclass(kw_only=True)
class _Read:
    """A text in pieces: code, which is shown as it is written, and everything else."""

    pieces: list[tuple[bool, str]] = field(default_factory=list)
    odd: bool = False
    """Something stands in it that makes it unsure where a collapsed part ends."""

    def add(self, code: bool, text: str) -> None:
        if self.pieces and self.pieces[-1][0] == code:
            self.pieces[-1] = (code, self.pieces[-1][1] + text)
        else:
            self.pieces.append((code, text))


def shown(text: str) -> str:
    """What a person sees of a text in GitHub's markdown, as far as we know how it is shown."""
    read = _Reader(INVISIBLE.sub("", text)).read()
    return "".join(piece if code else _markup(piece) for code, piece in _unfolded(read))


class _Reader:
    def __init__(self, text: str) -> None:
        self.lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self.believes = _RAW.search(text) is None
        self.blank_after = self._blanks()
        self.out = _Read()
        self.fence = ""
        self.closer = ""
        self.absent = (-1, "")
        """The line from which on this closer does not come before the next blank one."""
        self.html = False
        """A line since the last blank one may have opened a block of HTML, in which a fence is no fence."""

    def _blanks(self) -> list[int]:
        """For each line, the first blank line at or after it."""
        found, blank = [0] * len(self.lines), len(self.lines)
        for n in range(len(self.lines) - 1, -1, -1):
            blank = n if not self.lines[n].strip() else blank
            found[n] = blank
        return found

    def read(self) -> _Read:
        for n, line in enumerate(self.lines):
            end = "\n" if n < len(self.lines) - 1 else ""
            if self.fence:
                self._code(line, end)
            elif not self.closer and (opened := self._opens(line)):
                self.fence = opened["mark"]
                self.out.add(True, f"{self.fence}{(opened['info'].split() or [''])[0][:30]}{end}")
            else:
                self.out.add(False, self._text(n, line) + end)
        return self.out

    def _code(self, line: str, end: str) -> None:
        self.out.odd = self.out.odd or _COLLAPSED.search(line) is not None
        self.out.add(True, line + end)
        bare = line.strip(" ")
        if len(line) - len(line.lstrip(" ")) <= 3 and bare and not bare.strip(self.fence[0]):
            self.fence = "" if len(bare) >= len(self.fence) else self.fence
            self.html = False

    def _opens(self, line: str) -> re.Match[str] | None:
        found = _FENCE.match(line)
        if found is None:
            # A fence inside of a list or a quotation ends with it, which nobody counts here.
            self.out.odd = self.out.odd or "```" in line or "~~~" in line
            return None
        if self.html or not self.believes:
            self.out.odd = True
            return None
        return found

    def _text(self, n: int, line: str) -> str:
        kept, at = "", 0
        if not line.strip():
            self.html = False
        while True:
            if self.closer:
                end = line.find(self.closer, at)
                if end < 0:
                    return kept
                at, self.closer = end + len(self.closer), ""
            found = _OPENER.search(line, at)
            if found is None:
                break
            kept += line[at : found.start()]
            closer = _CLOSER.get(found[0][:3], _CLOSER.get(found[0][:2], ">")) if found[0] != "<!--" else "-->"
            if self._literal(n, line, found, closer):
                kept, at = kept + found[0], found.end()
                continue
            self.closer, at = closer, found.end()
        kept += line[at:]
        self.html = self.html or _BLOCK_OF_HTML.match(line) is not None
        return kept

    def _literal(self, n: int, line: str, found: re.Match[str], closer: str) -> bool:
        """In the middle of a line, what is not closed in its paragraph is no markup. A comment is taken away anyway."""
        if closer == "-->" or not line[: found.start()].strip(" \t>*+-"):
            return False
        if (n, closer) == self.absent:
            return True
        paragraph = self.lines[n + 1 : min(self.blank_after[n], n + 100)]
        if line.find(closer, found.end()) >= 0 or any(closer in later for later in paragraph):
            return False
        self.absent = (n, closer)
        return True


def _unfolded(read: _Read) -> list[tuple[bool, str]]:
    """Without the collapsed parts. Where it is unsure where they end, the first takes all that follows."""
    kept: list[tuple[bool, str]] = []
    depth = 0
    tokens = [m[1] for code, piece in read.pieces if not code for m in _COLLAPSED.finditer(piece)]
    unsure = read.odd or tokens.count("") != tokens.count("/")
    for code, piece in read.pieces:
        if code:
            if not depth:
                kept.append((True, piece))
            continue
        at = 0
        for token in _COLLAPSED.finditer(piece):
            unsure = unsure or not _plain(piece, token.start())
            if unsure and depth:
                return kept
            if token[1]:
                if depth == 1:
                    end = piece.find(">", token.end())
                    at = len(piece) if end < 0 else end + 1
                depth = max(0, depth - 1)
            else:
                if depth == 0:
                    kept.append((False, piece[at : token.start()] + LEFT_OUT))
                depth += 1
        if unsure and depth:
            return kept
        if not depth:
            kept.append((False, piece[at:]))
    return kept


def _plain(piece: str, at: int) -> bool:
    """Can what stands here not be code: neither by indentation nor between backticks that began in its paragraph?"""
    line = piece.rfind("\n", 0, at) + 1
    paragraph = piece.rfind("\n\n", 0, at) + 1
    return piece[line : line + 1] not in (" ", "\t") and "`" not in piece[paragraph:at]


def _markup(text: str) -> str:
    """Text that is no code, paragraph by paragraph: what stands in tags, images, link titles and definitions."""
    parts: list[str] = []
    for paragraph in re.split(r"(\n[ \t]*\n)", text):
        clean = _elements(_compiled(_DEFINITION).sub("", paragraph))
        cut = _compiled(_OPEN_TAG).search(clean)
        if cut is not None and _BLOCK_OF_HTML.match(clean[clean.rfind("\n", 0, cut.start()) + 1 :]):
            # A tag that never ends takes what follows into its attribute.
            return _entities("".join([*parts, clean[: cut.start()], LEFT_OUT]))
        parts.append(clean)
    return _entities("".join(parts))


def _elements(paragraph: str) -> str:
    if not any(mark in paragraph for mark in ("<", "![", "](")):
        return paragraph
    spans = "`" in paragraph and _plain_spans(paragraph)
    pattern = _compiled(("(?is)(?P<code>`[^`\n]+`)|" + _ELEMENTS[5:]) if spans else _ELEMENTS)
    return str(pattern.sub(_replaced, paragraph))


def _plain_spans(paragraph: str) -> bool:
    """Are its backticks paired within each line, so that what stands between two of them is code for sure?"""
    if "``" in paragraph or "\\`" in paragraph or any(_BLOCK_OF_HTML.match(x) for x in paragraph.split("\n")):
        return False
    return all(line.count("`") % 2 == 0 for line in paragraph.split("\n"))


def _replaced(found: Any) -> str:
    told = found.groupdict()
    if told.get("code") is not None:
        return str(found.group(0))
    if told["image"] is not None:
        return "[image]"
    if told["link"] is not None:
        return f"]({told['url']})"
    return f"<{told['name'] or told['badname']}>"


def _entities(text: str) -> str:
    def gone(found: re.Match[str]) -> str:
        code = int(found[1], 16) if found[1] else int(found[2])
        return "" if code < 0x110000 and INVISIBLE.match(chr(code)) else found[0]

    return _NAMES.sub("", _ENTITY.sub(gone, text))


@cache
def _compiled(pattern: str) -> Any:
    import re2

    return re2.compile(pattern)
