"""Plays a playbook: `python -m orchestrator.agents.player PLAYBOOK --agent NAME --n 1 < prompt`.

The program behind the scripted agent. It acts in the current directory as a coding agent would and prints one JSON
event per line. It imports only the standard library and yaml, and nothing of ours, like any foreign agent.

A playbook is a YAML file:

    scenes:                       # the first whose `when` matches is played
      - when:                     # every condition given must hold; none = always
          title: "Fix .*"         # regular expression, searched in the prompt's `title:` line
          prompt: "red check"     # regular expression, searched in the whole prompt
          attempt: 2              # number (or list of numbers): the prompt's `attempt:` line, else the run's number
          kind: correction        # regular expression: the prompt's `kind:` line, else run or ask
          agent: codex            # regular expression, the whole agent's name
                                  # a question (ask) is played only where `kind` is given, or nothing
        steps:
          - write: {path: a.txt, text: "hello\n", mode: "755"}    # also: append {path, text}
          - replace: {path: a.txt, old: hello, new: bye}          # `old` must occur
          - delete: a.txt
          - symlink: {path: l, target: a.txt}
          - run: make test                     # /bin/sh; its exit code is told, not obeyed
          - commit: message                    # git add -A and commit, as an agent may in its workspace
          - say: text
          - think: text
          - sleep: 0.5
          - result: {status: complete, summary: done, done: [one, two]}   # writes .agent_result.md
          - raw_result: "any text"
          - usage: {input: 1000, output: 50, cost: 0.01}
          - spend: {steps: 50, every: 0.1, input: 1000, cost: 0.2}    # usage that grows, step by step
          - session: some-id                   # `{resume}` in any text is the id this run was to go on with
          - quota: {reset_in: 3600}            # or reset_at: 2026-01-01T00:00:00Z; ends the run as refused
          - error: {class: auth, text: why}    # a model.result.FailureClass; ends the run as failed
          - deny: write outside
          - hang: true                         # silence until killed
          - spawn_daemon: {seconds: 1, touch: /path}   # a process that leaves our group and session
          - crash: true                        # SIGKILL to itself
          - exit: 3                            # at once, without a terminal event
          - count: {file: /path}               # appends one line, to count runs
          - keep_prompt: {file: /path}         # writes the prompt it was given
          - answer: {key: value}               # prints it as JSON: what a question wants

In every text `{n}`, `{task}`, `{agent}`, `{title}` and `{resume}` stand for the run's own, `{nonce}` and `{head_sha}`
for what a reviewer's prompt says; `criteria: "{criteria}"` meets all it asks. A scene that plays to its end tells a
good terminal event and exits 0. Exit 2 = the playbook is wrong or no scene matches; standard error says where.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

RESULT_LISTS = ("done", "blockers", "files_changed", "tests_run", "decisions", "risks", "attempted_approaches")
CONDITIONS = ("title", "prompt", "attempt", "kind", "agent")


class Wrong(Exception):
    """The playbook cannot be played; the text says where and why."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What this run knows of itself."""

    playbook: str
    prompt: str
    agent: str
    task: str
    n: int
    kind: str
    resume: str

    def told(self, label: str) -> str:
        """The value of a `label:` line of the prompt's metadata."""
        match = re.search(rf"^\s*{label}:[ \t]*(.+?)[ \t]*$", self.prompt, re.MULTILINE)
        return match[1].strip("\"'") if match else ""

    @property
    def attempt(self) -> int:
        told = self.told("attempt")
        return int(told) if told.isdigit() else self.n

    def fill(self, text: str, *, in_json: bool = False) -> str:
        words = {"n": str(self.n), "task": self.task, "agent": self.agent, "resume": self.resume}
        for name, value in {**words, **{n: self.told(n) for n in ("title", "nonce", "head_sha")}}.items():
            text = text.replace("{" + name + "}", json.dumps(value)[1:-1] if in_json else value)
        return text.replace('"{criteria}"', self.met()) if in_json else text

    def met(self) -> str:
        """Each criterion that a reviewer's prompt asks about, as one that is met."""
        asked = re.findall(r"(?m)^\W*(c\d+): ", self.prompt.partition("# Success criteria")[2].partition("\n# ")[0])
        return json.dumps([{"id": id, "met": True, "evidence": "as the playbook says"} for id in asked])


def main() -> int:
    parser = argparse.ArgumentParser(prog="player")
    parser.add_argument("playbook")
    for name, default in (("agent", "scripted"), ("task", ""), ("kind", "run"), ("resume", "")):
        parser.add_argument(f"--{name}", default=default)
    parser.add_argument("--n", type=int, default=1)
    given = parser.parse_args()
    run = Run(prompt=sys.stdin.buffer.read().decode("utf-8", "replace"), **vars(given))
    try:
        for name, value in choose(load(Path(run.playbook)), run):
            STEPS[name](run, value)
    except (Wrong, OSError, ValueError, TypeError) as wrong:
        sys.stderr.write(f"player: {type(wrong).__name__}: {wrong}\n")
        return 2
    emit("terminal", ok=True)
    return 0


