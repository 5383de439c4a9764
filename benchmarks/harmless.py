"""Lines that hold no secret: drawn ones of the sorts that look most like one, and the lines of this very house."""

from __future__ import annotations

import base64
import random
import string
import uuid
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORDS = (
    "cache", "build", "token", "user", "index", "render", "key", "worker", "secret", "node", "path", "access", "image",
    "parse", "main", "test", "load",
)  # fmt: skip
HEX, LETTERS = "0123456789abcdef", string.ascii_letters + string.digits


def _some(chance: random.Random, alphabet: str, n: int) -> str:
    return "".join(chance.choice(alphabet) for _ in range(n))


def _b64(chance: random.Random, n: int) -> str:
    return base64.b64encode(chance.randbytes(n)).decode()


def _words(chance: random.Random, n: int, between: str = "-") -> str:
    return between.join(chance.choice(WORDS) for _ in range(n))


SORTS: dict[str, Callable[[random.Random], str]] = {
    "sha": lambda c: f"commit {_some(c, HEX, 40)} (HEAD -> main)",
    "short sha": lambda c: f"{_some(c, HEX, 9)} Merge pull request #{c.randint(1, 999)}",
    "uuid": lambda c: f'id: "{uuid.UUID(bytes=c.randbytes(16))}"',
    "digest": lambda c: f"image: app@sha256:{_some(c, HEX, 64)}",
    "checksum": lambda c: f"{_some(c, HEX, 64)}  dist/app-1.{c.randint(0, 9)}.tar.gz",
    "SRI": lambda c: f'"integrity": "sha512-{_b64(c, 64)}",',
    "SRI of a page": lambda c: f'<script integrity="sha384-{_b64(c, 48)}" crossorigin></script>',
    "lock file of npm": lambda c: (
        f'"resolved": "https://registry.example/{_words(c, 2)}'
        f'/-/{_words(c, 2)}-4.{c.randint(0, 99)}.tgz",'
    ),
    "lock file of pip": lambda c: (
        f'    {{ url = "https://files.example/{_words(c, 2)}'
        f'.whl", hash = "sha256:{_some(c, HEX, 64)}" }},'
    ),
    "lock file of go": lambda c: f"example.org/{_words(c, 2, '/')} v1.{c.randint(0, 99)}.0 h1:{_b64(c, 32)}",
    "lock file of cargo": lambda c: f'checksum = "{_some(c, HEX, 64)}"',
    "node id": lambda c: f'"node_id": "PR_kwDO{_some(c, LETTERS, 14)}"',
    "board ids": lambda c: (
        f"PVTI_lADO{_some(c, LETTERS, 12)}zg{_some(c, LETTERS, 6)}"
        f" PVTSSF_lADO{_some(c, LETTERS, 14)}"
    ),
    "path": lambda c: (
        f"/usr/lib/python3.11/site-packages/{_words(c, 3, '/')}"
        f"/{_words(c, 2, '_')}.py:{c.randint(1, 900)}"
    ),
    "image": lambda c: f"![logo](data:image/png;base64,iVBORw0KGgo{_b64(c, 90)})",
    "minified": lambda c: (
        f"function {_some(c, LETTERS, 2)}(e,t){{return e.{_words(c, 1)}"
        f"=t.key||n(e,{c.randint(0, 99)}),r.access(o)}}"
    ),
    "css": lambda c: f".{_words(c, 4)}__{_words(c, 2)}--active{{margin:0 {c.randint(0, 99)}px}}",
    "cache key": lambda c: f"key: ${{{{ runner.os }}}}-{_words(c, 3)}-${{{{ hashFiles('**/package-lock.json') }}}}",
    "cache key drawn": lambda c: f"Cache restored from key: Linux-node-{_some(c, HEX, 64)}",
    "code": lambda c: f"{_words(c, 2, '_')}_token = self.{_words(c, 2, '_')}({_words(c, 1)}=other.{_words(c, 1)}_key)",
    "types": lambda c: f"def {_words(c, 2, '_')}(token: str, secret_key: bytes = b'') -> AccessToken:",
    "environment": lambda c: f"export API_KEY=${{{_words(c, 2, '_').upper()}}}",
    "public key": lambda c: f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5{_b64(c, 34)} user@host",
    "certificate": lambda c: f"MII{_b64(c, 45)}",
    "traceback": lambda c: f'  File "/app/{_words(c, 3, "/")}.py", line {c.randint(1, 999)}, in {_words(c, 2, "_")}',
    "time": lambda c: (
        f"2026-11-{c.randint(10, 28)}T08:{c.randint(10, 59)}"
        f":00.{c.randint(100000, 999999)}Z {_words(c, 5, ' ')}"
    ),
    "tokens counted": lambda c: (
        f'"usage": {{"input_tokens": {c.randint(1, 10**7)}'
        f', "output_tokens": {c.randint(1, 10**6)}}}'
    ),
    "etag": lambda c: f'ETag: W/"{_some(c, HEX, 40)}"',
    "version": lambda c: f"agent-os {c.randint(0, 9)}.{c.randint(0, 99)}.{c.randint(0, 9)}+build.{_some(c, HEX, 12)}",
    "prose": lambda c: f"The {_words(c, 1)} of the secret is told by its key: see {_words(c, 3, ' ')}.",
}  # fmt: skip


def drawn(seed: str, each: int) -> list[tuple[str, str]]:
    """(sort, line), `each` of every sort."""
    chance = random.Random(seed)
    return [(sort, make(chance)) for sort, make in SORTS.items() for _ in range(each)]


def house(seed: str, count: int) -> list[tuple[str, str]]:
    """Lines of the program, its benchmarks and its pages; not of tests/ that plant secrets by intention."""
    files = [
        *(ROOT / "orchestrator").rglob("*.py"),
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "benchmarks").rglob("*.py"),
    ]
    lines = [
        (path.name, line)
        for path in sorted(files)
        for line in path.read_text("utf-8").splitlines()
        if len(line.strip()) > 20
    ]
    return random.Random(seed).sample(lines, count)
