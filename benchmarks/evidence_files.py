"""Hostile files for the evidence guard: each is refused at once, by both readers where both could meet it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator import evidence, sources
from orchestrator.model.objective import Source
from orchestrator.model.planning import SourceType
from orchestrator.sources import Read, Rules

Make = Callable[[Path], object]


@dataclass(frozen=True, kw_only=True)
class Refusal:
    name: str
    refused: bool
    said: str
    seconds: float
    """The slower of the readers."""
    went_on: bool
    """The honest file beside it was read right after."""


@dataclass(frozen=True, kw_only=True)
class Trap:
    name: str
    path: str = "trap_latest.yaml"
    """As a configuration names it; relative to the checkout."""
    make: Make = lambda path: None
    text: bool = False
    """Text like any other until somebody parses it: the source gives its bounded beginning, the snapshot is refused."""


def played(folder: Path, large: int) -> list[Refusal]:
    """Each trap in a checkout of its own. `large`: bytes of the large files."""
    return [_one(folder / f"{n}", trap) for n, trap in enumerate(traps(large))]


def _one(folder: Path, trap: Trap) -> Refusal:
    checkout = folder / "side" / "app"
    checkout.mkdir(parents=True)
    (folder / "side" / "secret").mkdir()
    (folder / "side" / "secret" / "theirs.yaml").write_text("metric: secret\nprovenance: SECRET\n")
    (folder / "side" / "shared").mkdir()
    (folder / "outside").mkdir()
    (folder / "outside" / "secret.yaml").write_text("metric: secret\nprovenance: SECRET\n")
    (checkout / "honest_latest.yaml").write_text("metric: m\nvalue: 3\nobserved_at: 2026-01-01T00:00:00Z\n")
    place = checkout / trap.path
    trap.make(place)
    rules = Rules(
        roots=(checkout,),
        beside=checkout.parent,
        denied=(checkout / "config.yaml",),
        start=checkout,
        env={"HOME": str(folder / "outside")},
    )
    began = time.monotonic()
    found = sources.read(Source(type=SourceType.FILE, path=trap.path), rules)
    middle = time.monotonic()
    parsed = _parsed(place) if trap.text or _both_meet_it(place, checkout) else ""
    ended = time.monotonic()
    refused = not isinstance(found, Read) or trap.text
    if isinstance(found, Read):
        refused = refused and "SECRET" not in found.text and len(found.text) <= rules.most_chars
    went_on = sources.read(Source(type=SourceType.FILE, path="honest_latest.yaml"), rules)
    return Refusal(
        name=trap.name,
        refused=refused and not parsed,
        said=f"{found} {parsed}"[:300],
        seconds=max(middle - began, ended - middle),
        went_on=isinstance(went_on, Read) and evidence.read(checkout / "honest_latest.yaml").value == 3,
    )


def _both_meet_it(place: Path, checkout: Path) -> bool:
    """False where only the source's rules say no: the other reader is given places that passed them."""
    if not os.path.lexists(place) or place.name in ("config.yaml", ".env") or place.parent.name == ".git":
        return False
    return Path(os.path.realpath(place)).is_relative_to(checkout)


def _parsed(place: Path) -> str:
    """What the reader of snapshots made of it; empty = refused."""
    try:
        return f"parsed: {evidence.read(place)}"
    except (evidence.EvidenceError, OSError):
        return ""


def traps(large: int) -> Iterator[Trap]:
    yield from _parsed_traps(large)
    yield from _kinds(large)
    yield from _ways_out()


def _parsed_traps(large: int) -> Iterator[Trap]:
    def text(name: str, words: str) -> Trap:
        return Trap(name=name, make=lambda path: path.write_text(words), text=True)

    laughs = "a0: &a0 lol\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
    yield text("yaml: billion laughs", laughs)
    yield text("yaml: merge bomb", "a: &a {x: 1}\n" + "".join(f"b{n}: {{<<: *a}}\n" for n in range(9)))
    yield text("yaml: itself", "a: &a [*a]\n")
    yield text("yaml: nested lists", "metric: " + "[" * 100_000)
    yield text("yaml: nested maps", "".join(" " * n + "a:\n" for n in range(400)))
    yield text("yaml: nested flow maps", "metric: " + "{a: " * 20_000 + "1" + "}" * 20_000)
    yield text("yaml: object tag", "metric: !!python/object/apply:os.system ['true']\n")
    yield text("yaml: two documents", "metric: m\n---\nmetric: m\n")
    yield text("yaml: no end of a string", 'metric: "' + "x" * 200_000)
    yield text("yaml: a long number", "metric: m\nobserved_at: 2026-01-01T00:00:00Z\nvalue: " + "9" * 200_000)
    yield text("yaml: not a number", "metric: m\nobserved_at: 2026-01-01T00:00:00Z\nvalue: .nan\n")
    yield text("yaml: many keys", "".join(f"k{n}: 1\n" for n in range(20_000)))
    yield text("yaml: many entries", "metric: m\nobserved_at: 2026-01-01T00:00:00Z\nseries: [" + "1," * 120_000 + "]\n")
    yield text("yaml: many maps", "metric: m\nobserved_at: 2026-01-01T00:00:00Z\nseries:\n" + "- {a: 1}\n" * 28_000)
    yield text("yaml: colons", ": " * 100_000)
    yield text("yaml: tabs and anchors", "metric: " + "&a " * 50_000)