def load(path: Path) -> list[dict[str, Any]]:
    """The scenes, checked. Raises Wrong with file and line."""
    try:
        text = path.read_text(encoding="utf-8")
        root: Any = yaml.compose(text, Loader=yaml.CSafeLoader)
        data = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise Wrong(f"{path}: not YAML: {error}") from error
    scenes = data.get("scenes") if isinstance(data, dict) else None
    if not isinstance(scenes, list):
        raise Wrong(f"{path}: expected a mapping with a list of `scenes`")
    nodes = next(value for key, value in root.value if key.value == "scenes").value
    for scene, node in zip(scenes, nodes):
        _check_scene(path, scene, node)
    return scenes


def _check_scene(path: Path, scene: object, node: Any) -> None:
    at = f"{path}:{node.start_mark.line + 1}"
    if not isinstance(scene, dict) or set(scene) - {"when", "steps"}:
        raise Wrong(f"{at}: a scene has `when` and `steps` and nothing else")
    if unknown := set(scene.get("when") or {}) - set(CONDITIONS):
        raise Wrong(f"{at}: unknown condition {sorted(unknown)[0]!r}; known: {', '.join(CONDITIONS)}")
    steps: list[Any] = next((value.value for key, value in node.value if key.value == "steps"), [])
    for number, (step, mark) in enumerate(zip(scene.get("steps") or [], steps), 1):
        where = f"{path}:{mark.start_mark.line + 1}: step {number}"
        if not isinstance(step, dict) or len(step) != 1:
            raise Wrong(f"{where}: expected one `name: value`, got {step!r}")
        if (name := next(iter(step))) not in STEPS:
            raise Wrong(f"{where}: unknown step {name!r}; known: {', '.join(STEPS)}")


def choose(scenes: list[dict[str, Any]], run: Run) -> list[tuple[str, Any]]:
    for scene in scenes:
        if matches(scene.get("when") or {}, run):
            return [next(iter(step.items())) for step in scene.get("steps") or []]
    said = f"title {run.told('title')!r}, attempt {run.attempt}, kind {run.kind}"
    raise Wrong(f"{run.playbook}: no scene matches ({said})")


def matches(when: dict[str, Any], run: Run) -> bool:
    wanted = when.get("attempt")
    if wanted is not None and run.attempt not in (wanted if isinstance(wanted, list) else [int(wanted)]):
        return False
    if when and run.kind == "ask" and "kind" not in when:
        return False
    kind = run.kind if run.kind == "ask" else run.told("kind") or run.kind
    texts = {"title": run.told("title"), "prompt": run.prompt, "kind": kind}
    if any(name in when and not re.search(str(when[name]), text) for name, text in texts.items()):
        return False
    return "agent" not in when or re.fullmatch(str(when["agent"]), run.agent) is not None


def emit(type: str, **fields: object) -> None:
    sys.stdout.write(json.dumps({"type": type, **fields}) + "\n")
    sys.stdout.flush()


def part(value: Any, name: str, default: str | None = None) -> str:
    """One text of a step's mapping."""
    found = value.get(name, default) if isinstance(value, dict) else None
    if found is None:
        raise Wrong(f"a step needs {name!r}, got {value!r}")
    return str(found)


def only(value: Any, name: str) -> str:
    """A step's one text, given bare or by name."""
    return value if isinstance(value, str) else part(value, name)


def _write(run: Run, value: Any) -> None:
    path = Path(run.fill(part(value, "path")))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(run.fill(part(value, "text", "")), encoding="utf-8")
    if "mode" in value:
        path.chmod(int(str(value["mode"]), 8))
    emit("edit", path=str(path))


def _append(run: Run, value: Any) -> None:
    path = Path(run.fill(part(value, "path")))
    with path.open("a", encoding="utf-8") as file:
        file.write(run.fill(part(value, "text")))
    emit("edit", path=str(path))


def _replace(run: Run, value: Any) -> None:
    path = Path(run.fill(part(value, "path")))
    text, old = path.read_text(encoding="utf-8"), run.fill(part(value, "old"))
    if old not in text:
        raise Wrong(f"replace: {old!r} does not occur in {path}")
    path.write_text(text.replace(old, run.fill(part(value, "new"))), encoding="utf-8")
    emit("edit", path=str(path))


