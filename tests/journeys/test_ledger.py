"""The record, seen from outside: its head is told, and what was told cannot be taken back."""

from __future__ import annotations

import functools
import hashlib
import json
import re
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.clock import Clock
from orchestrator.git import Git
from orchestrator.ledger import Ledger
from orchestrator.ledger.anchor import label
from orchestrator.model.event import EventKind
from orchestrator.model.names import Public, Sha
from orchestrator.operations import OrderRefused, records, retrace
from orchestrator.pipeline import anchoring, traces
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import REPO, World, works

HOURLY = {"ledger_anchor_minutes": 60}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path, top=HOURLY, board=False)
    yield world
    world.close()


def merged(world: World, count: int = 1) -> World:
    for n in range(count):
        world.play({"steps": works(f"new{n}.txt")})
        id = f"app-{world.issue(f'Add new{n}.txt')}"
        world.rounds(functools.partial(done, world, id))
    return world


def done(world: World, id: str) -> bool:
    return world.place(id) == "done"


def later(world: World, seconds: float) -> None:
    assert world.clock.file is not None
    world.clock.file.write_text(f"{float(world.clock.file.read_text()) + seconds}\n")


def segment(world: World) -> Path:
    return next(world.services.ledger.root.glob("*.jsonl"))


def cut(world: World, keep: int) -> None:
    """What somebody with this machine in their hands could do: the end is gone."""
    lines = segment(world).read_bytes().splitlines(keepends=True)
    segment(world).write_bytes(b"".join(lines[:keep]))


def seq_of(world: World, kind: EventKind) -> int:
    return world.events(kind)[-1].seq


def person(world: World, tmp: Path) -> Git:
    """Ada's own git, with her own mirror."""
    token = world.admin.token("ada")
    return Git(root=tmp / "ada", worktrees=tmp / "ada-work", clock=Clock(), credentials=lambda url: token)


def commits_to_main(world: World, tmp: Path, message: str) -> Sha:
    """A person pushes a commit with this message straight to main."""
    repository = person(world, tmp).of("app", world.services.repository(world.settings.repos[0]).url)
    repository.fetch()
    tip = repository.head("main")
    assert tip is not None
    sha = repository.write_file_commit(tip, "hers.txt", message.encode(), Public(message), world.services.now())
    repository.push_base("main", sha, expect=tip)
    return sha


def test_the_head_stands_in_the_merge_commit_and_in_a_ref_of_the_repository(world: World) -> None:
    merged(world)
    ledger = world.services.ledger
    seen = records.verify(world.services)
    assert (seen.ok, seen.problems, seen.notes) == (True, (), ())
    assert seen.anchors == seen.matched == 3  # one trailer, and the ref's commit with its file
    [told] = world.events(EventKind.ANCHORED)
    assert (seen.newest_anchor, seen.exposed) == (told.data["seq"], 1)
    merge = world.admin.log(REPO, "main")[0].message.splitlines()[-1].split()
    assert merge[0] == "Ledger:"
    assert ledger.holds(int(merge[1]), merge[2])
    assert merge[3] == label(ledger.name)


def test_no_name_of_this_machine_is_told_outside(world: World) -> None:
    merged(world)
    repository = world.services.repository(world.settings.repos[0])
    told = "\n".join(c.message for c in repository.log("--all"))
    file = repository.read(Sha(str(world.events(EventKind.ANCHORED)[0].data["commit"])), anchoring.FILE)
    assert world.services.ledger.name not in told + (file or b"").decode()


def test_an_installation_at_rest_tells_nothing_and_stays_at_rest(world: World) -> None:
    merged(world)
    world.monitor()
    before = world.services.ledger.head()
    for _ in range(3):
        later(world, 3700)
        assert "the ledger's head was told" not in world.monitor()
    assert world.services.ledger.head() == before