def _kinds(large: int) -> Iterator[Trap]:
    def of(name: str, make: Make, path: str = "trap_latest.yaml") -> Trap:
        return Trap(name=name, make=make, path=path)

    line = b"# comment\n" * 100_000

    def dense(path: Path) -> None:
        with path.open("wb") as file:
            for _ in range(large // len(line) + 3):
                file.write(line)

    yield of("kind: large", dense)
    yield of("kind: large prose", dense, "trap.md")

    def sparse(path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(max(large, 100_000_000))

    def to_a_pipe(path: Path) -> None:
        os.mkfifo(path.parent / "p")
        path.symlink_to("p")

    yield of("kind: large and empty", sparse)
    yield of("kind: binary", lambda path: path.write_bytes(bytes(range(256)) * 100))
    yield of("kind: no UTF-8", lambda path: path.write_bytes(b"metric: caf\xe9\n"))
    yield of("kind: NUL", lambda path: path.write_bytes(b"metric: m\nvalue: 1\0\n"))
    yield of("kind: UTF-16", lambda path: path.write_text("metric: m\n", encoding="utf-16"))
    yield of("kind: pipe", os.mkfifo)
    yield of("kind: link to a pipe", to_a_pipe)
    yield of("kind: folder", lambda path: path.mkdir())
    yield of("kind: link to /dev/zero", lambda path: path.symlink_to("/dev/zero"))
    yield of("kind: link to a terminal", lambda path: path.symlink_to("/dev/tty"))
    yield of("kind: link to itself", lambda path: path.symlink_to(path.name))
    yield of("kind: link to nothing", lambda path: path.symlink_to("gone"))
    yield of("kind: not there", lambda path: None)


def _ways_out() -> Iterator[Trap]:
    def out(name: str, path: str, make: Make = lambda path: None) -> Trap:
        return Trap(name=f"out: {name}", path=path, make=make)

    def twice(path: Path) -> None:
        path.with_name("m").symlink_to("../../outside/secret.yaml")
        path.symlink_to("m")

    yield out("two up", "../../outside/secret.yaml")
    yield out("/etc/passwd", "/etc/passwd")
    yield out("/dev/zero", "/dev/zero")
    yield out("/proc/self/environ", "/proc/self/environ")
    yield out("home", "~/secret.yaml")
    yield out("variable", "$HOME/secret.yaml")
    yield out("unset variable", "${NO_SUCH}/secret.yaml")
    yield out("link", "l.yaml", lambda path: path.symlink_to("../../outside/secret.yaml"))
    yield out("link to a folder", "l/secret.yaml", lambda path: path.parent.symlink_to("../../outside"))
    yield out("link over a link", "l.yaml", twice)
    yield out("link beside the checkout", "l.yaml", lambda path: path.symlink_to("../secret/theirs.yaml"))
    yield out("link to a folder beside it", "l/theirs.yaml", lambda path: path.parent.symlink_to("../secret"))
    yield out("link from one folder beside it to another", "../shared/l.yaml", _to_another)
    yield out("link that stands beside it", "../l.yaml", lambda path: path.symlink_to("secret/theirs.yaml"))
    yield out("link to /proc/self/root", "l/etc/passwd", lambda path: path.parents[1].symlink_to("/proc/self/root"))
    yield out("git's configuration", ".git/config", _with_secret)
    yield out("a file with a dot", ".env", _with_secret)
    yield out("the program's configuration", "config.yaml", _with_secret)
    yield out("NUL", "honest_latest.yaml\0.txt")
    yield out("very long", "a/" * 5_000)
    yield out("nothing", "")


def _to_another(path: Path) -> None:
    path.symlink_to("../secret/theirs.yaml")


def _with_secret(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("password: SECRET\n")
