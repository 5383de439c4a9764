"""Which files a program is made of: what must be readable so that it can be started.

A program found on PATH may be a link to a script in a package folder that is run by an interpreter elsewhere. Each link
of the chain, the package's own tree and the interpreter's are named; never a folder that holds more than programs (a
home, ~/.local, /opt itself).
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

WHOLE = ("/nix/store", "/gnu/store", "/home/linuxbrew/.linuxbrew", "/opt/homebrew")
"""Stores whose programs need each other."""
MANAGERS = (".pyenv", ".asdf", ".volta", ".rbenv", "mise")
"""Version managers: their shims look for the real program in the manager's own folder."""
HOPS = 20
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64")


@dataclass
class Tree:
    """Paths to read and links to make."""

    paths: dict[Path, None] = field(default_factory=dict)
    links: dict[Path, str] = field(default_factory=dict)

    def path(self, path: Path) -> None:
        if not _within(path, SYSTEM):
            self.paths[path] = None


def program(word: str, tree: Tree) -> None:
    """Adds what a program or a script needs. `word`: a path, or a name on PATH. Nothing where it is not found."""
    found = word if os.path.isabs(word) and os.path.exists(word) else shutil.which(word)
    if found is not None:
        _file(Path(os.path.abspath(found)), tree, HOPS)


def interpreter(executable: str, prefix: str, tree: Tree) -> None:
    """Our own Python, for the launcher."""
    _file(Path(executable), tree, HOPS)
    if not _within(Path(prefix), SYSTEM):
        tree.path(Path(prefix))


def _file(path: Path, tree: Tree, hops: int) -> None:
    for folder in (path, *path.parents):
        if folder.is_symlink() and hops:
            target = os.readlink(folder)
            if not _within(folder, SYSTEM):
                tree.links[folder] = target
            _tree(path, tree)
            rest = path.relative_to(folder)
            _file(Path(os.path.abspath(folder.parent / target / rest)), tree, hops - 1)
            return
    _tree(path, tree)
    if path.is_file() and hops and (word := _shebang(path)) is not None:
        found = shutil.which(word)
        if found is not None:
            _file(Path(os.path.abspath(found)), tree, hops - 1)


def _tree(path: Path, tree: Tree) -> None:
    """The smallest folder that is this program and nothing else; else the file alone."""
    if _within(path, SYSTEM):
        return
    whole = next((Path(store) for store in WHOLE if path.is_relative_to(store)), None)
    if path.parent.name == "shims" or ".volta" in path.parts:
        whole = next((p for p in path.parents if p.name in MANAGERS), whole)
    modules = [p for p in reversed(path.parents) if p.name == "node_modules"]
    environment = next((p for p in path.parents if (p / "pyvenv.cfg").is_file()), None)
    prefix = path.parent.parent if path.parent.name in ("bin", "sbin", "libexec") else None
    if whole is not None:
        tree.path(whole)
    elif modules:
        tree.path(modules[0])
    elif environment is not None and not _shared(environment):
        tree.path(environment)
    elif prefix is not None and not _shared(prefix) and _is_prefix(prefix):
        tree.path(prefix)
    elif path.is_relative_to("/opt") and len(path.parts) > 3:
        tree.path(Path(*path.parts[:3]))
    elif not path.is_symlink():
        tree.path(path)


def _is_prefix(folder: Path) -> bool:
    """An installation of a language: its libraries stand beside its bin."""
    lib = folder / "lib"
    return (
        (lib / "node_modules").is_dir()
        or any(lib.glob("python3*"))
        or any((folder / "include").glob("python3*"))
        or (lib / "rustlib").is_dir()
        or (folder / "include" / "node").is_dir()
    )


def _shared(folder: Path) -> bool:
    """Holds more than programs."""
    home = Path.home()
    return home.is_relative_to(folder) or folder in (home / ".local", home / ".config", Path("/opt"), Path("/"))


def _shebang(path: Path) -> str | None:
    """The interpreter of a script: `env`'s argument where it is started by env."""
    try:
        with path.open("rb") as file:
            first = file.readline(512)
    except OSError:
        return None
    if not first.startswith(b"#!"):
        return None
    words = first[2:].decode("utf-8", "replace").split()
    if words and Path(words[0]).name == "env":
        words = [w for w in words[1:] if not w.startswith("-") and "=" not in w]
    return words[0] if words else None


def _within(path: Path, folders: tuple[str, ...]) -> bool:
    return any(path == Path(f) or path.is_relative_to(f) for f in folders)
