"""Agents: real programs, real processes; what is told, what is logged, what never reaches them."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import yaml

from orchestrator import agents
from orchestrator.agents import base, contract, player, scripted
from orchestrator.clock import Clock
from orchestrator.install.engineers import PLAYBOOK
from orchestrator.model.names import Public
from orchestrator.model.result import BlockerCode, FailureClass, Status
from orchestrator.model.settings import AgentSettings
from orchestrator.model.stream import Error, Job, Quota, RunOutcome, Terminal, Text

SECRET = "hunter2-hunter2"
PROMPT = "# Task metadata\n\n```yaml\ntask: web-7\ntitle: Fix the parser\nattempt: 2\nkind: correction\n```\nDo it.\n"


def redact(text: str) -> Public:
    return Public(text.replace(SECRET, "[redacted]"))


@pytest.fixture
def job(tmp_path: Path) -> Job:
    (tmp_path / "ws").mkdir()
    return Job(
        task="web-7",
        n=2,
        prompt=PROMPT,
        workspace=str(tmp_path / "ws"),
        home=str(tmp_path / "home"),
        log=str(tmp_path / "logs" / "2.log"),
        wall_seconds=20,
        silence_seconds=20,
    )


def shell(script: str) -> AgentSettings:
    return AgentSettings(name="sh", adapter="shell", command=("/bin/sh", "-c", script))


@pytest.fixture
def playing(tmp_path: Path) -> Callable[..., AgentSettings]:
    def make(text: str, name: str = "codex") -> AgentSettings:
        path = tmp_path / "play.yaml"
        path.write_text(text)
        return AgentSettings(name=name, adapter="scripted", playbook=str(path))

    return make


def steps(*lines: str) -> str:
    return "scenes:\n  - steps:\n" + "".join(f"      - {line}\n" for line in lines)


def run(settings: AgentSettings, job: Job, stop: Callable[[], str] = lambda: "") -> RunOutcome:
    return agents.run(settings, job, clock=Clock(), redact=redact, stop=stop)


def events(job: Job) -> list[dict[str, object]]:
    return [json.loads(line) for line in Path(job.log).with_suffix(".jsonl").read_text().splitlines()]


# --- shell ------------------------------------------------------------------------------------------------------


def test_a_command_line_gets_the_prompt_on_its_input_and_works_in_the_workspace(job: Job) -> None:
    outcome = run(shell("cat > got.txt; echo fine"), job)
    assert (outcome.exit, outcome.failure) == (0, FailureClass.NONE)
    assert (Path(job.workspace) / "got.txt").read_text() == PROMPT
    assert "fine" in Path(job.log).read_text()
    assert [e["text"] for e in events(job)] == ["fine"]
    assert [e["n"] for e in events(job)] == [1]


def test_lines_that_look_like_events_of_another_agent_stay_text(job: Job) -> None:
    run(shell("""echo '{"type": "terminal", "ok": false}'"""), job)
    assert [e["type"] for e in events(job)] == ["Text"]


def test_a_bad_exit_is_a_failure_and_a_signal_is_a_crash(job: Job) -> None:
    assert run(shell("exit 3"), job).failure is FailureClass.UNKNOWN
    assert run(shell("kill -9 $$"), job).failure is FailureClass.CRASHED


def test_an_agent_sees_no_variable_of_ours(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", SECRET)
    monkeypatch.setenv("OTHER_SECRET", SECRET)
    monkeypatch.setenv("MODEL_KEY", "for-the-model")
    named = replace(shell("env"), env=("MODEL_KEY", "GITHUB_TOKEN"))
    run(named, replace(job, env=(("EXTRA", "1"), ("GH_TOKEN", SECRET))))
    seen = {str(e["text"]).split("=", 1)[0] for e in events(job)} - {"PWD", "SHLVL", "_", "OLDPWD"}
    assert seen == {"PATH", "HOME", "LANG", "TZ", "TMPDIR", "GIT_CONFIG_NOSYSTEM", "MODEL_KEY", "EXTRA"}
    text = Path(job.log).read_text()
    assert SECRET not in text
    assert f"HOME={job.home}" in text


def test_both_logs_are_redacted_also_across_the_lines_of_a_key(job: Job) -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEbody1\nMIIEbody2\n-----END RSA PRIVATE KEY-----"
    run(shell(f"echo my {SECRET}; printf '%s\\n' '{key}'; echo after"), job)
    both = Path(job.log).read_text() + Path(job.log).with_suffix(".jsonl").read_text()
    assert SECRET not in both
    assert "MIIE" not in both
    assert both.count("after") == 2


def test_a_key_that_never_ends_hides_no_more_than_a_key_can_be(job: Job) -> None:
    run(shell("echo '-----BEGIN PRIVATE KEY-----'; seq 1 500"), job)
    texts = [e["text"] for e in events(job)]
    assert "300" not in texts
    assert "499" in texts


def test_logs_stop_growing_at_their_limit(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.agents.log.LIMIT", 2000)
    outcome = run(shell("seq 1 5000"), job)
    assert outcome.failure is FailureClass.NONE
    assert Path(job.log).stat().st_size < 2200
    assert "limit is reached" in Path(job.log).read_text()


@pytest.mark.parametrize(
    ("script", "limits", "failure"),
    [
        ("while :; do echo x; sleep 0.05; done", {"wall_seconds": 0.3}, FailureClass.WALL_TIME),
        ("sleep 30", {"silence_seconds": 0.3}, FailureClass.NO_OUTPUT),
    ],
)
def test_watchdogs_end_a_run(job: Job, script: str, limits: dict[str, float], failure: FailureClass) -> None:
    outcome = run(shell(script), replace(job, **limits))  # type: ignore[arg-type]
    assert outcome.failure is failure
    assert outcome.seconds < 10


def test_a_word_from_outside_ends_a_run(job: Job) -> None:
    outcome = run(shell("sleep 30"), job, stop=lambda: "withdrawn")
    assert "withdrawn" in outcome.detail
    assert outcome.failure is FailureClass.UNKNOWN


# --- preflight --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        (AgentSettings(name="claude", adapter="claude", command=("no-such-program-here",)), "not installed"),
        (AgentSettings(name="x", adapter="hal9000"), "unknown adapter"),
        (AgentSettings(name="x", adapter="shell"), "no command"),
        (AgentSettings(name="x", adapter="shell", command=("no-such-program-here",)), "not installed"),
        (AgentSettings(name="x", adapter="scripted"), "no playbook"),
        (AgentSettings(name="x", adapter="scripted", playbook="absent.yaml"), "does not exist"),
    ],
)
def test_what_cannot_run_says_so_before_anything_is_started(settings: AgentSettings, word: str, job: Job) -> None:
    assert word in (agents.preflight(settings) or "")
    outcome = run(settings, job)
    assert (outcome.failure, outcome.exit) == (FailureClass.NOT_INSTALLED, None)
    assert not Path(job.log).exists()


# --- scripted ---------------------------------------------------------------------------------------------------


def test_a_scene_plays_every_kind_of_step(job: Job, playing: Callable[..., AgentSettings], tmp_path: Path) -> None:
    (Path(job.workspace) / "old.txt").write_text("x")
    play = playing(
        steps(
            "session: s-1",
            "think: hm",
            "say: 'run {n} of {task} by {agent}: {title}'",
            r'write: {path: a/b.txt, text: "hello\n", mode: "755"}',
            r'append: {path: a/b.txt, text: "more\n"}',
            "replace: {path: a/b.txt, old: hello, new: bye}",
            "delete: old.txt",
            "symlink: {path: l, target: a/b.txt}",
            "run: echo out; exit 4",
            "deny: write outside",
            f"count: {{file: {tmp_path}/count}}",
            f"keep_prompt: {{file: {tmp_path}/prompt}}",
            "usage: {input: 10, output: 2, cost: 0.5}",
            "result: {status: partial, blocker_code: test_failure, summary: so so, done: [one, two], next_step: go on}",
        )
    )
    outcome = run(play, job)
    ws = Path(job.workspace)
    assert (outcome.exit, outcome.failure, outcome.session) == (0, FailureClass.NONE, "s-1")
    assert (outcome.usage.input_tokens, outcome.usage.cost_usd, outcome.usage.source) == (10, 0.5, "provider")
    assert (ws / "a/b.txt").read_text() == "bye\nmore\n"
    assert os.access(ws / "a/b.txt", os.X_OK)
    assert not (ws / "old.txt").exists()
    assert (ws / "l").readlink() == Path("a/b.txt")
    assert (tmp_path / "count").read_text() == "web-7 2 codex\n"
    assert (tmp_path / "prompt").read_text() == PROMPT
    result = contract.read(ws, 0.0)
    assert result is not None
    assert (result.status, result.blocker_code) == (Status.PARTIAL, BlockerCode.TEST_FAILURE)
    assert (result.done, result.next_step, result.risks) == (("one", "two"), "go on", ())
    told = events(job)
    assert {"type": "Command", "command": "echo out; exit 4", "exit": 4}.items() <= told[-5].items()
    assert "run 2 of web-7 by codex: Fix the parser" in [e.get("text") for e in told]
    assert told[-1]["type"] == "Terminal"


def test_an_agent_may_commit_in_its_own_workspace(job: Job, playing: Callable[..., AgentSettings]) -> None:
    run(playing(steps("run: git init -q", "write: {path: a, text: x}", "commit: the work")), job)
    assert {"command": "git commit", "exit": 0}.items() <= events(job)[-2].items()


SCENES = """
scenes:
  - when: {attempt: 1}
    steps: [say: first]
  - when: {title: "^Fix", kind: correction, agent: "gemini|qwen"}
    steps: [say: second]
  - when: {attempt: [2, 3], prompt: "Do it"}
    steps: [say: third]
  - when: {kind: ask}
    steps: [answer: {ok: true}]
