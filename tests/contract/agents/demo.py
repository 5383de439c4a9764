"""The demo with a real agent program in place of the scripted engineers, and the stub as its model.

The model has no mind of its own here: for each of the demo's issues it runs a shell command that does what the issue
asks, made from the same scenario the scripted engineers play. Everything between the command and the merge is real: the
program, its sandbox, the proxies, git, the hub.

    python -m tests.contract.agents.demo claude
"""

from __future__ import annotations

import json
import os
import posixpath
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from orchestrator.agents import player
from orchestrator.demo import scenario
from tests.contract.agents import install
from tests.stubs import models

ROOT = Path(__file__).resolve().parents[3]
KEYS = {
    "claude": "ANTHROPIC_API_KEY",
    "codex": "OPENAI_API_KEY",
    "gemini": "GEMINI_API_KEY",
    "opencode": "OPENAI_API_KEY",
}
KEY = "sk-the-users-own-key-0123456789"
VERSIONED = {"claude": "", "codex": "/v1", "gemini": "", "opencode": "/v1"}
"""What follows the stub's address: some programs append the version to the base URL by themselves."""
REVIEW = "You are an independent reviewer"
NOTHING = "echo 'no story of the demo fits this' >&2"


def script(folder: Path) -> Callable[[str], str]:
    """From a prompt to the shell command that does the work of the story it tells."""
    book = folder / "playbook.yaml"
    book.write_text(yaml.safe_dump(scenario.load().playbook(), sort_keys=False, allow_unicode=True))
    scenes = player.load(book)

    def command(text: str) -> str:
        prompt = text.replace("\\n", "\n")  # the request's text is JSON
        run = player.Run(playbook=str(book), prompt=prompt, agent="iris", task="", n=1, kind="run", resume="")
        try:
            steps = player.choose(scenes, run)
        except player.Wrong:
            return NOTHING
        return "\n".join(shell(name, value) for name, value in steps)

    return command


def words(folder: Path) -> Callable[[str], str]:
    """From a prompt to the reviewer's answer, where it is one for a reviewer; bound to its nonce and head."""
    book = folder / "playbook.yaml"
    scenes = player.load(book)

    def say(text: str) -> str:
        prompt = text.replace("\\n", "\n")
        if REVIEW not in prompt:
            return ""
        run = player.Run(
            playbook=str(book), prompt=prompt, agent=scenario.REVIEWER, task="", n=1, kind="ask", resume=""
        )
        [(_, answer)] = player.choose(scenes, run)
        return run.fill(json.dumps(answer))

    return say


def shell(name: str, value: Any) -> str:
    """A step of the playbook as a shell command; steps that tell what a real program tells by itself are nothing."""
    if name in ("write", "append"):
        path, folder = shlex.quote(value["path"]), shlex.quote(posixpath.dirname(value["path"]) or ".")
        sign = ">" if name == "write" else ">>"
        mode = f"\nchmod {value['mode']} {path}" if value.get("mode") else ""
        return f"mkdir -p {folder} && printf %s {shlex.quote(value['text'])} {sign} {path}{mode}"
    if name == "replace":
        code = (
            "import sys; p, a, b = sys.argv[1:]; t = open(p).read(); assert a in t; "
            "open(p, 'w').write(t.replace(a, b, 1))"
        )
        return shlex.join(["python3", "-c", code, value["path"], value["old"], value["new"]])
    if name == "delete":
        return f"rm -f {shlex.quote(value)}"
    if name == "run":
        return f"({value}) || true"
    if name == "result":
        return f"printf %s {shlex.quote(result(value))} > .agent_result.md"
    return ":"


def result(said: dict[str, Any]) -> str:
    """The result file with what the playbook says."""
    lines = [f"STATUS: {said['status']}", "", f"BLOCKER_CODE: {said.get('blocker_code', 'none')}", ""]
    lines += ["SUMMARY:", str(said.get("summary", "")), ""]
    for name in ("done", "decisions", "risks", "tests_run", "attempted_approaches", "blockers"):
        lines += [f"{name.upper()}:", *(f"- {item}" for item in said.get(name) or ["None"]), ""]
    return "\n".join([*lines, "NEXT_STEP:", str(said.get("next_step", "none")), ""])


def run(name: str, *, limit: float = 600) -> dict[str, Any]:
    """`bin/demo --json --agent NAME` from start to end; what it told. Raises AssertionError where it failed."""
    install.install(name)
    with tempfile.TemporaryDirectory(prefix="demo-agent-") as scratch, models.running() as stub:
        folder = Path(scratch)
        stub.script = script(folder)
        stub.says = words(folder)
        config = {
            "operator": "ada",
            "projects": {"main": {"owner": "ada", "repos": [{"repo": "ada/app", "verify": "none"}]}},
            "agents": {
                name: {
                    "command": list(install.command(name)),
                    "base_url": stub.base("ok") + VERSIONED[name],
                    "key_env": KEYS[name],
                    "model": "stub-model",
                }
            },
        }
        (folder / "config.yaml").write_text(yaml.safe_dump(config))
        env = {
            "PATH": os.environ["PATH"],
            "HOME": scratch,
            "TMPDIR": scratch,
            "AGENT_OS_CONFIG": str(folder / "config.yaml"),
            KEYS[name]: KEY,
            **{k: v for k, v in os.environ.items() if k.startswith("AGENT_OS_TEST")},
        }
        argv = [sys.executable, "-m", "orchestrator", "demo", "--json", "--agent", name]
        done = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, timeout=limit, check=False)
        assert done.stdout.strip(), done.stderr[-3000:]
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        told["exit"] = done.returncode
        told["stderr"] = done.stderr[-3000:]
        told["keys_seen"] = sorted({a.key for a in stub.asked})
        told["requests_to_the_model"] = sum(stub.counts.values())
        return told


if __name__ == "__main__":
    for each in sys.argv[1:] or ["claude"]:
        seen = run(each)
        print(json.dumps({k: v for k, v in seen.items() if k != "stderr"}))  # noqa: T201
        if seen["exit"]:
            print(seen["stderr"], file=sys.stderr)  # noqa: T201
            sys.exit(1)
