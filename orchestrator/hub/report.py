"""The report at the end of a push, with the hook's bare refusal replaced by GitHub's reason for it.

Format: https://git-scm.com/docs/pack-protocol#_report_status, inside the side-band-64k of the same document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping


def rewrite(answer: bytes, reasons: Mapping[str, str]) -> bytes:
    """The answer of receive-pack, `ng <ref> hook declined` lines with the reason of their ref."""
    out, status = b"", b""
    sideband = True
    for kind, data in _packets(answer):
        if kind == "flush":
            continue
        if data[:1] == b"\x01":
            status += data[1:]
        elif data[:1] in (b"\x02", b"\x03"):
            out += _packet(data)
        else:
            sideband = False
            status += _packet(data)
    lines = b"".join(_packet(_line(data, reasons)) for kind, data in _packets(status) if kind == "data") + b"0000"
    return out + (_packet(b"\x01" + lines) + b"0000" if sideband else lines)


def _line(data: bytes, reasons: Mapping[str, str]) -> bytes:
    text = data.decode("utf-8", "replace").rstrip("\n")
    word, _, rest = text.partition(" ")
    ref = rest.split(" ", 1)[0]
    return f"ng {ref} {reasons[ref]}\n".encode() if word == "ng" and ref in reasons else data


def _packets(data: bytes) -> Iterator[tuple[str, bytes]]:
    at = 0
    while at + 4 <= len(data):
        length = int(data[at : at + 4], 16)
        if length < 4:
            yield "flush", b""
            at += 4
        else:
            yield "data", data[at + 4 : at + length]
            at += length


def _packet(data: bytes) -> bytes:
    return f"{len(data) + 4:04x}".encode() + data