"""


@pytest.mark.parametrize(
    ("agent", "prompt", "said"),
    [
        ("codex", PROMPT.replace("attempt: 2", "attempt: 1"), "first"),
        ("gemini", PROMPT, "second"),
        ("gemini-pro", PROMPT, "third"),
        ("codex", "Do it", "third"),
    ],
)
def test_the_first_scene_that_matches_is_played(
    job: Job, playing: Callable[..., AgentSettings], agent: str, prompt: str, said: str
) -> None:
    run(playing(SCENES, agent), replace(job, prompt=prompt))
    assert events(job)[0]["text"] == said


def test_no_scene_that_matches_is_an_error_with_words(job: Job, playing: Callable[..., AgentSettings]) -> None:
    outcome = run(playing(SCENES), replace(job, prompt="nothing", n=9))
    assert outcome.exit == 2
    assert "no scene matches" in Path(job.log).read_text()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "scenes:\n  - steps:\n      - say: hi\n      - dance: now\n",
            ("play.yaml:4", "step 2", "'dance'", "write, append"),
        ),
        ("scenes:\n  - steps: [say]\n", ("play.yaml:2", "name: value")),
        ("scenes:\n  - when: {moon: full}\n    steps: []\n", ("play.yaml:2", "'moon'", "title, prompt")),
        ("scenes: 3\n", ("list of `scenes`",)),
        ("a: [\n", ("not YAML",)),
        (steps("write: {text: x}"), ("needs 'path'",)),
        (steps("result: {mood: good}"), ("unknown field 'mood'",)),
        (steps("replace: {path: none.txt, old: a, new: b}"), ("none.txt",)),
    ],
)
def test_a_wrong_playbook_says_what_is_wrong_and_where(
    job: Job, playing: Callable[..., AgentSettings], text: str, words: tuple[str, ...]
) -> None:
    outcome = run(playing(text), job)
    log = Path(job.log).read_text()
    assert outcome.exit == 2
    assert outcome.failure is not FailureClass.NONE
    assert all(word in log for word in words), log


@pytest.mark.parametrize(
    ("step", "failure", "exit"),
    [
        ("crash: true", FailureClass.CRASHED, -9),
        ("exit: 3", FailureClass.CRASHED, 3),
        ("exit: 0", FailureClass.CRASHED, 0),
        ("error: {class: auth, text: bad key}", FailureClass.AUTH, 1),
        ("error: {class: sunspots}", FailureClass.UNKNOWN, 1),
        ("quota: {}", FailureClass.QUOTA, 1),
    ],
)
def test_every_bad_end_has_its_class(
    job: Job, playing: Callable[..., AgentSettings], step: str, failure: FailureClass, exit: int
) -> None:
    outcome = run(playing(steps("say: hi", step)), job)
    assert (outcome.failure, outcome.exit) == (failure, exit)


def test_quota_carries_the_providers_reset_time(job: Job, playing: Callable[..., AgentSettings]) -> None:
    assert run(playing(steps("quota: {reset_at: '2026-11-21T12:00:00+01:00'}")), job).reset_at == "2026-11-21T11:00:00Z"
    assert run(playing(steps("quota: {reset_in: 60}")), job).reset_at > "2026"
    assert run(playing(steps("quota: {reset_at: soon}")), job).reset_at == ""


def test_a_scene_without_a_step_did_nothing(job: Job, playing: Callable[..., AgentSettings]) -> None:
    assert run(playing("scenes:\n  - steps: []\n"), job).failure is FailureClass.DID_NOTHING


def test_a_hanging_scene_is_ended_by_silence(job: Job, playing: Callable[..., AgentSettings]) -> None:
    outcome = run(playing(steps("say: hi", "hang: true")), replace(job, silence_seconds=0.4))
    assert outcome.failure is FailureClass.NO_OUTPUT


def test_the_session_to_go_on_with_reaches_the_agent(job: Job, playing: Callable[..., AgentSettings]) -> None:
    outcome = run(playing(steps("session: '{resume}'", "say: x")), replace(job, resume="s-77"))
    assert outcome.session == "s-77"


@pytest.mark.parametrize("hostile", ["--flag", "a b", "x" * 200, "../up"])
def test_a_session_id_that_is_no_id_is_not_kept(job: Job, playing: Callable[..., AgentSettings], hostile: str) -> None:
    assert run(playing(steps(f"session: '{hostile}'", "say: x")), job).session == ""


def test_a_daemon_of_the_agent_outlives_its_group_as_real_ones_do(
    job: Job, playing: Callable[..., AgentSettings], tmp_path: Path
) -> None:
    run(playing(steps(f"spawn_daemon: {{seconds: 0.3, touch: {tmp_path}/alive}}", "say: gone")), job)
    assert not (tmp_path / "alive").exists()
    until = time.monotonic() + 5
    while not (tmp_path / "alive").exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert (tmp_path / "alive").exists()


def test_a_workspace_cannot_put_its_own_modules_in_the_players_place(
    job: Job, playing: Callable[..., AgentSettings]
) -> None:
    for name in ("yaml.py", "argparse.py", "sitecustomize.py"):
        (Path(job.workspace) / name).write_text("raise SystemExit(7)\n")
    planted = replace(job, env=(("PYTHONPATH", job.workspace),))
    assert run(playing(steps("say: mine")), planted).failure is FailureClass.NONE


def test_the_documented_steps_are_the_steps_there_are() -> None:
    documented = player.__doc__ or ""
    assert all(f"- {name}: " in documented for name in set(player.STEPS) - {"append"})
    assert "append" in documented


def test_the_player_imports_nothing_of_ours() -> None:
    lines = Path(player.__file__).read_text().splitlines()
    assert not [line for line in lines if line.startswith(("from orchestrator", "import orchestrator"))]


# --- ask --------------------------------------------------------------------------------------------------------


def ask(settings: AgentSettings, tmp_path: Path, timeout: float = 20) -> agents.Reply | agents.NoReply:
    log, home = tmp_path / "ask.log", tmp_path / "ask-home"
    return agents.ask(settings, "Which?", timeout=timeout, home=home, log=log, redact=redact, schema_hint="JSON only")


def test_a_question_gets_the_json_it_asked_for(playing: Callable[..., AgentSettings], tmp_path: Path) -> None:
    reply = ask(playing(SCENES), tmp_path)
    assert isinstance(reply, agents.Reply)
    assert json.loads(reply.text) == {"ok": True}
    assert not list((tmp_path / "ask-home").glob("ask-*"))


def test_a_question_holds_no_secret(tmp_path: Path) -> None:
    told = tmp_path / "told"
    prompt = f"Is {SECRET} a good name?"
    agents.ask(
        shell(f"cat > {told}"), prompt, timeout=20, home=tmp_path / "ask-home", log=tmp_path / "ask.log", redact=redact
    )
    assert "[redacted] a good name" in told.read_text()
    assert SECRET not in told.read_text()


def test_json_inside_other_words_is_found_and_two_values_are_not_chosen_from(tmp_path: Path) -> None:
    one = ask(shell("""cat; echo Sure:; echo '```json'; echo '{"a":'; echo '[1]}'; echo '```'"""), tmp_path)
    two = ask(shell("""echo '{"a": 1} or {"a": 2}'"""), tmp_path)
    assert isinstance(one, agents.Reply)
    assert json.loads(one.text) == {"a": [1]}
    assert isinstance(two, agents.Reply)
    assert two.text == '{"a": 1} or {"a": 2}'


def test_a_question_without_an_answer_says_why(playing: Callable[..., AgentSettings], tmp_path: Path) -> None:
    assert ask(shell("sleep 20"), tmp_path, timeout=0.3) == agents.NoReply(
        why="sh: wall_time it passed its time limit", failure=FailureClass.WALL_TIME
    )
    refused = ask(playing(steps("quota: {reset_at: '2026-11-21T12:00:00Z'}")), tmp_path)
    assert isinstance(refused, agents.NoReply)
    assert (refused.failure, refused.reset_at) == (FailureClass.QUOTA, "2026-11-21T12:00:00Z")


def test_a_program_that_fails_at_a_question_is_quoted_with_its_first_line(tmp_path: Path) -> None:
    script = f"echo >&2; echo 'no model {SECRET}: set one' >&2; printf '\\033[31mmore\\n' >&2; exit 3"
    assert ask(shell(script), tmp_path) == agents.NoReply(
        why="sh: unknown exit code 3; it said: no model [redacted]: set one", failure=FailureClass.UNKNOWN
    )
    long = ask(shell("printf '%05000d\\n' 1 >&2; exit 1"), tmp_path)
    assert isinstance(long, agents.NoReply)
    assert long.why == f"sh: unknown exit code 1; it said: {'0' * 159}…"


@pytest.mark.parametrize("text", ["{" * 5000, "[" * 5000, '{"a": ' * 300, "", "x" * 10000])
def test_hostile_answers_are_only_text(text: str) -> None:
    assert agents.only_json(text) == text


# --- the outcome, from events and exit --------------------------------------------------------------------------

BAD, GOOD = Terminal(ok=False), Terminal(ok=True)


@pytest.mark.parametrize(
    ("told", "exit", "killed", "failure"),
    [
        ((Text(text="x"), GOOD), 0, "", FailureClass.NONE),
        ((Text(text="x"), Error(failure=FailureClass.SERVER), GOOD), 0, "", FailureClass.NONE),
        ((Text(text="x"), Quota(), GOOD), 0, "", FailureClass.NONE),
        ((Text(text="x"), Quota(), BAD), 0, "", FailureClass.QUOTA),
        ((Text(text="x"), Error(failure=FailureClass.AUTH), BAD), 0, "", FailureClass.AUTH),
        ((Text(text="x"), GOOD), 1, "", FailureClass.UNKNOWN),
        ((Text(text="x"),), 0, "", FailureClass.CRASHED),
        ((Text(text="x"), GOOD), None, "silence", FailureClass.NO_OUTPUT),
        ((Error(failure=FailureClass.NETWORK),), None, "wall", FailureClass.WALL_TIME),
        ((GOOD,), 0, "", FailureClass.DID_NOTHING),
    ],
)
def test_a_good_end_needs_both_the_word_and_the_exit(
    told: tuple[Text | Error | Quota | Terminal, ...], exit: int | None, killed: str, failure: FailureClass
) -> None:
    tally = base.Tally()
    for event in told:
        tally.add(event)
    assert base.settle(tally, exit, killed, 1.0, terminal=True).failure is failure


def test_unknown_and_broken_event_lines_are_text(job: Job) -> None:
    reader = scripted.reader(job)
    for line in ('{"type": "dance"}', '{"type": ', '{"type"' + "[" * 5000, "plain"):
        assert list(reader.line(line)) == [Text(text=line)]
    assert not list(reader.line("   "))
    assert sys.getrecursionlimit() < 5000


@pytest.mark.parametrize("name", ["prompt.md", ".agent-os/deep/prompt.md"])
def test_what_a_run_left_in_its_home_leads_nothing_of_ours_elsewhere(name: str, job: Job, tmp_path: Path) -> None:
    """Links in the place of a file, of its folders and of the folder for temporary files; things that are no folder."""
    agent = cast(base.Agent, SimpleNamespace(files=lambda *_: {name: "the prompt"}, env=base.no_env))
    home, elsewhere = Path(job.home), tmp_path / "elsewhere"
    (elsewhere / "deep").mkdir(parents=True)
    (elsewhere / "kept").write_text("kept")
    home.mkdir()
    first = name.split("/")[0]
    for made in ("link to folder", "link to file", "dangling link", "file", "folder", "fifo"):
        for place in (home / first, home / "tmp"):
            if place.is_dir() and not place.is_symlink():
                shutil.rmtree(place)
            place.unlink(missing_ok=True)
            match made:
                case "link to folder":
                    place.symlink_to(elsewhere)
                case "link to file":
                    place.symlink_to(elsewhere / "kept")
                case "dangling link":
                    place.symlink_to(elsewhere / "absent")
                case "file":
                    place.write_text("x")
                case "folder":
                    place.mkdir()
                case "fifo":
                    os.mkfifo(place)
        agents.environment(agent, job, AgentSettings(name="x", adapter="x"))
        assert (home / name).read_text() == "the prompt"
        assert (home / "tmp").is_dir()
        assert not (home / "tmp").is_symlink()
        assert sorted(p.name for p in elsewhere.rglob("*")) == ["deep", "kept"]
        assert (elsewhere / "kept").read_text() == "kept"


def test_the_rehearsal_engineer_has_a_word_about_each_criterion_that_a_reviewer_is_asked_about() -> None:
    asked = "nonce: n1\nhead_sha: abc\n\n# Success criteria\n\n> c1: It 'works'.\n> c2: Tests.\n\n# Gate\n\n> c9: no\n"
    run = player.Run(playbook="", prompt=asked, agent="a", task="t", n=1, kind="ask", resume="")
    scenes = yaml.safe_load(PLAYBOOK)["scenes"]
    [(_, answer)] = player.choose(scenes, run)
    told = json.loads(run.fill(json.dumps(answer), in_json=True))
    assert [(c["id"], c["met"]) for c in told["criteria"]] == [("c1", True), ("c2", True)]
    assert told["nonce"] == "n1"
    other = replace(run, prompt="Answer with one word.")
    assert [name for name, _ in player.choose(scenes, other)] == ["answer"], "a question has nothing to write to"
