"""A person's word about the very head: by review, label or order. Everything else leaves it waiting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from click.testing import CliRunner, Result

from orchestrator.cli import ticking
from orchestrator.cli.app import main
from orchestrator.model.event import EventKind
from orchestrator.model.governance import Via
from orchestrator.model.standing import Who
from orchestrator.operations import OrderRefused, cards
from orchestrator.operations import approve as order
from tests.hub.client import APP, Client
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import BOT, REPO, World, works

LABEL = "agent-os-approved"
WORKFLOW = (
    "name: x\non: [push]\npermissions: {}\njobs:\n  x:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo x\n"
)


@pytest.fixture
def waiting(make: MakeWorld) -> World:
    """A change whose risk asks for a person: judged, green, published, and not merged."""
    return until_it_waits(make(approval={"low": "human", "medium": "human"}))


def until_it_waits(world: World) -> World:
    world.issue()
    for _ in range(2):
        world.round()
    assert world.place() == "review"
    assert "waits for a person's approval" in last_decision(world)
    return world


def last_decision(world: World) -> str:
    return str(world.events(EventKind.PULL_DECIDED)[-1].data["detail"])


def looks(world: World, times: int = 2) -> str:
    """The monitor looks again; where the task is then."""
    for _ in range(times):
        world.ci()
        world.monitor()
    return world.place()


def status(world: World) -> tuple[str, str]:
    """The newest commit status `agent-os/review` of the published head."""
    with Client(world.hub, world.admin.token("ada")) as ada:
        told = ada.ok("GET", f"{APP}/commits/{world.task().pushed_sha}/statuses")
    mine = [s for s in told if s["context"] == "agent-os/review"]
    return (mine[0]["state"], mine[0]["description"]) if mine else ("", "")


def agent_os(world: World, *args: str) -> Result:
    env = {**world.env, "AGENT_OS_CONFIG": str(world.tmp / "config.yaml"), "AGENT_OS_ROOT": str(world.tmp)}
    return CliRunner().invoke(main, list(args), env={**env, "USER": "olga"})


def by_review(world: World) -> None:
    world.admin.review(REPO, world.pull_number(), "APPROVE", actor="ada")


def by_label(world: World) -> None:
    world.clock.advance(5)
    world.admin.label(REPO, world.pull_number(), LABEL, actor="ada")


def by_order(world: World) -> None:
    order.approve(world.services, "app-1", "olga", why="looked at it")


WAYS: dict[str, tuple[Callable[[World], None], str]] = {
    "review": (by_review, "ada"),
    "label": (by_label, "ada"),
    "cli": (by_order, "olga"),
}


@pytest.mark.parametrize("via", WAYS)
def test_a_head_that_waits_for_a_person_lands_by_their_word_which_is_recorded_and_shown(
    waiting: World, via: str
) -> None:
    world = waiting
    give, who = WAYS[via]
    head = world.task().pushed_sha
    assert status(world)[0] == "pending"
    assert "waits for a person: low risk" in status(world)[1]
    give(world)
    assert looks(world) == "done"
    (word,) = world.events(EventKind.APPROVED)
    assert (word.data["by"], word.data["via"], word.data["head"], word.data["approve"]) == (who, via, head, True)
    assert status(world) == ("success", f"approved by {who} ({via}), low risk")
    assert not world.crashes()


def test_a_change_of_a_workflow_is_of_high_risk_and_waits_by_default(make: MakeWorld) -> None:
    world = make()
    world.play({"steps": works(".github/workflows/x.yml", WORKFLOW)})
    until_it_waits(world)
    assert "high risk" in status(world)[1]
    by_review(world)
    assert looks(world) == "done"


def test_the_command_line_tells_the_head_and_the_risk_back(waiting: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world = waiting
    monkeypatch.setattr("orchestrator.cli.here.services", lambda *_: world.services)
    head = str(world.task().pushed_sha)
    said = agent_os(world, "approve", f"{REPO}#{world.pull_number()}")
    assert said.exit_code == 0, said.output
    assert f"{REPO}#{world.pull_number()} at {head[:12]}, low risk: approved by olga" in said.output
    refused = agent_os(world, "reject", "app-1")
    assert refused.exit_code == 2
    assert "--why" in refused.output
    assert world.events(EventKind.ORDER)[-1].data["head"] == head


def by_stranger(world: World) -> None:
    world.admin.review(REPO, world.pull_number(), "APPROVE", actor="mallory")


def by_triager(world: World) -> None:
    world.admin.user("tom")
    world.admin.collaborator(REPO, "tom", "triage")
    world.clock.advance(5)
    world.admin.label(REPO, world.pull_number(), LABEL, actor="tom")


def by_our_account(world: World) -> None:
    world.clock.advance(5)
    world.admin.label(REPO, world.pull_number(), LABEL, actor=BOT)


def before_the_push(world: World) -> None:
    """A label that stood there before the head did, as GitHub tells it."""
    world.admin.label(REPO, world.pull_number(), LABEL, actor="ada")
    move_pushed_at(world, seconds=30)


def move_pushed_at(world: World, seconds: int) -> None:
    from datetime import timedelta

    from orchestrator.model.task import Folder
    from orchestrator.model.times import parse, stamp

    box = world.services.mailbox
    with box.claim(world.task().id) as claim:
        assert claim is not None
        assert claim.folder is Folder.REVIEW
        later = stamp(parse(claim.task.pushed_at) + timedelta(seconds=seconds))
        box.save(claim, replace(claim.task, pushed_at=later))


def then_dismissed(world: World) -> None:
    world.admin.user("dora")
    world.admin.collaborator(REPO, "dora", "write")
    review = world.admin.review(REPO, world.pull_number(), "APPROVE", actor="dora")
    with Client(world.hub, world.admin.token("ada")) as ada:
        ada.ok("PUT", f"{APP}/pulls/{world.pull_number()}/reviews/{review}/dismissals", {"message": "no"})


def then_taken_off(world: World) -> None:
    by_label(world)
    world.admin.unlabel(REPO, world.pull_number(), LABEL, actor="ada")


def of_an_old_head(world: World) -> None:
    """The approval names the base's commit, not the head."""
    base = str(world.task().base_sha)
    with Client(world.hub, world.admin.token("ada")) as ada:
        ada.ok("POST", f"{APP}/pulls/{world.pull_number()}/reviews", {"event": "APPROVE", "commit_id": base})


