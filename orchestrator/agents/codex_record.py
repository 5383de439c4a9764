"""Codex's record of a session: what its lines do not tell.

`~/.codex/sessions/YYYY/MM/DD/rollout-<time>-<thread id>.jsonl` holds `token_count.info.total_token_usage` (of the whole
session), `token_count.rate_limits` with the times at which a subscription's windows reset, and
`task_complete.error.codex_error_info`: the failure as a code. An agent can write there. It could only lie about its own
failure and its own tokens, and what our gateway saw outweighs both; the file is read as anybody's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from orchestrator.agents.lines import Object, at, count, inner, moment, objects, of_status, tail, whole
from orchestrator.model.result import FailureClass, Usage

LAST = 400_000
"""Bytes of the record's end that are looked at: its last count stands there."""
ENTRIES = 5000
"""Files of one day that are looked through."""
LATEST = 10**14
"""Milliseconds since 1970; the year 5138."""
CODES = {
    "usage_limit_exceeded": FailureClass.QUOTA,
    "rate_limit_exceeded": FailureClass.QUOTA,
    "context_window_exceeded": FailureClass.CONTEXT_OVERFLOW,
    "unauthorized": FailureClass.AUTH,
    "model_not_found": FailureClass.MISCONFIGURED,
    "server_overloaded": FailureClass.SERVER,
    "internal_server_error": FailureClass.SERVER,
}
"""`codex_error_info` where it is a word; as an object it holds `http_status_code`."""

_THREAD = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(kw_only=True)
class Record:
    home: Path
    thread: str = ""
    """UUID of version 7 (RFC 9562): its first 48 bits are the milliseconds at which the session began."""
    _path: Path | None = None

    def total(self) -> Usage | None:
        """All tokens of the session so far."""
        counts = [inner(told, "info", "total_token_usage") for told in self._told("token_count")]
        known = [each for each in counts if each]
        return used(known[-1]) if known else None

    def why(self) -> tuple[FailureClass, str]:
        """Why the last turn failed; and where a limit was reached, when its window resets."""
        ends = self._told("task_complete")
        failure = _class(at(ends[-1], "error", "codex_error_info")) if ends else FailureClass.UNKNOWN
        return failure, self._reset() if failure is FailureClass.QUOTA else ""

    def _reset(self) -> str:
        limits = [inner(told, "rate_limits") for told in self._told("token_count")]
        windows = [inner(limits[-1], name) for name in ("primary", "secondary")] if limits else []
        full = [w for w in windows if isinstance(share := w.get("used_percent"), int | float) and share >= 100]
        return moment(max((at for w in full if (at := whole(w, "resets_at")) is not None), default=None))

    def _told(self, kind: str) -> Sequence[Object]:
        if self._path is None:
            self._path = self._find()
        text = tail(self._path, LAST) if self._path is not None else ""
        return [told for line in objects(text) if (told := inner(line, "payload")).get("type") == kind]

    def _find(self) -> Path | None:
        made = _THREAD.fullmatch(self.thread)
        if made is None or (milliseconds := int(made.group(1) + made.group(2), 16)) > LATEST:
            return None
        began = datetime.fromtimestamp(milliseconds / 1000, UTC)
        day = self.home / ".codex" / "sessions" / f"{began:%Y}" / f"{began:%m}" / f"{began:%d}"
        try:
            with os.scandir(day) as entries:
                names = [entry.name for entry in islice(entries, ENTRIES)]
        except OSError:
            return None
        ours = [name for name in names if name.startswith("rollout-") and name.endswith(f"-{self.thread}.jsonl")]
        return day / max(ours) if ours else None


def used(told: Object) -> Usage:
    """Its `input_tokens` includes what was read from the cache; `output_tokens` includes the reasoning."""
    cached = count(told, "cached_input_tokens")
    return Usage(
        input_tokens=max(0, count(told, "input_tokens") - cached),
        cached_tokens=cached,
        output_tokens=count(told, "output_tokens"),
        source="provider",
    )


def _class(info: object) -> FailureClass:
    if isinstance(info, str):
        return CODES.get(info, FailureClass.UNKNOWN)
    statuses = [whole(each, "http_status_code") for each in info.values()] if isinstance(info, dict) else []
    return of_status(next((status for status in statuses if status), None))
