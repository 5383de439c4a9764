"""The house rules that no linter knows. Each check takes a folder and returns its violations as lines, best none.

The folder is a parameter so that every rule is shown to bite: `test_shape.py` plants each defect in one of its own.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

MODULE_LINES = 350
FUNCTION_LINES = 60
PATCHES_PER_100_TESTS = 5

LONG_FUNCTIONS: Mapping[str, str] = {}
"""`path::function` -> why it may be longer than the rest."""

PROGRAM_DOORS: Mapping[str, str] = {
    "process/__init__.py": "the door",
    "process/pump.py": "the door: the child while it runs",
    "process/fork.py": "the door: children that share our memory",
    "process/helper.py": "the door: modules of ours in a process of their own",
    "hub/process.py": "the hub is an island and has a door of its own",
    "sandbox/inside/__main__.py": "runs inside of a box and becomes the agent's program",
    "sandbox/inside/alone.py": "the same without namespaces: the supervisor of the run",
    "agents/player.py": "runs as a foreign program, as an agent does; nothing of ours imports it",
}
"""Where other programs are started."""

FENCES: Mapping[str, str] = {
    "__main__.py": "the last fence: a crash is told in one line, with its traceback in the log",
    "roles/base.py": "one role's tick must not end the others",
    "process/fork.py": "a forked child's whole life is one call: it says what went wrong and ends",
    "pipeline/pool.py": "one task must not end the worker of the others",
    "gate/__init__.py": "a check that crashes has not judged: cannot tell",
    "doctor/examine.py": "a check that crashes is a finding, and the others go on",
    "hub/dispatch.py": "a server answers 500 and goes on",
}
"""Where everything may be caught. Elsewhere a handler names what it expects, or raises again."""

HEAVY = frozenset(
    (
        "github",
        "gql",
        "telegram",
        "rich",
        "re2",
        "httpx",
        "starlette",
        "uvicorn",
        "graphql",
        "requests",
        "aiohttp",
        "matplotlib",
        "numpy",
        "torch",
        "transformers",
        "safetensors",
        "sentence_transformers",
        "jinja2",
        "textual",
    )
)
"""Libraries that an idle tick must not load: imported where they are used first."""
MAY_BE_HEAVY = ("hub/", "demo/", "demo.py")
LAZY_ROOMS = ("orchestrator.web", "orchestrator.tui")
"""Rooms that may load heavy libraries because nobody outside of them may load them on import."""
LAZY: Mapping[str, str] = {
    "github/rest.py": "the REST half of the client, loaded at the first REST call",
    "github/graph.py": "the GraphQL half of the client, loaded at the first query",
}
"""Modules that may load heavy libraries because nobody may load them on import in turn."""

ASSERTING = ("assert", "expect", "check", "raises", "warns", "fail")
"""How a call is named that may fail a test."""


@dataclass(frozen=True, kw_only=True)
class Module:
    path: str
    """Below the folder that is checked, with `/`."""
    text: str
    tree: ast.Module

    def at(self, node: ast.AST, what: str) -> str:
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {what}"


@lru_cache(maxsize=4096)
def _parse(path: Path, _changed: int) -> tuple[str, ast.Module]:
    text = path.read_text(encoding="utf-8")
    return text, ast.parse(text)


def modules(root: Path) -> Iterator[Module]:
    """Every Python file below the folder, in order."""
    for file in sorted(root.rglob("*.py")):
        text, tree = _parse(file, file.stat().st_mtime_ns)
        yield Module(path=file.relative_to(root).as_posix(), text=text, tree=tree)


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def _dotted(node: ast.AST) -> str:
    """`a.b.c` for a chain of names; the empty string for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return f"{before}.{node.attr}" if before else node.attr
    return ""


def _imported(node: ast.AST) -> tuple[str, ...]:
    """Names of the modules that an import statement names, absolute ones only."""
    if isinstance(node, ast.Import):
        return tuple(alias.name for alias in node.names)
    if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        return (node.module,)
    return ()


def sizes(root: Path) -> list[str]:
    """No module over 350 lines, no function over 60."""
    found: list[str] = []
    for m in modules(root):
        if (lines := len(m.text.splitlines())) > MODULE_LINES:
            found.append(f"{m.path}:1: {lines} lines, at most {MODULE_LINES}")
        for f in _functions(m.tree):
            length = (f.end_lineno or f.lineno) - f.lineno + 1
            if length > FUNCTION_LINES and f"{m.path}::{f.name}" not in LONG_FUNCTIONS:
                found.append(m.at(f, f"{f.name} has {length} lines, at most {FUNCTION_LINES}"))
    return found


