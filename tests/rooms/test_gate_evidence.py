"""What the gate is told about files, gathered from real git objects: exact, bounded, and not to be talked around."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from orchestrator import gate
from orchestrator.gate.base import TEXTS
from orchestrator.model.gate import Evidence, FileText, Outcome
from orchestrator.pipeline import evidence
from orchestrator.redact import Redactor
from orchestrator.services import Services
from tests.policy.builders import task
from tests.rooms.gitting import FILES, World, make_world, sh

TOKEN = "ghp_" + "Zq8LmT2vXc9RbNw4KdYs7HfGj3PaUe5Q1o6W"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path, {**FILES, "long.txt": "".join(f"{n}\n" for n in range(1000)), "bin.dat": "x"})


def gathered(world: World, change: Callable[[Path], object]) -> dict[str, FileText]:
    """The texts of what `change` does to the workspace."""
    return {f.path: f for f in _texts(world, change)}


def _texts(world: World, change: Callable[[Path], object]) -> tuple[FileText, ...]:
    change(world.opened())
    base, tree = world.repo.head("trunk"), world.repo.snapshot("web-1").tree
    assert base is not None
    return evidence.texts(world.repo, base, tree, world.repo.changes(base, tree))


@dataclass
class Known:
    """Of the services only the redactor is used."""

    redact: Redactor = field(default_factory=Redactor)


def services(*known: str) -> Services:
    return cast(Services, Known(redact=Redactor(known=known)))


def test_added_lines_have_the_numbers_of_the_new_file_and_moved_lines_are_not_new(world: World) -> None:
    def change(folder: Path) -> None:
        lines = (folder / "long.txt").read_text().splitlines(keepends=True)
        (folder / "long.txt").write_text("".join([*lines[500:], "new\r\n", *lines[:500], "0\n"]))
        (folder / "README.md").unlink()
        (folder / "src/b.py").write_text("one\ntwo")

    files = gathered(world, change)
    assert files["long.txt"].added == ((501, "new"), (1002, "0"))
    assert files["src/b.py"].added == ((1, "one"), (2, "two"))
    assert files["src/b.py"].before is None
    assert (files["README.md"].before, files["README.md"].after) == ("hello\n", None)


def test_what_is_binary_is_decided_by_its_bytes_and_not_by_git_attributes(world: World) -> None:
    def change(folder: Path) -> None:
        (folder / ".gitattributes").write_text("*.py binary\n*.dat text diff\n")
        (folder / "src/a.py").write_text("print(2)\n")
        (folder / "bin.dat").write_bytes(b"a\0b\n")
        (folder / "utf16.txt").write_bytes("hidden".encode("utf-16"))
        (folder / "junk").write_bytes(b"\xff\xfe\x01\x02\x80")
        (folder / "latin.txt").write_bytes("gr\u00fc\u00df\n".encode("latin-1"))

    files = gathered(world, change)
    assert files["src/a.py"].added == ((1, "print(2)"),)
    assert {p for p, f in files.items() if f.binary} == {"bin.dat", "utf16.txt", "junk"}
    assert files["latin.txt"].added == ((1, "gr\ufffd\ufffd"),)


def test_names_with_line_feeds_quotes_and_broken_bytes_are_read(world: World) -> None:
    names = [b"a\nb.py", b'"q".py', b"\xff\xfe.py", b"-n", b"tab\t.py", b" "]

    def change(folder: Path) -> None:
        for name in names:
            Path(bytes(folder).decode(), name.decode("utf-8", "surrogateescape")).write_text("x\n")

    files = gathered(world, change)
    assert {p.encode("utf-8", "surrogateescape") for p in files} == set(names)
    assert all(f.after == "x\n" for f in files.values())


def test_too_much_text_is_unread_and_says_so_instead_of_being_cut(world: World) -> None:
    def change(folder: Path) -> None:
        (folder / "line.txt").write_text("x" * 5_000_000)
        (folder / "blob.bin").write_bytes(b"\0" * 5_000_000)
        (folder / "huge.bin").write_bytes(b"\0" * (17 << 20))
        (folder / "lines.txt").write_text("\n" * 300_000)
        (folder / "fine.txt").write_text("y\n" * 100_000)

    files = gathered(world, change)
    assert {p for p, f in files.items() if f.unread} == {"line.txt", "huge.bin", "lines.txt"}
    assert files["blob.bin"].binary
    assert len(files["fine.txt"].added) == 100_000
    assert files["line.txt"].after is None


def test_of_a_change_with_too_much_text_in_all_the_rest_is_unread(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "TOTAL", 1000)

    def change(folder: Path) -> None:
        for n in range(5):
            (folder / f"f{n}.txt").write_text("z" * 600)

    files = gathered(world, change)
    assert [p for p, f in sorted(files.items()) if f.unread] == ["f2.txt", "f3.txt", "f4.txt"]


def test_a_link_is_its_target(world: World) -> None:
    files = gathered(world, lambda folder: (folder / "link").symlink_to("README.md"))
    assert files["link"].after == "README.md"


def test_a_repository_inside_of_the_repository_is_no_text(world: World) -> None:
    base = world.repo.head("trunk")
    assert base is not None
    sh(world.person, "update-index", "--add", "--cacheinfo", f"160000,{'d' * 40},vendor/lib")
    sh(world.person, "commit", "-q", "-m", "a submodule")
    sh(world.person, "push", "-q", "origin", "HEAD:refs/heads/sub")
    world.repo.fetch()
    head = world.repo.head("sub")
    assert head is not None
    for old, new in ((base, head), (head, base)):
        (file,) = evidence.texts(world.repo, old, new, world.repo.changes(old, new))
        assert (file.path, file.before, file.after, file.unread) == ("vendor/lib", None, None, "")


def test_an_unread_file_is_refused_by_the_gate(world: World) -> None:
    files = _texts(world, lambda folder: (folder / "line.txt").write_text("x" * 3_000_000))
    base, tree = world.repo.head("trunk"), world.repo.snapshot("web-1").tree
    assert base is not None
    asked = Evidence(
        result=None, base=base, tree=tree, changes=world.repo.changes(base, tree), files=files, secrets=(), strangers=()
    )
    outcomes = {f.check: f.outcome for f in gate.examine_stage(asked, TEXTS)}
    assert outcomes["readable"] is Outcome.FAIL
    assert outcomes["secrets"] is Outcome.CANNOT_TELL


def test_secrets_are_found_in_added_lines_and_in_names_and_never_repeated(world: World) -> None:
    def change(folder: Path) -> None:
        (folder / "src/a.py").write_text(f"print(1)\n\nkey = '{TOKEN}'\nown = 'correct horse'\n")
        (folder / f"{TOKEN}.txt").write_text("harmless\n")
        (folder / "split.py").write_text(f"x = '{TOKEN[:10]}\u200b{TOKEN[10:]}'\n")

    hits = evidence.secrets(services("correct horse"), _texts(world, change))
    assert sorted((h.path, h.line) for h in hits if h.path.startswith("s")) == [
        ("split.py", 1), ("src/a.py", 3), ("src/a.py", 4),
    ]  # fmt: skip
    assert [h.line for h in hits if h.path.startswith("ghp_")] == [0]
    assert not any(TOKEN in h.kind for h in hits)


def test_a_secret_that_stood_there_before_is_not_the_changes(world: World) -> None:
    world.push_by_person("trunk", "src/a.py", f"k = '{TOKEN}'\n")
    world.repo.fetch()
    files = _texts(world, lambda folder: (folder / "src/a.py").write_text(f"# moved\n\nk = '{TOKEN}'\n"))
    assert evidence.secrets(services(), files) == ()


def test_a_private_key_of_many_lines_is_found(world: World) -> None:
    body = "\n".join(
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"[n:] + "Qw3Zx9"[:n] for n in range(6)
    )
    key = f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"
    files = _texts(world, lambda folder: (folder / "key.pem").write_text(key))
    assert [h.path for h in evidence.secrets(services(), files)][:1] == ["key.pem"]


def test_twice_as_many_secrets_take_about_twice_as_long(world: World) -> None:
    """A hostile text holds tens of thousands; comparing each with each would take minutes."""

    def seconds(count: int) -> float:
        lines = [f"password = '{TOKEN[4:30]}{n}'\nk = '{TOKEN}{n}'" for n in range(count)]
        text = "\n".join(lines) + "\n"
        begun = time.process_time()
        hits = evidence.secrets(services(), (FileText(path="a", after=text, added=evidence.added(None, text)),))
        assert len(hits) >= 2 * count
        return time.process_time() - begun

    assert seconds(8000) < 20 * max(seconds(1000), 0.02)


def test_commits_by_someone_else_on_the_branch_are_named_and_ours_are_not(world: World) -> None:
    (world.opened() / "new.txt").write_text("x\n")
    ours = world.candidate()
    base = world.repo.head("trunk")
    mine = task(base_sha=base)
    assert evidence.strangers(world.repo, mine, ours) == ()
    theirs = world.push_by_person("agent/web-1", "more.txt", "y\n")
    world.repo.fetch()
    found = evidence.strangers(world.repo, mine, theirs)
    assert found == (f"{theirs[:12]} Pat <pat@example.org>",)
    assert sh(world.person, "log", "-1", "--format=%an") == "Pat"