def test_what_is_written_later_is_told_after_an_hour_on_top_of_the_anchor_before(world: World) -> None:
    merged(world, 2)
    assert len(world.events(EventKind.ANCHORED)) == 1
    later(world, 3700)
    world.monitor()
    assert len(world.events(EventKind.ANCHORED)) == 2
    seen = records.verify(world.services)
    assert (seen.ok, seen.exposed, seen.anchors) == (True, 1, 5)


def test_a_repository_where_a_person_works_gets_no_ref_unless_it_is_named(make: MakeWorld) -> None:
    world = make(top={**HOURLY}, automation_mode="dispatcher_only")
    world.issue()
    world.dispatch()
    assert not anchoring.tick(world.services)
    world.config["ledger_anchor"] = REPO
    world.build()
    assert anchoring.tick(world.services)


def test_a_cut_before_the_last_anchor_is_seen_and_one_after_it_is_told_as_exposed(world: World) -> None:
    merged(world)
    head = world.services.ledger.head()[0]
    cut(world, head - 1)  # the ANCHORED event itself: after the anchor
    seen = records.verify(world.services)
    assert (seen.ok, seen.exposed) == (True, 0)
    cut(world, head - 2)
    seen = records.verify(world.services)
    assert not seen.ok
    assert f"but the ledger ends at {head - 2}" in seen.problems[0]
    assert records.verify(world.services, offline=True).ok


def test_a_merge_alone_shows_a_cut_that_took_its_own_event_away(tmp_path: Path) -> None:
    """No ref, and nothing in the ledger says any more that the merge was ours: GitHub does."""
    world = World(tmp_path, board=False)
    merged(world)
    cut(world, seq_of(world, EventKind.PULL_OPENED))
    seen = records.verify(world.services)
    assert "our account merged it" in "\n".join(seen.problems)
    world.close()


def test_a_chain_made_anew_with_another_key_is_seen(world: World) -> None:
    merged(world)
    events = [json.loads(line) for line in segment(world).read_bytes().splitlines()]
    segment(world).unlink()
    key = world.settings.runtime / "state" / "ledger.key"
    key.write_text(hashlib.sha256(b"another").hexdigest())
    for _ in events:
        world.services.record(EventKind.CLAIMED)
    seen = records.verify(world.services)
    assert records.verify(world.services, offline=True).ok
    assert "is not the one that was told outside" in "\n".join(seen.problems)


def test_a_ledger_that_is_gone_is_seen_and_told_at_the_next_hour(world: World) -> None:
    merged(world)
    segment(world).unlink()
    later(world, 3700)
    world.monitor()
    assert "ends at 0" in "\n".join(records.verify(replace(world.services, ledger=gone(world))).problems)
    assert "does not know" in str(world.events(EventKind.ALERT)[-1].data["text"])


def gone(world: World) -> Ledger:
    return replace(world.services.ledger, root=world.tmp / "runtime" / "nowhere")


def test_a_strangers_trailer_is_told_as_what_it_is(world: World, tmp_path: Path) -> None:
    merged(world)
    forged = f"Ledger: 9 {'a' * 64} {label(world.services.ledger.name)}"
    for message in (f"Hers (#1)\n\n{forged}", f"Hers\n\n{forged[:-13]}", f"Hers (#99999)\n\n{forged}"):
        commits_to_main(world, tmp_path, message)
    commits_to_main(world, tmp_path, f"Hers\n\nLedger: {'9' * 30} zz\nLedger: 1 {'b' * 64} {'0' * 12}")
    seen = records.verify(world.services)
    assert seen.ok, seen.problems
    assert [n.split(":")[0] for n in seen.notes].count("no anchor of ours") == 3
    assert any("another ledger" in n for n in seen.notes)
    assert seen.matched == 3


