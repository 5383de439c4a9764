"""The program and its tests keep the house rules, and each rule bites."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import guards
from tests.shape import checks

ROOT = Path(__file__).parents[2]
Check = Callable[[Path], list[str]]

PROGRAM: tuple[Check, ...] = (
    checks.sizes,
    checks.future_annotations,
    checks.doors,
    checks.broad_handlers,
    checks.heavy_imports,
    checks.public_text,
    checks.protocols,
    checks.docstrings,
    checks.leftovers_of_work,
)
TESTS: tuple[Check, ...] = (
    checks.future_annotations,
    checks.leftovers_of_work,
    checks.tests_without_assertion,
    checks.patches,
)


@pytest.mark.parametrize("check", PROGRAM, ids=lambda c: c.__name__)
def test_the_program_keeps_the_rule(check: Check) -> None:
    found = check(ROOT / "orchestrator")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("check", TESTS, ids=lambda c: c.__name__)
def test_the_tests_keep_the_rule(check: Check) -> None:
    found = check(ROOT / "tests")
    assert not found, "\n".join(found)


def test_every_skip_is_on_the_list() -> None:
    allowed = guards.allowed_skips((ROOT / "tests" / "skips.txt").read_text())
    assert checks.skips(ROOT / "tests", tuple(a.prefix for a in allowed)) == []


def test_the_named_exceptions_still_exist() -> None:
    for place in (*checks.LONG_FUNCTIONS, *checks.FENCES, *checks.PROGRAM_DOORS, *checks.LAZY):
        path, _, function = place.partition("::")
        text = (ROOT / "orchestrator" / path).read_text()
        assert not function or f"def {function}(" in text, place


FUTURE = "from __future__ import annotations\n"
TEST = FUTURE + "import pytest\ndef test_a(monkeypatch, client):\n    "

DEFECTS: dict[str, tuple[Check, str, str]] = {
    "a module of 351 lines": (checks.sizes, "a.py", "x = 1\n" * 351),
    "a function of 61 lines": (checks.sizes, "a.py", "def f():\n" + "    x = 1\n" * 60),
    "a method of 61 lines": (checks.sizes, "a.py", "class C:\n  async def f(self):\n" + "    x = 1\n" * 60),
    "no future import": (checks.future_annotations, "a.py", '"""Doc."""\nimport os\n'),
    "subprocess in a room": (checks.doors, "git/run.py", "import subprocess\n"),
    "subprocess inside of a function": (checks.doors, "a.py", "def f():\n    from subprocess import run\n"),
    "os.system": (checks.doors, "a.py", "import os\nos.system('x')\n"),
    "os.execvp": (checks.doors, "a.py", "import os\nos.execvp('x', [])\n"),
    "a broad except": (checks.broad_handlers, "a.py", "try:\n    f()\nexcept Exception as e:\n    log(e)\n"),
    "a bare except": (checks.broad_handlers, "a.py", "try:\n    f()\nexcept:\n    log()\n"),
    "a broad one in a tuple": (
        checks.broad_handlers,
        "a.py",
        "try:\n    f()\nexcept (OSError, Exception):\n    log()\n",
    ),
    "a silent fence": (checks.broad_handlers, "roles/base.py", "try:\n    f()\nexcept Exception:\n    pass\n"),
    "PyGithub on top": (checks.heavy_imports, "github/client.py", "from github import Github\n"),
    "the REST half on top": (checks.heavy_imports, "a.py", "from orchestrator.github import issues, rest\n"),
    "the GraphQL half on top": (checks.heavy_imports, "a.py", "from orchestrator.github.graph import Graph\n"),
    "the web page on top": (checks.heavy_imports, "cli/web.py", "from orchestrator.web import server\n"),
    "gql.dsl on top": (checks.heavy_imports, "a.py", "import gql.dsl\n"),
    "rich in a try": (checks.heavy_imports, "a.py", "try:\n    import rich\nexcept ImportError:\n    rich = None\n"),
    "httpx in a class body": (checks.heavy_imports, "a.py", "class C:\n    import httpx\n"),
    "re2 after TYPE_CHECKING": (
        checks.heavy_imports,
        "a.py",
        "if TYPE_CHECKING:\n    import re2\nelse:\n    import re2\n",
    ),
    "Public made by hand": (checks.public_text, "notify.py", "Public('x')\n"),
    "Public by its module": (checks.public_text, "a.py", "names.Public('x')\n"),
    "Public by a cast": (checks.public_text, "a.py", "cast('Public', x)\n"),
    "a fifth Protocol": (checks.protocols, "a.py", "class Store(typing.Protocol):\n    pass\n"),
    "no module docstring": (checks.docstrings, "a.py", "x = 1\n"),
    "an exception without one": (checks.docstrings, "a.py", '"""Doc."""\nclass E(ValueError):\n    pass\n'),
    "a child of such an exception": (
        checks.docstrings,
        "a.py",
        '"""Doc."""\nclass E(OSError):\n    """Doc."""\nclass Lost(b.E):\n    pass\n',
    ),
    "a note to oneself": (checks.leftovers_of_work, "a.py", "x = 1  # TO" + "DO: more\n"),
    "not implemented": (checks.leftovers_of_work, "a.py", "def f():\n    raise NotImplemented" + "Error\n"),
    "a test without assertion": (checks.tests_without_assertion, "test_a.py", TEST + "print(1)\n"),
    "a test that asserts a constant": (checks.tests_without_assertion, "test_a.py", TEST + "assert True\n"),
    "a program that may fail unseen": (
        checks.tests_without_assertion,
        "test_a.py",
        TEST + "subprocess.run(['x'], check=False)\n",
    ),
    "one patch in one test": (
        checks.patches,
        "test_a.py",
        TEST + "monkeypatch.setattr(os, 'x', 1)\n    assert client\n",
    ),
    "a mock's patch": (checks.patches, "test_a.py", TEST + "with patch('os.x'):\n        assert client\n"),
    "a mock's patch.object": (checks.patches, "test_a.py", TEST + "patch.object(os, 'x')\n"),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_planted_defect_is_found(tmp_path: Path, name: str) -> None:
    check, path, text = DEFECTS[name]
    write(tmp_path, path, text)
    found = check(tmp_path)
    assert len(found) == 1
    assert found[0].startswith(f"{path}:")


INNOCENT: dict[str, tuple[Check, str, str]] = {
    "350 lines": (checks.sizes, "a.py", "x = 1\n" * 350),
    "a function of 60 lines": (checks.sizes, "a.py", "def f():\n" + "    x = 1\n" * 59),
    "an empty module": (checks.future_annotations, "a.py", ""),
    "a docstring alone": (checks.future_annotations, "a.py", '"""Doc."""\n'),
    "a room called subprocess_like": (checks.doors, "a.py", "import subprocesses\n"),
    "the door": (checks.doors, "process/pump.py", "import subprocess\n"),
    "the island's door": (checks.doors, "hub/process.py", "import subprocess\n"),
    "a fence": (checks.broad_handlers, "roles/base.py", "try:\n    f()\nexcept Exception as e:\n    log(e)\n"),
    "clean up and raise": (checks.broad_handlers, "a.py", "try:\n    f()\nexcept BaseException:\n    g()\n    raise\n"),
    "PyGithub in the REST half": (checks.heavy_imports, "github/rest.py", "import github\n"),
    "the REST half in a function": (
        checks.heavy_imports,
        "a.py",
        "def f():\n    from orchestrator.github import rest\n",
    ),
    "heavy in a function": (checks.heavy_imports, "a.py", "def f():\n    import github\n"),
    "heavy in the web page": (
        checks.heavy_imports,
        "web/app.py",
        "import starlette\nfrom orchestrator.web import page\n",
    ),
    "heavy for the types": (checks.heavy_imports, "a.py", "if TYPE_CHECKING:\n    from gql import Client\n"),
    "heavy on the island": (checks.heavy_imports, "hub/app.py", "import starlette\n"),
    "our own room github": (checks.heavy_imports, "a.py", "from orchestrator.github import wire\n"),
    "redact": (checks.public_text, "redact/__init__.py", "Public('x')\n"),
    "one of the four Protocols": (checks.protocols, "roles/base.py", "class Role(Protocol):\n    pass\n"),
    "a Protocol of the island": (checks.protocols, "hub/world.py", "class World(Protocol):\n    pass\n"),
    "Public as a type": (checks.public_text, "a.py", "def f(x: Public) -> Public: ...\n"),
    "an event named Error": (checks.docstrings, "a.py", '"""Doc."""\nclass Error(StreamEvent):\n    text: str\n'),
    "a helper that asserts": (
        checks.tests_without_assertion,
        "test_a.py",
        "def holds():\n    assert x\ndef test_a():\n    holds()\n",
    ),
    "a program that must end well": (
        checks.tests_without_assertion,
        "test_a.py",
        "def test_a():\n    subprocess.run(['x'], check=True)\n",
    ),
    "an expected error": (
        checks.tests_without_assertion,
        "test_a.py",
        "def test_a():\n    with pytest.raises(E): f()\n",
    ),
    "an HTTP PATCH": (checks.patches, "test_a.py", TEST + "assert client.patch('/x')\n"),
    "an environment variable": (checks.patches, "test_a.py", TEST + "monkeypatch.setenv('A', 'b')\n"),
}


@pytest.mark.parametrize("name", INNOCENT)
def test_what_is_allowed_is_left_alone(tmp_path: Path, name: str) -> None:
    check, path, text = INNOCENT[name]
    write(tmp_path, path, text)
    assert check(tmp_path) == []


def test_five_patches_in_a_hundred_tests_pass_and_six_do_not(tmp_path: Path) -> None:
    tests = "".join(f"def test_{n}():\n    assert x\n" for n in range(100))
    write(tmp_path, "test_a.py", tests + "monkeypatch.setattr(a, 'b', c)\n" * 5)
    assert checks.patches(tmp_path) == []
    write(tmp_path, "test_b.py", "monkeypatch.setattr(a, 'b', c)\n")
    assert len(checks.patches(tmp_path)) == 6


@pytest.mark.parametrize(
    "line",
    ["pytest.skip('x')", "pytest.importorskip('x')", "@pytest.mark.skipif(True, reason='x')", "@pytest.mark.xfail"],
)
def test_a_skip_is_found_unless_its_node_id_is_listed(tmp_path: Path, line: str) -> None:
    if line.startswith("@"):
        write(tmp_path, "rooms/test_a.py", f"{line}\ndef test_b():\n    assert x\n")
    else:
        write(tmp_path, "rooms/test_a.py", f"def test_b():\n    {line}\n")
    assert len(checks.skips(tmp_path, ())) == 1
    assert checks.skips(tmp_path, ("tests/rooms/test_a.py::test_b",)) == []
    assert len(checks.skips(tmp_path, ("tests/rooms/test_a.py::test_c",))) == 1


def write(root: Path, path: str, text: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
