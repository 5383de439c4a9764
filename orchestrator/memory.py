"""What merged work taught, as one file per task, and how those files become entries of a CODEBASE.md.

A fragment is written only after its task was merged, under `root/<repo key>/<task id>.md`; nothing else is touched. One
file per task, so parallel work never conflicts; folding is a pure function of the present text, so whoever loses a race
folds again onto the winner's text and no entry is dropped. A hidden marker per entry makes folding twice the same as
once. What agents wrote is quoted as data: it cannot open a heading, a code fence, a comment or a marker of ours.
"""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from orchestrator import disk
from orchestrator.model import cutting
from orchestrator.policy.headings import headings

SECTIONS = ("Architecture", "Key Files", "Known Issues / Gotchas", "Recent Changes")
ENTRIES = 60
"""Entries of ours kept under Recent Changes; older ones go, git remembers them."""
MAX_FILES = 8
MAX_DECISIONS = 5
MAX_TEXT = 600
_WHOLE = 2
"""A text up to so many times its budget is looked through whole; of a longer one so much of its beginning."""
_NOTE = 120
"""Characters kept for saying what is left out."""
_ID = re.compile(r"[a-z0-9-]{1,80}")
_MARKER = re.compile(r"<!-- agent-os:memory=([a-z0-9-]{1,80}) -->")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)|-->", re.DOTALL)
_HIDDEN = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class UnreadableFragment(Exception):
    """A fragment's file does not hold what we write; the message names file and line. Mend or remove it."""


@dataclass(frozen=True, kw_only=True)
class Fragment:
    """What is remembered of one merged task."""

    task: str
    repo_key: str
    repo: str
    """owner/name."""
    issue: int | None = None
    pull: int | None = None
    merge_sha: str = ""
    at: str
    """UTC, ISO 8601."""
    title: str = ""
    summary: str = ""
    files: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    folded: str = ""
    """The commit whose CODEBASE.md holds it; empty while it waits."""


