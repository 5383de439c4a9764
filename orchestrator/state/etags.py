"""Answers GitHub said to keep: a conditional request that comes back "304 not modified" costs nothing of the limit.

One file per request (the hash of address, accepted type and token), so that big bodies are never rewritten together.
All of it can be deleted and comes back.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from orchestrator import disk

LARGEST = 2_000_000
"""Bytes of one body that is still kept."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    etag: str
    body: str
    link: str = ""
    """The `Link` header that came with it, for paging."""


@dataclass(frozen=True, kw_only=True)
class Etags:
    root: Path
    """runtime/state; kept in `etags/`."""
    most_bytes: int = 50_000_000

    def get(self, url: str, accept: str, token_hash: str) -> Kept | None:
        """A file that cannot be read counts as absent: the answer is only asked for again."""
        with contextlib.suppress(FileNotFoundError, ValueError, KeyError, TypeError):
            path = self._path(url, accept, token_hash)
            held = json.loads(path.read_text("utf-8"))
            os.utime(path)
            return Kept(etag=held["etag"], body=held["body"], link=held["link"])
        return None

    def put(self, url: str, accept: str, token_hash: str, kept: Kept) -> None:
        """Keeps the answer, and drops those not used for longest once `most_bytes` are passed."""
        data = json.dumps({"url": url, "etag": kept.etag, "link": kept.link, "body": kept.body}).encode()
        if len(data) > LARGEST:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        disk.replace(self._path(url, accept, token_hash), data, mode=0o600)
        self._drop_oldest()

    def _drop_oldest(self) -> None:
        with disk.locked(self.root / "etags.lock") as mine:
            if not mine:
                return
            files = []
            for path in self._folder.glob("*.json"):
                with contextlib.suppress(FileNotFoundError):
                    stat = path.stat()
                    files.append((stat.st_mtime_ns, stat.st_size, path))
            total = sum(size for _, size, _ in files)
            for _, size, path in sorted(files):
                if total <= self.most_bytes:
                    return
                path.unlink(missing_ok=True)
                total -= size

    def _path(self, url: str, accept: str, token_hash: str) -> Path:
        words = "\n".join((url, accept, token_hash))
        return self._folder / f"{hashlib.sha256(words.encode()).hexdigest()[:40]}.json"

    @property
    def _folder(self) -> Path:
        return self.root / "etags"
