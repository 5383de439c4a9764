"""config.yaml and the objectives, changed by a person from a form, as text, or back to an earlier version.

Nothing is written that the loader itself would refuse. What somebody changed by hand since the page was shown is never
written over: a save names the text that it began with. Secrets are never shown: a word stands for each, and where that
word comes back the secret stays.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import orchestrator
from orchestrator import agents, config, disk
from orchestrator.config import objective as objective_file
from orchestrator.model.event import Actor, Event, EventKind
from orchestrator.model.operators import Right
from orchestrator.model.settings import RepoSettings
from orchestrator.model.times import stamp
from orchestrator.operations import OrderRefused, hiding, people
from orchestrator.planning import objectives
from orchestrator.services import Services
from orchestrator.state.versions import Version, Versions
from orchestrator.yamlread import files, lines
from orchestrator.yamlread.problems import At, ConfigError, Problem, dotted

CONFIG = "config"
OBJECTIVE = "objective-"
"""And a repository's key: the name of its objective here."""
_MOST_NAMED = 12


class Invalid(OrderRefused):
    """The text cannot be used; nothing was written."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True, kw_only=True)
class SettingsFile:
    """One file as a person may see it."""

    file: str
    """`config` or `objective-<repository's key>`."""
    path: str
    title: str
    exists: bool
    text: str
    """Without its secrets; for an objective that is not there yet, a beginning."""
    hash: str
    """Names the text that a change begins with; empty: there is no file yet."""
    hidden: int
    """Places in which a secret stands."""
    problems: tuple[Problem, ...]
    """What is wrong with it as it stands."""
    versions: tuple[Version, ...]
    """What it said before, newest first."""


@dataclass(frozen=True, kw_only=True)
class Saved:
    file: str
    changed: tuple[str, ...]
    """Keys whose value is another now; empty: only words of comments, or nothing."""
    warnings: tuple[str, ...]
    hash: str
    version: int | None
    """The number under which the earlier text is kept; None: there was none, or nothing changed."""


def names(services: Services) -> tuple[str, ...]:
    """All files that can be edited."""
    return (CONFIG, *(OBJECTIVE + repo.key for repo in services.settings.repos))


def show(services: Services, file: str) -> SettingsFile:
    """Raises OrderRefused for an unknown name, and for a file that cannot be shown without its secrets."""
    path, title = _place(services, file)
    data = _read(path)
    text = _text(data) if data is not None else _beginning(file, services)
    shown, secrets = hiding.hide(services.redact, text)
    try:
        _judge(services, file, text)
        problems: tuple[Problem, ...] = ()
    except ConfigError as why:
        problems = tuple(_clean(services, p, (*secrets, *hiding.told(text))) for p in why.problems)
    return SettingsFile(
        file=file,
        path=str(path),
        title=title,
        exists=data is not None,
        text=shown,
        hash=_hash(data),
        hidden=len(secrets),
        problems=problems if data is not None else (),
        versions=_versions(services).all(file),
    )


def raw(services: Services, file: str) -> tuple[str, str]:
    """The text with its secrets, and its hash: for changes made by us, never for a page."""
    data = _read(_place(services, file)[0])
    return ("" if data is None else _text(data)), _hash(data)


def check(services: Services, file: str, text: str) -> tuple[str, ...]:
    """What the loader says of a text as a page would send it: warnings. Raises Invalid, OrderRefused."""
    data = _read(_place(services, file)[0])
    whole = hiding.back(services.redact, text, "" if data is None else _text(data))
    return _judged(services, file, whole)


def save(services: Services, file: str, text: str, *, base: str, person: str) -> Saved:
    """Writes what a page sent. `base`: the `hash` that it was shown with. Raises Invalid, OrderRefused."""
    return _save(services, file, lambda before: hiding.back(services.redact, text, before), base=base, person=person)


def save_raw(services: Services, file: str, text: str, *, base: str, person: str, why: str = "") -> Saved:
    """As `save`, for a text that was made from `raw`."""
    return _save(services, file, lambda _: text, base=base, person=person, why=why)


def undo(services: Services, file: str, *, base: str, person: str, version: int | None = None) -> Saved:
    """Puts a kept version back, by default the newest; what stands now is kept in its turn, so that undoing again
    brings it back. Raises Invalid, OrderRefused."""
    kept = _versions(services)
    n = version if version is not None else next((v.n for v in kept.all(file)), None)
    data = None if n is None else kept.read(file, n)
    if n is None or data is None:
        raise OrderRefused("no earlier version is kept" if n is None else f"version {n} is not kept any more")
    return _save(services, file, lambda _: _text(data), base=base, person=person, why=f"version {n} put back")


def _save(services: Services, file: str, make: Callable[[str], str], *, base: str, person: str, why: str = "") -> Saved:
    for right in (Right.ORDER, Right.APPROVE):  # who may change the rules may let anything through
        people.require(services, person, right)
    path, _ = _place(services, file)
    versions = _versions(services)
    with versions.changing(file):
        before = _read(path)
        if _hash(before) != base:
            raise OrderRefused(f"{path.name} was changed since it was shown here; nothing was written. Look at it anew")
        old = "" if before is None else _text(before)
        new = make(old)
        warnings = _judged(services, file, new)
        changed = _changed(old, new)
        if new.encode() == before:
            return Saved(file=file, changed=(), warnings=warnings, hash=base, version=None)
        why = why or _words(changed)
        _order(services, file, person, why, base, _hash(new.encode()))  # first: an order without a record has no effect
        at = stamp(services.now())
        kept = versions.keep(file, before, at=at, by=person, why=why) if before is not None else None
        _write(path, new.encode())
    return Saved(file=file, changed=changed, warnings=warnings, hash=_hash(new.encode()), version=kept)


def _place(services: Services, file: str) -> tuple[Path, str]:
    if file == CONFIG:
        return services.settings.config_file, "Configuration"
    repo = _repo(services, file)
    return objectives.file_of(services, repo), f"Objective of {repo.name}"


def _repo(services: Services, file: str) -> RepoSettings:
    key = file.removeprefix(OBJECTIVE)
    found = next((r for r in services.settings.repos if r.key == key), None)
    if found is None or not file.startswith(OBJECTIVE):
        raise OrderRefused(f"{file!r} is no settings file; expected one of {', '.join(names(services))}")
    return found


def _judged(services: Services, file: str, text: str) -> tuple[str, ...]:
    try:
        return _judge(services, file, text)
    except ConfigError as why:
        raise Invalid(tuple(_clean(services, p, hiding.told(text)) for p in why.problems)) from None


def _judge(services: Services, file: str, text: str) -> tuple[str, ...]:
    """The loader's own word. Raises ConfigError."""
    settings = services.settings
    path, _ = _place(services, file)
    if file != CONFIG:
        objective_file.load(path, repo=_repo(services, file).key, env=os.environ, text=text)
        return ()
    known = frozenset(agents.AGENTS)
    loaded = config.load(path, env=os.environ, root=settings.root, known_agents=known, adapters=known, text=text)
    return tuple(str(services.redact(w)) for w in loaded.warnings)


