"""What a verification command runs: the script it names, and the scripts and targets which that one runs in turn.

Read from words alone, as a shell would split them; what is not seen is not put back, so the reviewer still looks.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping

from orchestrator.gate.testfiles import Ground

BY_TOOL: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("make", "gmake"), ("makefile", "gnumakefile")),
    "just": ("justfile", ".justfile"),
    "task": ("taskfile.yml", "taskfile.yaml"),
    "rake": ("rakefile",),
    "invoke": ("tasks.py",),
    "gradlew": ("gradlew",),
    "mvnw": ("mvnw",),
    "ninja": ("build.ninja",),
    "ctest": ("cmakelists.txt",),
}
INTERPRETERS = (
    *("sh", "bash", "dash", "zsh", "ksh", "source", "."),
    *("python", "node", "ruby", "perl", "php", "tsx", "ts-node"),
)
BEFORE = ("exec", "env", "time", "timeout", "nice", "sudo", "xvfb-run", "command", "npx", "uv", "poetry", "run", "set")
_SHELL = (".sh", ".bash", ".mk", ".zsh")
LONGEST = 20_000
"""Characters of one script that are looked at for what it runs."""
_WORD = re.compile(r"[\w.:/@+-]+")
_APART = re.compile(r"[;&|()`]+")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


def ground(globs: tuple[str, ...], commands: Iterable[str], read: Callable[[str], str | None]) -> Ground:
    """`read`: a path's text in the base commit; None where there is none. Asked for what the commands name, and for
    the scripts that those run in turn."""
    texts = list(commands)
    entries: set[str] = set()
    names: set[str] = set()
    words: set[str] = set()
    while texts and len(entries) < 50:
        text = texts.pop()[:LONGEST]
        words |= set(_WORD.findall(text))
        for path, is_tool in _programs(text):
            if is_tool:
                names |= set(BY_TOOL[path])
                found = [p for p in _spellings(BY_TOOL[path]) if read(p) is not None]
            else:
                found = [path] if read(path) is not None else []
            for each in found:
                if each not in entries:
                    entries.add(each)
                    texts += _lines_of(each, read(each) or "")
        if any(tool in _WORD.findall(text) for tool in ("npm", "yarn", "pnpm", "bun")):
            texts += _node_scripts(read("package.json")) if "package.json" not in words else []
            words.add("package.json")
    return Ground(globs=globs, entries=frozenset(entries), names=frozenset(names), scripts=frozenset(words))


def _spellings(names: tuple[str, ...]) -> tuple[str, ...]:
    """Their usual spellings: what a file system tells apart, the tool looks for in this form."""
    usual = {"makefile": "Makefile", "gnumakefile": "GNUmakefile", "rakefile": "Rakefile", "justfile": "justfile"}
    more = {"taskfile.yml": "Taskfile.yml", "taskfile.yaml": "Taskfile.yaml", "cmakelists.txt": "CMakeLists.txt"}
    return tuple(dict.fromkeys((*names, *((usual | more)[n] for n in names if n in usual | more))))


def _lines_of(path: str, text: str) -> list[str]:
    """The text, where it is a shell's or make's: what it starts counts too."""
    name = path.rsplit("/", 1)[-1].lower()
    shell = text.startswith("#!") and "sh" in text.split("\n", 1)[0]
    known = any(name in names for names in BY_TOOL.values())
    return [text] if name.endswith(_SHELL) or shell or known or "." not in name else []


def _node_scripts(text: str | None) -> list[str]:
    try:
        return [str(v) for v in (json.loads(text or "{}").get("scripts") or {}).values()]
    except (ValueError, RecursionError, AttributeError):
        return []


def _programs(text: str) -> Iterable[tuple[str, bool]]:
    """(path, False) of what stands where a program does, or is given to an interpreter; (tool, True) for make and its
    like."""
    for words in _simple(text):
        while words and (words[0] in BEFORE or _ASSIGNMENT.match(words[0]) or words[0].isdigit()):
            words.pop(0)
        if not words:
            continue
        first = words[0].rsplit("/", 1)[-1]
        if first in BY_TOOL:
            yield first, True
        if "/" in words[0] or "." in words[0].strip("."):
            yield _plain(words[0]), False
        if first.rstrip("0123456789.") in INTERPRETERS or words[0] == ".":
            yield from ((p, False) for p in _given(words[1:]))
            yield from (each for line in _quoted(words[1:]) for each in _programs(line))
        yield from ((_plain(w), False) for w in words[1:] if w.endswith(_SHELL))


def _simple(text: str) -> Iterable[list[str]]:
    """Simple commands as words, without quotes; a recipe's `@` and `-` in front are make's."""
    for line in text.replace("\\\n", " ").splitlines():
        reader = shlex.shlex(line.lstrip(" \t@-+"), posix=True, punctuation_chars=True)
        reader.whitespace_split = True
        try:
            tokens = list(reader)
        except ValueError:  # a quote that ends on another line
            tokens = [t for part in _APART.split(line) for t in (*part.split(), ";")]
        words: list[str] = []
        for token in (*tokens, ";"):
            if token and not set(token) <= set(";&|()<>"):
                words.append(token)
            elif words and not set(token) <= set("<>"):
                yield words
                words = []


def _given(words: list[str]) -> Iterable[str]:
    """The script that an interpreter is given; for `-m name` the module's file."""
    for n, word in enumerate(words):
        if word == "-m" and n + 1 < len(words):
            module = words[n + 1].replace(".", "/")
            yield from (f"{module}.py", f"{module}/__main__.py")
            return
        if word == "-c":
            return
        if not word.startswith("-"):
            yield _plain(word)
            return


def _quoted(words: list[str]) -> list[str]:
    """The command that a shell is given with `-c`; a language's own is not looked into."""
    at = next((n for n, word in enumerate(words) if word.startswith("-") and word.endswith("c")), -1)
    return [words[at + 1][: LONGEST // 2]] if 0 <= at < len(words) - 1 else []


def _plain(word: str) -> str:
    while word.startswith("./"):
        word = word[2:]
    return word
