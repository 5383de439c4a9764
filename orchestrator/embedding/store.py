"""Vectors on the disk: one append-only file per model, a record per text.

A record is the text's SHA-256, the numbers in half precision, and a checksum of both. What does not check is not
there: it is encoded anew. Writers append whole records under a lock, so two of them lose nothing; a tail that a dying
writer left is cut off before the next record. The file starts anew when it is not ours or has grown too large.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator import disk

MAGIC = b"agent-os vectors 1\n"
HEAD = len(MAGIC) + 4
MOST_BYTES = 128 * 1024 * 1024
"""About 160,000 texts."""
_HASH = 32
_SUM = 4
_WAIT = 10.0


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


@dataclass(frozen=True)
class Store:
    folder: Path
    model: str
    most: int = MOST_BYTES

    @property
    def path(self) -> Path:
        """A vector of one model says nothing about one of another."""
        return self.folder / f"{hashlib.sha256(self.model.encode()).hexdigest()[:24]}.bin"

    def read(self) -> dict[bytes, Any]:
        """Text hash to vector, of every record that checks. An unreadable file is an empty one."""
        import numpy as np

        try:
            data = self.path.read_bytes()
        except OSError:
            return {}
        size = _numbers(data)
        if not size:
            return {}
        step = _HASH + 2 * size + _SUM
        found: dict[bytes, Any] = {}
        for at in range(HEAD, len(data) - step + 1, step):
            record = data[at : at + step]
            if struct.unpack("<I", record[-_SUM:])[0] == zlib.crc32(record[:-_SUM]):
                found[record[:_HASH]] = np.frombuffer(record, dtype="<f2", count=size, offset=_HASH)
        return found

    def add(self, rows: Mapping[bytes, Any]) -> None:
        """Appends. A disk that is full, or a lock that is held too long, loses only the saving of time."""
        import numpy as np

        size = len(next(iter(rows.values())))
        records = []
        for key, row in rows.items():
            body = key + np.asarray(row, dtype="<f2").tobytes()
            records.append(body + struct.pack("<I", zlib.crc32(body)))
        try:
            fd = disk.lock(self.path, _WAIT)
        except OSError:
            return
        if fd is None:
            return
        try:
            self._append(fd, size, b"".join(records))
        except OSError:
            return
        finally:
            os.close(fd)

    def _append(self, fd: int, size: int, data: bytes) -> None:
        """Cuts off a torn tail, or everything when it is not of this form, then writes."""
        length = os.fstat(fd).st_size
        step = _HASH + 2 * size + _SUM
        if _numbers(os.pread(fd, HEAD, 0)) != size or length + len(data) > self.most:
            os.ftruncate(fd, 0)
            data = MAGIC + struct.pack("<I", size) + data
            length = 0
        else:
            length -= (length - HEAD) % step
            os.ftruncate(fd, length)
        os.lseek(fd, length, os.SEEK_SET)
        disk.write_all(fd, data)


def _numbers(head: bytes) -> int:
    """How many numbers a vector of this file has; 0 = not our file."""
    if len(head) < HEAD or not head.startswith(MAGIC):
        return 0
    size: int = struct.unpack("<I", head[len(MAGIC) : HEAD])[0]
    return size if 0 < size <= 8192 else 0