def _clean(services: Services, problem: Problem, secrets: Iterable[str]) -> Problem:
    """A message quotes what stands there; not where that is a secret, or its beginning."""
    value, expected = problem.value, problem.expected
    for secret in secrets:
        value, expected = value.replace(secret, "…"), expected.replace(secret, "…")
        value = "…" if len(value) > 8 and value.strip("'…") and value.strip("'…") in secret else value
    return Problem(
        file=problem.file,
        line=problem.line,
        key=problem.key,
        value=str(services.redact(value)),
        expected=str(services.redact(expected)),
    )


def _changed(old: str, new: str) -> tuple[str, ...]:
    before, after = _leaves(old), _leaves(new)
    return tuple(dotted(at) for at in {**before, **after} if before.get(at, _changed) != after.get(at, _changed))


def _leaves(text: str) -> dict[At, object]:
    try:
        document = lines.read(text, "text")
    except ConfigError:
        return {}
    return {at: value for at in document.lines if not isinstance(value := document.get(at), dict | list)}


def _words(changed: tuple[str, ...]) -> str:
    more = f" and {len(changed) - _MOST_NAMED} more" if len(changed) > _MOST_NAMED else ""
    return ", ".join(changed[:_MOST_NAMED]) + more if changed else "comments"


def _order(services: Services, file: str, person: str, why: str, before: str, after: str) -> None:
    repo = "" if file == CONFIG else _repo(services, file).name
    data: dict[str, object] = {"order": "settings", "file": file, "changed": why}
    actor = Actor(kind="person", id=person)
    hashes = {"before": before, "after": after}
    services.ledger.write(Event(kind=EventKind.ORDER, actor=actor, repo=repo, hashes=hashes, data=data))


def _write(path: Path, data: bytes) -> None:
    """In its place, with its rights; through a link, which stays one."""
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        mode = 0o600
    disk.replace(path, data, mode=mode)


def _read(path: Path) -> bytes | None:
    """None: there is none. Raises OrderRefused for what is no text file."""
    if not os.path.lexists(path):
        return None
    try:
        files.text(path)
        return path.read_bytes()
    except ConfigError as why:
        raise OrderRefused(str(why)) from None


def _text(data: bytes) -> str:
    return data.decode("utf-8-sig", "replace")


def _hash(data: bytes | None) -> str:
    return "" if data is None else hashlib.sha256(data).hexdigest()


def _beginning(file: str, services: Services) -> str:
    """What a first objective starts from."""
    example = Path(orchestrator.__file__).parents[1] / "example.objective.yaml"
    if file == CONFIG or not example.is_file():
        return ""
    return example.read_text("utf-8").replace("repo1", _repo(services, file).key)


def _versions(services: Services) -> Versions:
    return Versions(root=services.settings.runtime / "state")
