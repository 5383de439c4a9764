"""Values that their place gives away: after a name like PASSWORD, in a header, before the @ of an address.

Only the value goes, its name stays readable. Code names such things all day (`token = read()`), so a value must look
like one: see `_is_value`.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator
from typing import Any

from orchestrator.redact import linear

_NAME = (
    r"(?i:[A-Za-z0-9_.\-]*(?:token|secret|password|passwd|passphrase|pwd|api[_.\-]?key|apikey|access[_.\-]?key"
    r"|secret[_.\-]?key|private[_.\-]?key|account[_.\-]?key|shared[_.\-]?access[_.\-]?key|encryption[_.\-]?key"
    r"|signing[_.\-]?key|auth[_.\-]?key|credentials?|authtoken|connection[_.\-]?string))"
)
_PATTERN = "|".join(
    (
        # Authorization: Bearer x, also as JSON, in a curl line or a git extraheader
        r"((?i:authorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?:bearer|basic|token|digest|apikey)\s+))([^\s\"',;]{6,})",
        r"(\b(?i:bearer)\s+)([A-Za-z0-9._~+/\-]{16,}=*)",
        # scheme://user:password@host and scheme://token@host
        r"([A-Za-z][A-Za-z0-9+.\-]{0,20}://[^\s/:@\"'<>]{0,200}:)([^\s/@\"'<>]{1,500})@",
        r"([A-Za-z][A-Za-z0-9+.\-]{0,20}://)([A-Za-z0-9_.~%\-]{16,500})@",
        # name = "value", "name": "value", NAME=value
        rf"({_NAME}\\?[\"']?\s{{0,3}}(?:[:=]|=>|:=)\s{{0,3}}\\?[\"'`])([^\"'`\n\\]{{8,}})",
        rf"({_NAME}[\"']?(?:[:=]|\s{{1,3}}=|=>)\s{{0,3}})([^\s\"'`,;]{{8,}})",
        # a signed address, a netrc line, a command line
        r"([?&](?:sig|signature|X-Amz-Signature|X-Goog-Signature|access_token|key)=)([^\s&\"'<>]{16,})",
        r"(\b(?:machine\s+\S{1,200}\s+)?login\s+\S{1,200}\s+password\s+)(\S{4,})",
        r"((?i:--(?:[a-z\-]*(?:token|password|secret|api-key)))[= ])([^\s\"'`]{8,})",
    )
)
KINDS = (
    "authorization", "bearer", "url_password", "url_token", "value", "value", "signature", "password", "value", "near",
)  # fmt: skip
_NEAR = (
    r"((?i:secret|access|key|token|password|credential|aws|alibaba|aliyun)[ \t\w.\-]{0,24}[\s\"'`\\]{0,16}[=:>|?,]{1,4}"
    r"[\s\"'`=\\]{0,16})([A-Za-z0-9+/=_.\-]{24,})"
)
"""Somewhere near such a word, with whatever stands between: only for what looks drawn by chance. A pass of its own, for
it would take text from the exact ones."""
_SUM = re.compile(rb"(?i)(?:\bh1|\bsha[0-9]*|integrity|hash|digest|checksum|fingerprint)[\s\"'`:=]*$")
_WORD = re.compile(rb"[a-z]+|[A-Za-z]+|[A-Za-z_][A-Za-z_.\-]*|[\d.,]+")
_PLACEHOLDER = re.compile(rb"(?i)(.)\1*|\[redacted.*|<.*|your[_-].*|example.*|x+[-_.x]*|none|null|true|false|undefined")
_CODE = re.compile(rb".*[(\[{].*|[$%@/~.\\].*|.*\$\{.*|.*::.*|[A-Za-z_]\w*(\.[A-Za-z_]\w*)+|&.*|\*.*|https?:.*")


def clean(text: bytes) -> bytes:
    return bytes(_near().sub(_mark_near, bytes(_pattern().sub(_mark, text))))


def spans(text: bytes) -> Iterator[tuple[int, int, str]]:
    """(start, end, kind) of each value in the text, without its name."""
    for match in _pattern().finditer(text):
        which, name, value = _parts(match)
        if _is_value(which, name, value):
            yield match.start() + len(name), match.start() + len(name) + len(value), KINDS[which]
    for match in _near().finditer(text):
        if _is_near(bytes(match.group(1)), bytes(match.group(2))):
            yield match.start(2), match.end(2), "near"


def _mark_near(match: Any) -> bytes:
    name, value = bytes(match.group(1)), bytes(match.group(2))
    return name + b"[redacted:near]" if _is_near(name, value) else name + value


def _parts(match: Any) -> tuple[int, bytes, bytes]:
    """Which of the patterns it was, the name, the value."""
    groups = match.groups()
    which = next(n for n in range(len(groups) // 2) if groups[2 * n] is not None)
    return which, bytes(groups[2 * which]), bytes(groups[2 * which + 1])


def _mark(match: Any) -> bytes:
    which, name, value = _parts(match)
    whole: bytes = match.group(0)
    rest = whole[len(name) + len(value) :]
    if not _is_value(which, name, value):
        return whole
    return name + f"[redacted:{KINDS[which]}]".encode() + rest


def _is_value(which: int, name: bytes, value: bytes) -> bool:
    """Does this look like a secret, and not like code, a placeholder or a word?"""
    if value.startswith((b"[redacted", b"$", b"{{", b"%(")) or _PLACEHOLDER.fullmatch(value):
        return False
    kind = KINDS[which]
    if kind == "bearer":
        return any(48 <= c <= 57 for c in value)
    if kind == "url_token":
        return any(48 <= c <= 57 for c in value) and len(value) >= 16
    if kind != "value":
        return True
    if b" " in value or _CODE.fullmatch(value):
        return False
    if not _WORD.fullmatch(value):
        return True
    # A plain word: a secret only where nothing but one is written, PASSWORD=word or "password": "word".
    bare = name.strip().rstrip(b"\"'` :=>").rsplit(b".", 1)[-1]
    shell = bare.isupper() and name.endswith(b"=")
    quoted = name.endswith((b'"', b"'", b"`"))
    return shell or (quoted and bare.lower().strip(b"\"'\\").endswith((b"password", b"passwd", b"passphrase", b"pwd")))


def _is_near(name: bytes, value: bytes) -> bool:
    """A checksum is told by what stands before it, a secret looks drawn by chance."""
    return _SUM.search(name) is None and _drawn(value)


def _drawn(value: bytes) -> bool:
    """Capitals, small letters and digits in no order, as a generator makes them; words keep to one sort for longer."""
    sorts = [(48 <= c <= 57) + 2 * (65 <= c <= 90) + 3 * (97 <= c <= 122) for c in value[:64]]
    changes = sum(1 for a, b in itertools.pairwise(sorts) if a != b)
    return sorts.count(2) >= 3 and sorts.count(3) >= 3 and changes >= 0.38 * len(sorts)


@functools.cache
def _pattern() -> Any:
    return linear.compile(_PATTERN.encode())


@functools.cache
def _near() -> Any:
    return linear.compile(_NEAR.encode())
