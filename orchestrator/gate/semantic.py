"""What in a change's source looks made for its tests rather than for its task. Words for the reviewer, no refusal.

No run can show it: special cases for the values that tests ask for, an overloaded `==`, a look at whether a test is
running, an early exit, a patched test framework. Each is honest somewhere, so each only raises the risk.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from orchestrator.gate import paths, testfiles
from orchestrator.gate.base import TEXTS, cannot_tell, passed, raised
from orchestrator.gate.testfiles import Ground, Kind
from orchestrator.model.gate import Evidence, FileText, Finding
from orchestrator.model.governance import Risk

name = "semantic"
stage = TEXTS
version = 2

SHOWN = 6
LINE = 1_000
"""Characters of one line that are looked at."""
SIGNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "looks at whether a test is running",
        re.compile(
            r"PYTEST_|JEST_WORKER_ID|VITEST\b|TOX_ENV|NOSE_|GITHUB_ACTIONS"
            r"|sys\.modules.{0,60}(?:test|nose|hypothesis)|(?:test|nose)[\w'\"]{0,20} (?:not )?in sys\.modules"
            r"|(?:environ|getenv|process\.env|ENV|Getenv|env::var)\W{0,12}(?:get)?\W{0,6}(?:CI|TESTING|TEST_|TEST)\b"
            r"|NODE_ENV.{0,12}test|sys\.argv.{0,40}test|_getframe|currentframe|inspect\.stack|extract_stack"
            r"|getStackTrace|new Error\(\)\.stack|testing\.Testing\(\)|runtime\.Caller|cfg!\(test\)|cfg\(not\(test\)\)"
        ),
    ),
    (
        "overloads an operator that tests compare with",
        re.compile(
            r"def (?:__(?:eq|ne|lt|le|gt|ge|bool|hash|contains|instancecheck|subclasscheck|getattribute|index)__|==)"
            r"|operator ?(?:==|!=|<=>|equals\b)|Symbol\.toPrimitive|impl(?:<.{0,40}>)? PartialEq"
            r"|boolean equals\(|func == ?\(|__eq__ ?="
        ),
    ),
    (
        "ends the process, or steps in when it ends",
        re.compile(
            r"\b_exit\(|\batexit\b|os\.kill\(|\bsys\.exit\((?:0|None|False)?\)|\b(?:exit|quit)\(0?\)|SystemExit(?:\((?:0|None)?\)|$)"
            r"|process\.exit|process\.on\(.{0,3}exit|System\.exit|Runtime\..{0,20}halt|os\.Exit\(|process::exit|\babort\("
            r"|os\.exec[lv]|signal\.(?:alarm|signal)\("
        ),
    ),
    (
        "reaches into a test framework or the interpreter",
        re.compile(
            r"^\s*(?:import|from) (?:pytest|_pytest|unittest|pluggy|nose|doctest)\b|\bunittest\.|\bpytest\.|\b_pytest\b"
            r"|builtins\.\w+ ?=|__builtins__|setattr\(builtins|sys\.(?:settrace|setprofile|meta_path|excepthook)\b"
            r"|gc\.get_(?:objects|referrers)|AssertionError|rewrite_asserts|ctypes\.pythonapi"
            r"|(?:global|globalThis|window)\.(?:expect|assert|it|test|describe)\b|require\(.(?:assert|chai|jest)"
        ),
    ),
    (
        "prints what a test program would",
        re.compile(r"[0-9}] passed\b|\bpassed in |test result: ok|Tests run:|<testsuite|\bRan [0-9{]"),
    ),
)
_CONDITION = re.compile(r"\b(?:if|elif|else if|case|when|match|unless)\b|==|\? |=> |: *lambda")
_RETURN = re.compile(r"\breturn\b|=>|\?|\bthen\b|^\s*(?:yield|result *=)")
_VALUE = re.compile(r"\"([^\"\n]{1,80})\"|'([^'\n]{1,80})'|(?<![\w.])(-?[0-9][0-9_]{0,20}(?:\.[0-9]{1,20})?)(?![\w.])")
_ENTRY = re.compile(r"[\w)\]'\"] ?: ?[-\w\[('\"]")


def check(evidence: Evidence) -> Finding:
    if evidence.files is None or evidence.literals is None:
        return cannot_tell(name, "The changed files were not read.")
    ground = Ground(globs=evidence.rules.test_paths)
    source = [f for f in evidence.files if _is_source(f, ground)]
    found = [hit for file in source for hit in _signs(file)]
    found += [hit for file in source for hit in _special_cases(file, evidence.literals)]
    if not found:
        return passed(name)
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return raised(name, Risk.MEDIUM, "; ".join(found[:SHOWN]) + more)


def _is_source(file: FileText, ground: Ground) -> bool:
    return is_code(file) and testfiles.kind(file.path, ground) is Kind.SOURCE


def is_code(file: FileText) -> bool:
    """By its name; something was added to it."""
    return bool(file.added) and paths.is_code(file.path)


def _signs(file: FileText) -> Iterator[str]:
    """One for each kind of sign and file: the first line that has it."""
    for words, form in SIGNS:
        for number, line in file.added:
            if (match := form.search(line[:LINE])) and not line.lstrip().startswith(("#", "//", "*", '"""')):
                yield f"{_shown(file.path)}:{number} {words} ({match[0].strip()[:40]!r})"
                break


def _special_cases(file: FileText, literals: frozenset[str]) -> Iterator[str]:
    """A branch on values that the tests name, with an answer they name; or a table of such pairs."""
    lines = file.added
    pairs = 0
    for at, (number, line) in enumerate(lines):
        text = line[:LINE]
        named = [v for v in _values(text) if v in literals]
        if _CONDITION.search(text) and named:
            after = lines[at + 1][1][:LINE] if at + 1 < len(lines) and lines[at + 1][0] == number + 1 else ""
            answers = named[1:] if _RETURN.search(text) else []
            answers += [v for v in _values(after) if v in literals] if _RETURN.search(after) else []
            if answers and (_telling([*named, *answers])):
                yield f"{_shown(file.path)}:{number} answers by itself for values that the tests name ({named[0]!r})"
                return
        pairs += len(named) >= 2 and bool(_ENTRY.search(text)) and _telling(named)
        if pairs >= 2 or (len(named) >= 4 and len(_ENTRY.findall(text)) >= 2):
            yield f"{_shown(file.path)}:{number} holds a table of values that the tests name ({named[0]!r})"
            return


def _telling(values: Sequence[str]) -> bool:
    """Not only what any program names: three of them, or one that is no small number."""
    return len(values) >= 3 or any(len(v.lstrip("-")) >= 2 for v in values)


def _values(text: str) -> list[str]:
    return [next(filter(None, groups)) for groups in _VALUE.findall(text)]


def _shown(path: str) -> str:
    return repr(path)[1:-1]