def future_annotations(root: Path) -> list[str]:
    """Modules that hold more than a docstring start with the future import."""
    found: list[str] = []
    for m in modules(root):
        body = m.tree.body[1:] if ast.get_docstring(m.tree) else m.tree.body
        first = body[0] if body else None
        if first and not (isinstance(first, ast.ImportFrom) and first.module == "__future__"):
            found.append(m.at(first, "`from __future__ import annotations` comes first"))
    return found


def doors(root: Path) -> list[str]:
    """Programs are started through the doors only."""
    found: list[str] = []
    for m in modules(root):
        if m.path in PROGRAM_DOORS:
            continue
        for node in ast.walk(m.tree):
            if any(name.split(".")[0] in ("subprocess", "pty", "multiprocessing") for name in _imported(node)):
                found.append(m.at(node, "programs are started in process.py only"))
            name = _dotted(node.func) if isinstance(node, ast.Call) else ""
            if name in ("os.system", "os.popen", "os.fork") or name.startswith(
                ("os.exec", "os.spawn", "os.posix_spawn")
            ):
                found.append(m.at(node, f"{name}: programs are started in process.py only"))
    return found


def broad_handlers(root: Path) -> list[str]:
    """Everything is caught in the named fences only; a handler that ends in `raise` catches nothing. None is silent."""
    found: list[str] = []
    for m in modules(root):
        for h in (n for n in ast.walk(m.tree) if isinstance(n, ast.ExceptHandler)):
            caught = h.type.elts if isinstance(h.type, ast.Tuple) else [h.type]
            broad = any(t is None or _dotted(t) in ("Exception", "BaseException") for t in caught)
            raises = isinstance(h.body[-1], ast.Raise)
            if broad and not raises and m.path not in FENCES:
                found.append(m.at(h, "catches everything outside of the fences"))
            elif broad and all(isinstance(s, ast.Pass) for s in h.body):
                found.append(m.at(h, "swallows everything"))
    return found


def heavy_imports(root: Path) -> list[str]:
    """No heavy library at the top of a module on the idle path, not even inside of a top-level `if` or `try`."""
    lazy = {"orchestrator." + path.removesuffix(".py").replace("/", ".") for path in LAZY}
    found: list[str] = []
    for m in modules(root):
        if m.path.startswith(MAY_BE_HEAVY) or f"orchestrator.{m.path.split('/', 1)[0]}" in LAZY_ROOMS:
            continue
        for node in _at_import_time(m.tree.body):
            if late := sorted(n for n in _named(node) if ".".join(n.split(".")[:2]) in LAZY_ROOMS):
                found.append(m.at(node, f"{late[0]} is loaded on import; import it inside of a function"))
            heavy = {n.split(".")[0] for n in _imported(node)} & HEAVY if m.path not in LAZY else set[str]()
            if named := sorted(heavy | (lazy & _named(node))):
                found.append(m.at(node, f"{named[0]} is loaded on import; import it inside of a function"))
    return found