def of_a_head_in_our_record(world: World) -> None:
    """What the record says of another head is about that head."""
    by_order(world)
    path = world.services.approvals.root / "approvals" / "app-1.jsonl"
    path.write_text(path.read_text().replace(str(world.task().pushed_sha), "a" * 40))


NOT_ENOUGH = (
    by_stranger, by_triager, by_our_account, before_the_push, then_dismissed, then_taken_off, of_an_old_head,
    of_a_head_in_our_record,
)  # fmt: skip


@pytest.mark.parametrize("give", NOT_ENOUGH, ids=lambda g: g.__name__)
def test_what_is_no_persons_standing_word_about_this_head_leaves_it_waiting(
    waiting: World, give: Callable[[World], None]
) -> None:
    world = waiting
    give(world)
    assert looks(world, 3) == "review"
    assert not world.events(EventKind.MERGED)
    assert status(world)[0] == "pending"


def test_an_approval_that_was_seen_and_dismissed_later_counts_no_more(make: MakeWorld) -> None:
    world = until_it_waits(make(approval={"low": "human"}, merge=True, checks="required"))
    world.admin.push(REPO, "main", {"other.txt": "other\n"})  # behind: an approval alone does not land it at once
    review = world.admin.review(REPO, world.pull_number(), "APPROVE", actor="ada")
    from orchestrator.github import pulls
    from orchestrator.pipeline import approving

    ref = (world.task().repo, world.pull_number())
    seen = pulls.watch(world.services.github, [ref])[ref]
    first = approving.standing(world.services, world.task(), seen)
    assert first is not None
    assert first.source == f"review:{review}"
    with Client(world.hub, world.admin.token("ada")) as ada:
        ada.ok("PUT", f"{APP}/pulls/{world.pull_number()}/reviews/{review}/dismissals", {"message": "no"})
    assert looks(world, 3) == "review"
    assert world.events(EventKind.APPROVED)[-1].data["taken_back"] is True


def test_who_approves_and_then_requests_changes_has_not_approved(waiting: World) -> None:
    world = waiting
    world.admin.review(REPO, world.pull_number(), "APPROVE", actor="ada")
    world.admin.review(REPO, world.pull_number(), "REQUEST_CHANGES", body="Rename it.", actor="ada")
    with pytest.raises(OrderRefused, match="ada requested changes"):
        order.approve(world.services, "app-1", "olga")
    world.monitor()
    assert world.place() == "inbox"
    assert not world.events(EventKind.MERGED)
    (*_, state) = [r.data["approve"] for r in world.events(EventKind.APPROVED)]
    assert state is False