@dataclass(frozen=True, kw_only=True)
class Recalled:
    """The repository memory for a prompt."""

    text: str
    left_out: tuple[str, ...] = ()
    """What had no room, in words."""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """The fragments of all repositories, under one folder."""

    root: Path

    def keep(self, fragment: Fragment) -> None:
        """Remembers a merged task. Again is the same as once; a task folded already does not come back.

        Raises ValueError on a task id or repository key that is no file name of ours.
        """
        path = self._path(fragment.repo_key, fragment.task)
        if not self._folded_path(path).exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            disk.replace(path, dump(fragment).encode())

    def pending(self, repo: str) -> tuple[Fragment, ...]:
        """What waits to be folded into the repository with this key, oldest first. Raises UnreadableFragment."""
        folder = self.root / repo
        if not _ID.fullmatch(repo) or not folder.is_dir():
            return ()
        found = [_read(p) for p in sorted(folder.glob("*.md"))]
        return tuple(sorted(found, key=lambda f: (f.at, f.task)))

    def folded(self, repo: str, fragments: Iterable[Fragment], sha: str) -> None:
        """These stand in CODEBASE.md as of commit `sha`; their files move to `folded/`."""
        for fragment in fragments:
            path = self._path(repo, fragment.task)
            target = self._folded_path(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            disk.replace(target, dump(replace(fragment, folded=sha)).encode())
            path.unlink(missing_ok=True)

    def fold(self, text: str, fragments: Iterable[Fragment], *, limit: int = ENTRIES) -> str:
        """See the function `fold`."""
        return fold(text, fragments, limit=limit)

    def recall(self, repo: str, codebase_md: str, budget: int, *, visible: Callable[[str], str] = str) -> Recalled:
        """CODEBASE.md with what is not folded yet, in at most `budget` characters; what is left out is said.

        Chosen first, worked on then: of a text that is too long by itself, its beginning and a third for the newest
        entries; of the fragments the newest files that have room. `visible` takes away what nobody sees, of the chosen
        parts only. Raises UnreadableFragment for a chosen one.
        """
        if len(codebase_md) <= _WHOLE * budget:
            codebase_md, visible = visible(codebase_md), str
        long = len(codebase_md) > budget
        waiting, older = self._newest(repo, budget // 3 if long else budget)
        text = fold(codebase_md, waiting, limit=ENTRIES) if waiting and not long else codebase_md
        if len(text) <= budget and not older:
            return Recalled(text=text)
        if len(codebase_md) > budget - budget // 3:
            return _cut(codebase_md, waiting, older, budget, visible)
        text, dropped = _fitted(text, budget - _NOTE)
        return _noted(text, f"{dropped + older} older entries left out", budget)

    def _newest(self, repo: str, room: int) -> tuple[tuple[Fragment, ...], int]:
        """The newest fragments whose files fit into `room` characters, ENTRIES at most, and how many are older. Files
        are written when they come, so that their own times tell the order; those that are read are ordered by `at`."""
        folder = self.root / repo
        if not _ID.fullmatch(repo) or not folder.is_dir():
            return (), 0
        with os.scandir(folder) as found:
            files = sorted(
                ((e.stat().st_mtime_ns, len(e.name), e.name) for e in found if e.name.endswith(".md")), reverse=True
            )
        chosen: list[Fragment] = []
        for *_, name in files[:ENTRIES]:
            fragment = _read(folder / name)
            room -= len("\n".join(_entry(fragment)))
            if room < 0 and len(files) > ENTRIES:
                break
            chosen.append(fragment)
        chosen.sort(key=lambda f: (f.at, f.task))
        return tuple(chosen), len(files) - len(chosen)

    def _path(self, repo: str, task: str) -> Path:
        if not _ID.fullmatch(repo) or not _ID.fullmatch(task):
            raise ValueError(f"{repo!r} and {task!r} must be of [a-z0-9-]")
        return self.root / repo / f"{task}.md"

    def _folded_path(self, path: Path) -> Path:
        return path.parent / "folded" / path.name


def dump(fragment: Fragment) -> str:
    """Front matter for us, the entry below it for a person with cat."""
    rows = [f"{k}: {json.dumps(v, ensure_ascii=False)}" for k, v in asdict(fragment).items()]
    return "\n".join(["---", *rows, "---", "", *_entry(fragment), ""])


def parse(text: str, name: str = "fragment") -> Fragment:
    """The front matter back. Raises UnreadableFragment."""
    known = {f.name for f in fields(Fragment)}
    data: dict[str, object] = {}
    rows = text.split("\n")
    if rows[0] != "---" or "---" not in rows[1:]:
        raise UnreadableFragment(f"{name}:1: expected front matter between two lines ---")
    for n, row in enumerate(rows[1 : rows.index("---", 1)], start=2):
        key, _, value = row.partition(": ")
        try:
            data[key] = json.loads(value)
        except ValueError:
            raise UnreadableFragment(f"{name}:{n}: {key}: expected a JSON value") from None
        if isinstance(data[key], list):
            data[key] = tuple(str(v) for v in json.loads(value))
    try:
        return Fragment(**{k: v for k, v in data.items() if k in known})  # type: ignore[arg-type]
    except TypeError as error:
        raise UnreadableFragment(f"{name}: {error}") from None


def fold(text: str, fragments: Iterable[Fragment], *, limit: int = ENTRIES) -> str:
    """`text` of a CODEBASE.md with an entry per fragment under Recent Changes, newest first.

    Fragments that stand in it already change nothing. What a person wrote stays byte for byte; of our own entries the
    oldest beyond `limit` go. Without a text the four sections are made.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(newline) if text.strip() else _skeleton()
    present = set(_MARKER.findall(text)) | set(re.findall(r"^### .*?\[([a-z0-9-]+)\]", text, re.MULTILINE))
    wanted = {f.task: f for f in fragments if f.task not in present}
    if not wanted and text.strip():
        return text
    if _section(lines) is None:
        while lines and not lines[-1].strip():
            lines.pop()
        lines += ["", f"## {SECTIONS[-1]}", ""]
    start, end = _section(lines) or (len(lines), len(lines))
    first = next((n for n, level, _ in headings(lines) if start <= n < end and level == 3), None)
    at = end if first is None else first
    if first is None:
        while at > start and not lines[at - 1].strip():
            at -= 1
    new: list[str] = [] if at and not lines[at - 1].strip() else [""]
    for fragment in sorted(wanted.values(), key=lambda f: (f.at, f.task), reverse=True):
        new += [*_entry(fragment), ""]
    while first is None and at < len(lines) and not lines[at].strip():
        lines.pop(at)
    lines[at:at] = new
    ours = _entries(lines)
    for begin, stop in reversed(ours[limit:]):
        del lines[begin:stop]
    while lines and not lines[-1].strip():
        lines.pop()
    return newline.join([*lines, ""])


def clean(text: str, limit: int = MAX_TEXT) -> str:
    """Foreign words on one line, without anything that markdown or a reader of ours would act on."""
    line = _CONTROL.sub(" ", _HIDDEN.sub("", text))
    while (bare := _COMMENT.sub("", line)) != line:
        line = bare
    line = " ".join(line.replace("<", "&lt;").split())
    line = line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
    return "\\" + line if line and line[0] in "#>-+*=_~`|[\\" else line


def _skeleton() -> list[str]:
    lines = [
        "# CODEBASE.md",
        "",
        "What this repository is and what was learnt in it. Agents read it before they start.",
        "",
    ]
    for section in SECTIONS:
        lines += [f"## {section}", ""]
    return lines


def _entry(fragment: Fragment) -> list[str]:
    issue = f"#{fragment.issue} " if fragment.issue is not None else ""
    lines = [
        f"### {fragment.at[:10]} — [{fragment.task}] ({issue}{fragment.repo})",
        f"<!-- agent-os:memory={fragment.task} -->",
        clean(fragment.summary) or clean(fragment.title) or "Merged.",
    ]
    files = [f"`{clean(f, 200).replace('`', '')}`" for f in fragment.files[:MAX_FILES]]
    more = len(fragment.files) - len(files)
    if files:
        lines += ["", "Files: " + ", ".join(files) + (f" and {more} more" if more > 0 else "")]
    decisions = [d for d in (clean(d) for d in fragment.decisions) if d]
    if decisions:
        lines += ["", "Decisions:", *(f"- {d}" for d in decisions[:MAX_DECISIONS])]
    return lines


def _section(lines: list[str]) -> tuple[int, int] | None:
    """Where the lines of Recent Changes begin and end."""
    found = headings(lines)
    for i, (n, level, title) in enumerate(found):
        if level <= 2 and title.casefold() == SECTIONS[-1].casefold():
            return n + 1, next((m for m, lower, _ in found[i + 1 :] if lower <= level), len(lines))
    return None


def _entries(lines: list[str]) -> list[tuple[int, int]]:
    """Begin and end of our own entries under Recent Changes, as they stand."""
    section = _section(lines)
    if section is None:
        return []
    starts = [n for n, level, _ in headings(lines) if section[0] <= n < section[1] and level <= 3] + [section[1]]
    spans = itertools.pairwise(starts)
    return [(a, b) for a, b in spans if any(_MARKER.fullmatch(row.strip()) for row in lines[a : a + 2])]


def _fitted(text: str, budget: int) -> tuple[str, int]:
    """The text without so many of our entries, the oldest first, that it fits; and how many that were."""
    lines = text.split("\n")
    size, left_out = len(text), 0
    for begin, stop in reversed(_entries([line.rstrip("\r") for line in lines])):
        if size <= budget:
            break
        size -= sum(len(line) + 1 for line in lines[begin:stop])
        left_out += 1
        del lines[begin:stop]
    return "\n".join(lines), left_out


def _cut(text: str, waiting: Sequence[Fragment], older: int, budget: int, visible: Callable[[str], str]) -> Recalled:
    """A text that is too long by itself: its beginning, and at most a third for the newest entries."""
    room = budget // 3
    entries: list[str] = []
    for fragment in reversed(waiting):
        entry = "\n".join(_entry(fragment))
        room -= len(entry) + 2
        if room < 0:
            break
        entries.append(entry)
    older += len(waiting) - len(entries)
    start = text.rfind(f"\n## {SECTIONS[-1]}")
    recent = visible(_upto(text[start + 1 : start + 2 + budget], budget // 2)) if start >= 0 else ""
    recent = _upto(recent.partition("\n")[2].strip("\n"), max(0, room)) if start > 2 * budget // 3 else ""
    tail = "\n\n".join([f"## {SECTIONS[-1]}", *entries, *([recent] if recent else [])]) if entries or recent else ""
    body = text[: start + 1] if recent else text
    head = _upto(visible(_upto(body[: _WHOLE * budget], budget + budget // 4)), budget - len(tail) - _NOTE - 4)
    left = len(text) - len(head) - len(recent)
    said = f"cut; {older} older entries and the end left out, {left} of {len(text)} characters"
    return _noted("\n\n".join(part for part in (head, tail) if part), said, budget)


def _noted(text: str, said: str, budget: int) -> Recalled:
    return Recalled(text=f"{text.rstrip()}\n[{said}]\n"[:budget], left_out=(f"of the repository memory: {said}",))


def _upto(text: str, room: int) -> str:
    return cutting.head(text, max(0, room)).rstrip()


def _read(path: Path) -> Fragment:
    try:
        return parse(path.read_text(encoding="utf-8"), path.name)
    except UnicodeDecodeError:
        raise UnreadableFragment(f"{path.name}: expected UTF-8 text") from None