def _named(node: ast.AST) -> set[str]:
    """Every module that the statement may load: `from a import b` loads a, and a.b where that is a module."""
    names = set(_imported(node))
    if isinstance(node, ast.ImportFrom):
        names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _at_import_time(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and _dotted(node.test).endswith("TYPE_CHECKING"):
            yield from _at_import_time(node.orelse)
            continue
        for part in ("body", "orelse", "finalbody"):
            yield from _at_import_time(getattr(node, part, []))
        for handler in getattr(node, "handlers", []):
            yield from _at_import_time(handler.body)


def public_text(root: Path) -> list[str]:
    """Only `redact` calls a text `Public`: that is what keeps secrets in. A literal of ours is no exception."""
    found: list[str] = []
    for m in modules(root):
        if m.path.startswith("redact"):
            continue
        for node in (n for n in ast.walk(m.tree) if isinstance(n, ast.Call)):
            name = _dotted(node.func)
            cast = name.split(".")[-1] == "cast" and node.args and "Public" in ast.unparse(node.args[0])
            if name.split(".")[-1] == "Public" or cast:
                found.append(m.at(node, "only redact makes Public text"))
    return found


PROTOCOLS = frozenset({"Agent", "Check", "Signal", "Role"})
"""The places where another module of the same shape is expected; everything else is a concrete type."""


def protocols(root: Path) -> list[str]:
    """No ports layer. The hub is an island with a house rule of its own."""
    found: list[str] = []
    for m in (m for m in modules(root) if not m.path.startswith("hub/")):
        for node in (n for n in ast.walk(m.tree) if isinstance(n, ast.ClassDef) and n.name not in PROTOCOLS):
            if any(_dotted(base).split(".")[-1] == "Protocol" for base in node.bases):
                found.append(m.at(node, f"{node.name} is a Protocol beside {', '.join(sorted(PROTOCOLS))}"))
    return found


def docstrings(root: Path) -> list[str]:
    """Every module says what it is for, every exception what its caller should do."""
    found: list[str] = []
    errors = _exceptions(root)
    for m in modules(root):
        if m.tree.body and not ast.get_docstring(m.tree):
            found.append(f"{m.path}:1: no module docstring")
        for c in (n for n in ast.walk(m.tree) if isinstance(n, ast.ClassDef)):
            if c.name in errors and not ast.get_docstring(c):
                found.append(m.at(c, f"the exception {c.name} has no docstring"))
    return found


def _exceptions(root: Path) -> set[str]:
    """Names of the classes that derive from an exception, also over several steps and modules."""
    bases = {
        c.name: {_dotted(b).split(".")[-1] for b in c.bases}
        for m in modules(root)
        for c in ast.walk(m.tree)
        if isinstance(c, ast.ClassDef)
    }
    builtin = {n for n, v in vars(builtins).items() if isinstance(v, type) and issubclass(v, BaseException)}
    found: set[str] = set()
    while more := {name for name, of in bases.items() if name not in found and of & (builtin | found)}:
        found |= more
    return found


def leftovers_of_work(root: Path) -> list[str]:
    """No notes to oneself, nothing that is not implemented."""
    found: list[str] = []
    for m in modules(root):
        for n, line in enumerate(m.text.splitlines(), 1):
            _, comment, note = line.partition("#")
            if comment and note.lstrip("#: ").startswith(("TODO", "FIXME", "XXX", "HACK")):
                found.append(f"{m.path}:{n}: a note to oneself")
        for node in ast.walk(m.tree):
            if isinstance(node, ast.Name) and node.id == "NotImplementedError":
                found.append(m.at(node, "not implemented"))
    return found


def tests_in(m: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The test functions of a test module."""
    if m.path.split("/")[-1].startswith("test_"):
        yield from (f for f in _functions(m.tree) if f.name.startswith("test_"))


def tests_without_assertion(root: Path) -> list[str]:
    """Every test can fail: it asserts, expects an error, or calls a helper that is named after asserting or does so."""
    found: list[str] = []
    every = [f for m in modules(root) for f in _functions(m.tree) if not f.name.startswith("test_")]
    helpers = {f.name for f in every if any(isinstance(n, ast.Assert) for n in ast.walk(f))}
    for m in modules(root):
        for f in tests_in(m):
            if not any(_asserts(node, helpers) for node in ast.walk(f)):
                found.append(m.at(f, f"{f.name} asserts nothing"))
    return found


def _asserts(node: ast.AST, helpers: set[str]) -> bool:
    if isinstance(node, ast.Assert):
        # `assert True` and `assert "words"` hold in every world.
        return not isinstance(node.test, ast.Constant)
    if not isinstance(node, ast.Call):
        return False
    name = _dotted(node.func).split(".")[-1]
    checked = any(k.arg == "check" and isinstance(k.value, ast.Constant) and k.value.value for k in node.keywords)
    # `subprocess.run(..., check=True)` raises when the program in it fails.
    return name in helpers or name.startswith(ASSERTING) or (name == "run" and checked)


def patches(root: Path) -> list[str]:
    """At most 5 patch calls per 100 tests: the rest is real. One line per call when there are too many."""
    calls: list[str] = []
    tests = 0
    for m in modules(root):
        tests += sum(1 for _ in tests_in(m))
        calls += [
            m.at(n, f"{_dotted(n.func)} patches") for n in ast.walk(m.tree) if isinstance(n, ast.Call) and _patches(n)
        ]
    return calls if len(calls) * 100 > PATCHES_PER_100_TESTS * tests else []


def _patches(call: ast.Call) -> bool:
    """pytest's monkeypatch (not its environment and folder), unittest.mock, pytest-mock; not an HTTP PATCH."""
    name = _dotted(call.func)
    first, _, last = name.rpartition(".")
    if last in ("setattr", "delattr", "setitem", "delitem"):
        return bool(first)
    return name == "patch" or name.startswith(("patch.", "mock.patch", "unittest.mock.patch", "mocker."))


SKIPPING = (
    "pytest.skip",
    "pytest.xfail",
    "pytest.importorskip",
    "pytest.mark.skip",
    "pytest.mark.skipif",
    "pytest.mark.xfail",
    "unittest.skip",
)


def skips(root: Path, allowed: tuple[str, ...]) -> list[str]:
    """Skips stand in `skips.txt` by node id; the paths of the folder are taken as below `tests/`."""
    found: list[str] = []
    for m in modules(root):
        owners = {id(n): f.name for f in _functions(m.tree) for n in ast.walk(f)}
        for node in ast.walk(m.tree):
            if isinstance(node, ast.Attribute) and _dotted(node) in SKIPPING:
                name = f"tests/{m.path}::{owners.get(id(node), '')}"
                if not name.startswith(allowed):
                    found.append(m.at(node, f"{_dotted(node)} is not in skips.txt"))
    return found