def test_a_person_who_merges_our_pull_request_with_a_forged_line_does_not_break_the_record(tmp_path: Path) -> None:
    world = World(tmp_path, board=False, merge=False)
    world.issue()
    world.round()
    forged = f"Ledger: 2 {'c' * 64}"
    number = world.pull_number()
    request = urllib.request.Request(
        f"{world.settings.github.api_url}/repos/{REPO}/pulls/{number}/merge",
        method="PUT",
        data=json.dumps({"merge_method": "squash", "commit_message": forged}).encode(),
        headers={"Authorization": f"Bearer {world.admin.token('ada')}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as reply:
        assert reply.status == 200
    world.rounds(lambda: world.place() == "done")
    seen = records.verify(world.services)
    assert (seen.ok, len(seen.notes)) == (True, 1)
    world.close()


def test_an_anchor_ref_that_somebody_moved_back_is_seen(world: World, tmp_path: Path) -> None:
    merged(world, 2)
    later(world, 3700)
    world.monitor()
    first, second = (Sha(str(r.data["commit"])) for r in world.events(EventKind.ANCHORED))
    ref = str(world.events(EventKind.ANCHORED)[0].data["ref"])
    world.services.repository(world.settings.repos[0]).push_ref(ref, first, expect=second)
    seen = records.verify(world.services)
    assert f"our anchor {second[:12]} is gone" in "\n".join(seen.problems)


def test_a_foreign_head_in_our_ref_is_never_overwritten_and_told_once(world: World) -> None:
    ref = f"{anchoring.REFS}/{label(world.services.ledger.name)}"
    repository = world.services.repository(world.settings.repos[0])
    repository.fetch()
    theirs = repository.one_file_commit((), "head", b"[" * 3000, Public("theirs"), world.services.now())
    repository.push_ref(ref, theirs, expect=None)
    merged(world)
    for _ in range(3):
        later(world, 700)
        world.monitor()
    assert repository.remote_ref(ref) == theirs
    alerts = [r for r in world.events(EventKind.ALERT) if r.data["subject"] == "ledger-anchor"]
    assert len(alerts) == 1
    assert not records.verify(world.services).ok


def test_a_remote_that_is_away_is_told_once_and_tried_again(world: World) -> None:
    merged(world)
    later(world, 3700)
    world.services.record(EventKind.CLAIMED)
    url = world.services.settings.repos[0].clone_url
    away = replace(
        world.services,
        settings=replace(
            world.settings, repos=(replace(world.settings.repos[0], clone_url=url.replace("127.0.0.1", "127.0.0.9")),)
        ),
    )
    assert not anchoring.tick(away)
    assert not anchoring.tick(away)
    assert not anchoring.tick(world.services)  # not before ten minutes are over
    later(world, 601)
    assert anchoring.tick(world.services)
    assert len([r for r in world.events(EventKind.ALERT) if r.data["subject"] == "ledger-anchor"]) == 1


def test_a_death_between_the_push_and_the_note_of_it_costs_nothing(world: World) -> None:
    merged(world)
    (world.settings.runtime / "state" / "anchors.json").unlink()
    world.services.record(EventKind.CLAIMED)
    assert anchoring.tick(world.services)
    seen = records.verify(world.services)
    assert (seen.ok, seen.exposed) == (True, 1)


def test_a_merge_is_retraced_to_its_issue_prompts_transcript_verdict_and_cost(world: World) -> None:
    merged(world)
    sha = str(world.events(EventKind.MERGED)[0].data["sha"])
    by_task = retrace.retrace(world.services, "app-1")
    for subject in (f"{REPO}#1", f"{REPO.upper()}#1", f"{REPO}#2", sha, sha[:9]):
        assert replace(retrace.retrace(world.services, subject), subject="app-1") == by_task
    [run] = by_task.runs
    assert (by_task.issue, by_task.title, by_task.pull_requests) == (1, "Add new0.txt", (2,))
    assert by_task.vouched[0].data["by"] == "ada"
    assert (run.agent, run.status, run.prompt.stands, run.transcript.stands) == (
        "anna",
        "complete",
        *["as recorded"] * 2,
    )
    text = Path(run.prompt.path).read_text()
    assert hashlib.sha256(text.encode()).hexdigest() == run.prompt.sha256
    assert "Add new0.txt" in text
    assert stat.S_IMODE(Path(run.prompt.path).stat().st_mode) == 0o600
    [verdict], [merge] = by_task.verdicts, by_task.merges
    assert merge.hashes["verdict"] == verdict.hashes["verdict"]
    assert [s.kind for s in by_task.pushes] == ["pushed"]
    assert by_task.usd is None  # the scripted agent does not tell


def test_a_merge_is_not_taken_for_what_was_built_on_it(world: World) -> None:
    merged(world, 2)
    first, second = world.events(EventKind.MERGED)
    judged = [e.data["base"] for e in world.events(EventKind.VERDICT) if e.task == second.task]
    assert judged == [first.data["sha"]], "the second was built on the first"
    assert retrace.retrace(world.services, str(first.data["sha"])).tasks == (first.task,)


def test_a_transcript_that_was_changed_or_is_gone_says_so(world: World) -> None:
    merged(world)
    log = Path(retrace.retrace(world.services, "app-1").runs[0].transcript.path)
    log.write_text(log.read_text() + "nothing happened\n")
    traces.prompt_file(log).unlink()
    [run] = retrace.retrace(world.services, "app-1").runs
    assert (run.prompt.stands, run.transcript.stands) == ("gone", "changed")


@pytest.mark.parametrize("subject", ["app-99", f"{REPO}#77", "deadbeefdead", "../../etc", f"{REPO}#", "#1"])
def test_what_the_record_does_not_know_is_refused_in_words(world: World, subject: str) -> None:
    merged(world)
    with pytest.raises(OrderRefused, match="nothing about"):
        retrace.retrace(world.services, subject)


def agent_os(world: World, *args: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "orchestrator", *args)
    env = {**world.env, "ORCH_ROOT": str(world.tmp)}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_a_person_verifies_and_retraces_on_the_command_line(world: World) -> None:
    merged(world)
    told = agent_os(world, "ledger", "verify")
    assert told.returncode == 0, told.stderr
    assert "the chain holds" in told.stdout
    assert "3 anchors outside, 3 matched" in told.stdout
    assert "exposed tail: 1 events after the last anchor" in told.stdout
    trace = agent_os(world, "ledger", "show", f"{REPO}#1").stdout
    for title in ("vouched for", "findings of the gate", "runs", "pushes", "merge", "every event"):
        assert f"\n{title}\n" in trace
    assert trace.count("as recorded") == 2
    assert {len(sha) for sha in re.findall(r" sha (\w+)", trace)} == {12}, "hashes are told as git tells them"
    assert len(json.loads(agent_os(world, "ledger", "show", "--last", "3", "--json").stdout)) == 3
    cut(world, 5)
    broken = agent_os(world, "ledger", "verify", "--json")
    assert (broken.returncode, json.loads(broken.stdout)["ok"]) == (1, False)
    assert agent_os(world, "ledger", "verify", "--offline").returncode == 0
    unknown = agent_os(world, "ledger", "show", "app-77")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "the ledger has nothing about 'app-77'" in unknown.stderr


def test_anchors_that_cannot_be_fetched_prove_nothing(world: World) -> None:
    merged(world)
    world.hub.stop()
    seen = records.verify(world.services)
    assert not seen.ok
    assert [p.split(" in ")[0] for p in seen.problems] == ["the anchors", "the merges"]
    assert records.verify(world.services, offline=True).ok


def test_a_review_counts_into_the_cost_and_stands_among_the_steps(tmp_path: Path) -> None:
    world = World(tmp_path, board=False, review="advisory")
    world.issue()
    world.rounds(lambda: world.place() == "done")
    trace = retrace.retrace(world.services, "app-1")
    assert [s.kind for s in trace.reviews] == ["reviewed"]
    assert trace.reviews[0].data["reviewer"] == "ben"
    assert trace.usd is None
    assert {"verdict", "review"} <= set(trace.merges[0].hashes)
    world.close()