def _delete(run: Run, value: Any) -> None:
    path = Path(run.fill(only(value, "path")))
    path.unlink(missing_ok=True)
    emit("edit", path=str(path))


def _symlink(run: Run, value: Any) -> None:
    path = Path(part(value, "path"))
    path.unlink(missing_ok=True)
    path.symlink_to(part(value, "target"))
    emit("edit", path=str(path))


def _shell(command: str, *words: str) -> int:
    """The player is a foreign program: it starts its own children, as agents do."""
    sys.stdout.flush()
    child = os.posix_spawn("/bin/sh", ["/bin/sh", "-c", command, "sh", *words], dict(os.environ))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _run(run: Run, value: Any) -> None:
    emit("command", command=(command := run.fill(str(value))), exit=_shell(command))


def _commit(run: Run, value: Any) -> None:
    message = run.fill(only(value, "message"))
    code = _shell('git add -A && git -c user.name=agent -c user.email=agent@invalid commit -q -m "$1"', message)
    emit("command", command="git commit", exit=code)


def _result(run: Run, value: Any) -> None:
    given = {str(k).lower(): v for k, v in value.items()}
    lines = [f"STATUS: {given.pop('status', 'complete')}", f"BLOCKER_CODE: {given.pop('blocker_code', 'none')}"]
    for name in ("summary", *RESULT_LISTS, "manual_steps", "next_step"):
        held = given.pop(name, "none")
        shown = "\n".join(f"- {item}" for item in held) if isinstance(held, list) else str(held)
        lines += [f"{name.upper()}:", run.fill(shown)]
    if given:
        raise Wrong(f"result: unknown field {sorted(given)[0]!r}")
    _raw_result(run, "\n".join(lines) + "\n")


def _raw_result(run: Run, value: Any) -> None:
    Path(".agent_result.md").write_text(run.fill(str(value)), encoding="utf-8")
    emit("edit", path=".agent_result.md")


def _quota(run: Run, value: Any) -> None:
    at = str((value or {}).get("reset_at", "")) if isinstance(value, dict) else ""
    if isinstance(value, dict) and "reset_in" in value:
        at = f"{datetime.now(UTC) + timedelta(seconds=float(value['reset_in'])):%Y-%m-%dT%H:%M:%SZ}"
    emit("quota", reset_at=at)
    _fail()


def _error(run: Run, value: Any) -> None:
    emit("error", **{"class": part(value, "class"), "text": run.fill(part(value, "text", ""))})
    _fail()


def _fail() -> None:
    emit("terminal", ok=False)
    raise SystemExit(1)


def _daemon(run: Run, value: Any) -> None:
    """Forks twice with a session of its own: no group kill reaches it, and nobody waits for it."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    time.sleep(float(value.get("seconds", 1)))
    Path(part(value, "touch")).write_text("the daemon lived\n")
    os._exit(0)


def _spend(run: Run, value: Any) -> None:
    for n in range(1, int(value["steps"]) + 1):
        emit("usage", input=n * int(value.get("input", 0)), cost=round(n * float(value.get("cost", 0)), 6))
        time.sleep(float(value.get("every", 0.1)))


def _count(run: Run, value: Any) -> None:
    with Path(only(value, "file")).open("a", encoding="utf-8") as file:
        file.write(f"{run.task} {run.n} {run.agent}\n")


def _keep_prompt(run: Run, value: Any) -> None:
    Path(run.fill(only(value, "file"))).write_text(run.prompt, encoding="utf-8")


def _say(type: str) -> Callable[[Run, Any], None]:
    return lambda run, value: emit(type, text=run.fill(str(value)))


STEPS: dict[str, Callable[[Run, Any], None]] = {
    "write": _write,
    "append": _append,
    "replace": _replace,
    "delete": _delete,
    "symlink": _symlink,
    "run": _run,
    "commit": _commit,
    "say": _say("text"),
    "think": _say("thinking"),
    "deny": _say("denied"),
    "sleep": lambda run, value: time.sleep(float(value)),
    "result": _result,
    "raw_result": _raw_result,
    "usage": lambda run, value: emit("usage", **value),
    "spend": _spend,
    "session": lambda run, value: emit("session", id=run.fill(str(value))),
    "quota": _quota,
    "error": _error,
    "hang": lambda run, value: time.sleep(366 * 86_400),
    "spawn_daemon": _daemon,
    "crash": lambda run, value: os.kill(os.getpid(), signal.SIGKILL),
    "exit": lambda run, value: sys.exit(int(value)),
    "count": _count,
    "keep_prompt": _keep_prompt,
    "answer": lambda run, value: emit(
        "text", text=run.fill(value) if isinstance(value, str) else run.fill(json.dumps(value), in_json=True)
    ),
}

if __name__ == "__main__":
    raise SystemExit(main())
