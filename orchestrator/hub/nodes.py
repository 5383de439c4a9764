"""GraphQL global node ids: a prefix for the type and base64 of a MessagePack array of numbers, as GitHub's look."""

from __future__ import annotations

import base64
import binascii


def encode(prefix: str, *numbers: int) -> str:
    """The stable id of a thing, such as `I_kwDOAAAAAc4AAAAC` for issue row 2 of repository 1."""
    packed = bytes([0x91 + len(numbers), 0]) + b"".join(b"\xce" + number.to_bytes(4, "big") for number in numbers)
    return f"{prefix}_{base64.urlsafe_b64encode(packed).decode().rstrip('=')}"


def decode(node_id: str) -> tuple[str, tuple[int, ...]] | None:
    """Prefix and numbers of a node id, or None when it is none of ours."""
    prefix, _, code = node_id.partition("_")
    try:
        packed = base64.urlsafe_b64decode(code + "=" * (-len(code) % 4))
    except (binascii.Error, ValueError):
        return None
    count = len(packed) // 5
    if not prefix or len(packed) < 2 or len(packed) != 2 + 5 * count or packed[0] != 0x91 + count:
        return None
    return prefix, tuple(int.from_bytes(packed[3 + 5 * i : 7 + 5 * i], "big") for i in range(count))