def test_a_head_that_was_refused_waits_until_somebody_approves_it(make: MakeWorld) -> None:
    world = make()
    world.issue()
    world.dispatch()
    world.work()
    told = order.reject(world.services, "app-1", "olga", why="not before Monday")
    assert "refused by olga" in told.text
    assert looks(world, 3) == "review"
    assert status(world) == ("failure", "refused by olga: not before Monday")
    world.clock.advance(5)
    by_review(world)
    assert looks(world) == "done"


def test_an_approval_is_carried_over_a_clean_update_and_over_nothing_else(waiting: World) -> None:
    world = waiting
    old = world.task().pushed_sha
    assert old is not None
    order.approve(world.services, "app-1", "olga")
    world.admin.push(REPO, "main", {"other.txt": "other\n"})
    for _ in range(5):
        if world.task().pushed_sha == old:
            world.ci()
            world.monitor()
    new = world.task().pushed_sha
    assert new != old
    world.rounds(lambda: world.place() == "done", most=4)
    words = world.services.approvals.of("app-1")
    assert [(w.head_sha, w.carried) for w in words] == [(old, False), (new, True)]


def test_with_the_operators_own_token_their_label_is_their_word(make: MakeWorld) -> None:
    world = make(approval={"low": "human"})
    world.token = world.admin.token("ada")
    world.build()
    until_it_waits(world)
    by_label(world)
    assert looks(world) == "done"
    assert world.events(EventKind.APPROVED)[0].data["via"] == "label"


def test_a_word_does_not_stand_in_for_a_check(make: MakeWorld) -> None:
    world = make(ci={"test": "false"}, max_ci_rounds=0)
    world.issue()
    world.dispatch()
    world.work()
    world.ci()
    told = order.approve(world.services, "app-1", "olga")
    assert "which an approval does not override" in told.text
    world.monitor()
    assert world.place() == "escalated"
    assert not world.events(EventKind.MERGED)


def test_orders_about_what_is_not_open_are_refused_in_words(waiting: World) -> None:
    world = waiting
    with pytest.raises(OrderRefused, match="no task of ada/app#99"):
        order.approve(world.services, "ada/app#99", "olga")
    with pytest.raises(OrderRefused, match="needs its reason"):
        order.reject(world.services, "app-1", "olga")
    world.admin.push(REPO, "agent/app-1", {"foreign.txt": "x\n"})
    with pytest.raises(OrderRefused, match="not what was published"):
        order.approve(world.services, "app-1", "olga", via=Via.WEB)
    world.admin.close_pull(REPO, world.pull_number())
    with pytest.raises(OrderRefused, match="is not open"):
        order.approve(world.services, "app-1", "olga")
    assert not world.events(EventKind.APPROVED)


def test_the_status_is_set_again_only_when_it_changed(waiting: World) -> None:
    world = waiting
    before = world.services.github.stats.writes
    for _ in range(3):
        world.monitor()
    assert world.services.github.stats.writes == before


def test_a_reason_is_redacted_before_it_is_cut_wherever_it_goes(make: MakeWorld) -> None:
    world = make()
    world.issue()
    world.dispatch()
    world.work()
    half = world.token[: len(world.token) // 2]
    order.reject(world.services, "app-1", "olga", why=f"{'x ' * 50}{world.token} {'y ' * 400}")
    looks(world)
    state, text = status(world)
    assert state == "failure"
    assert len(text) == 140
    kept = (world.services.approvals.root / "approvals" / "app-1.jsonl").read_text()
    told = "".join(p.read_text() for p in world.services.ledger.root.rglob("*.jsonl"))
    assert "olga" in kept
    assert "olga" in told
    for sink in (text, kept, told):
        assert half not in sink


def test_what_was_just_approved_no_longer_waits_for_a_person(waiting: World) -> None:
    def who() -> Who:
        return next(w for w, column in cards.home(waiting.services).columns.items() if column)

    ticking.once(waiting.services, "pr_monitor")
    assert who() is Who.YOU
    order.reject(waiting.services, "app-1", "olga", why="not yet")
    assert who() is Who.YOU
    assert waiting.clock.file is not None
    waiting.clock.file.write_text(f"{int(waiting.clock.file.read_text() or 0) + 5}\n")
    order.approve(waiting.services, "app-1", "olga")
    assert who() is Who.CI, "the monitor's turn"
