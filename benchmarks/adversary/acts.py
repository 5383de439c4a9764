"""What can be done on a host between two calls of ours: each act by an account that is allowed to, seeded."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from benchmarks.adversary import truth
from orchestrator.hub import Hub
from orchestrator.hub.errors import ApiError
from orchestrator.hub.process import ProgramError
from orchestrator.hub.rules import opening
from orchestrator.hub.store import checks, pulls
from orchestrator.hub.store.users import ACTIONS_APP_ID

REFUSED = (ApiError, KeyError, RuntimeError, ProgramError, LookupError)
"""An act that the host refuses now is no act."""
OWNER, HELPER, STRANGER, ROBOT = "ada", "carol", "mallory", "robot"
FORGER = "forger-ci"
"""An app that reports checks under anybody's name."""
LABEL = "agent-os-approved"
STATUS = "agent-os/review"


@dataclass
class Scene:
    """Where the acts happen, and what of them no table of the hub tells afterwards."""

    hub: Hub
    repo: str
    forger: int
    """The forging app's id."""
    files: Mapping[int, Mapping[str, str]]
    """What the author of each issue's change writes: issue -> path -> text."""
    done: dict[str, int] = field(default_factory=dict)
    """Acts by kind that the host let happen."""
    foul: set[int] = field(default_factory=set)
    """Issues whose text somebody untrusted changed since a trusted person last set them Ready."""
    labelled: dict[int, set[tuple[str, str]]] = field(default_factory=dict)
    """Pull request -> (account, head) of each approving label."""
    moved: dict[str, str] = field(default_factory=dict)
    """Branch -> where a person last left it; empty: deleted."""
    rewritten: bool = False
    """main was pushed back by force."""
    later: list[Callable[[], None]] = field(default_factory=list)
    """What takes something back a few calls later."""
    n: int = 0

    def pull(self, rng: random.Random) -> truth.PullTruth:
        """One of the agents' pull requests, an open one where there is any. Raises LookupError."""
        found = [p for p in truth.read(self.hub, OWNER).pulls.values() if self.branch(p.number).startswith("agent/app")]
        ours = [p for p in found if p.open] or found
        return rng.choice(sorted(ours, key=lambda p: p.number))

    def branch(self, number: int) -> str:
        return str(self.hub.admin.find_pull(self.repo, number).head_ref)

    def fresh(self, word: str) -> str:
        self.n += 1
        return f"{word}-{self.n}.txt"


def _push(s: Scene, rng: random.Random, *, force: bool = False) -> None:
    pull = s.pull(rng)
    branch = s.branch(pull.number)
    sha = s.hub.admin.push(s.repo, branch, {s.fresh("evil"): "in\n"}, author=rng.choice((OWNER, HELPER)),
                           force=force, base="main" if force else pull.head)  # fmt: skip
    s.moved[branch] = sha


def push_branch(s: Scene, rng: random.Random) -> None:
    _push(s, rng)


def force_branch(s: Scene, rng: random.Random) -> None:
    _push(s, rng, force=True)


def push_main(s: Scene, rng: random.Random) -> None:
    s.hub.admin.push(s.repo, "main", {s.fresh("main"): "moved on\n"}, author=OWNER)


def overlap_main(s: Scene, rng: random.Random) -> None:
    """A part of what an agent changes comes to main from elsewhere: a clean merge, but another change."""
    issue = rng.choice(sorted(s.files))
    path = sorted(s.files[issue])[-1]
    s.hub.admin.push(s.repo, "main", {path: s.files[issue][path]}, author=OWNER)


def conflict_main(s: Scene, rng: random.Random) -> None:
    issue = rng.choice(sorted(s.files))
    s.hub.admin.push(s.repo, "main", {sorted(s.files[issue])[0]: "theirs\n"}, author=OWNER)


def force_main(s: Scene, rng: random.Random) -> None:
    tip = s.hub.admin.log(s.repo, "main")[0]
    s.hub.admin.push(s.repo, "main", {s.fresh("main"): "rewritten\n"}, author=OWNER, force=True, base=tip.parents[0])
    s.rewritten = True


def _status(s: Scene, sha: str, state: str, context: str) -> None:
    repo = s.hub.admin.repository(s.repo)
    checks.add_status(s.hub.db, repo.id, sha, s.hub.admin.account(HELPER).id, state, context)


def flip_status(s: Scene, rng: random.Random) -> None:
    head = s.pull(rng).head
    _status(s, head, "failure", "lint")
    s.later.append(lambda: _status(s, head, "success", "lint"))


def flip_check(s: Scene, rng: random.Random) -> None:
    """CI takes its word back, then gives it again."""
    head = s.pull(rng).head
    runs = [r for r in _runs(s, head) if r.app_id == ACTIONS_APP_ID and r.status == "completed"]
    run = rng.choice(runs)
    checks.update_run(s.hub.db, run.id, conclusion="failure")
    s.later.append(lambda: _again(s, run.id))


def _again(s: Scene, run: int) -> None:
    checks.update_run(s.hub.db, run, conclusion="success")


def _runs(s: Scene, head: str) -> list[checks.CheckRun]:
    return checks.runs(s.hub.db, s.hub.admin.repository(s.repo).id, [head])[head]


def forge_status(s: Scene, rng: random.Random) -> None:
    _status(s, s.pull(rng).head, rng.choice(("success", "success", "failure")), STATUS)


def forge_check(s: Scene, rng: random.Random) -> None:
    """Another app, or an account, reports under CI's name; half of the time CI itself has said nothing yet."""
    head, repo = s.pull(rng).head, s.hub.admin.repository(s.repo)
    if rng.random() < 0.5:
        s.hub.db.run("DELETE FROM check_runs WHERE head_sha=? AND status='completed'", head)
    if rng.random() < 0.5:
        _status(s, head, "success", "test")
    else:
        checks.add_run(s.hub.db, repo.id, s.forger, head, "test", status="completed", conclusion="success")


def edit_issue(s: Scene, rng: random.Random) -> None:
    issue, who = rng.choice(sorted(s.files)), rng.choice((OWNER, STRANGER, STRANGER))
    s.hub.admin.edit_issue(s.repo, issue, body=f"Something else, {s.fresh('edit')}.", actor=who)
    if who == STRANGER:
        s.foul.add(issue)


def ready_again(s: Scene, rng: random.Random) -> None:
    """The ready label off and on again: an order where a trusted person does it, nothing else."""
    issue, who = rng.choice(sorted(s.files)), rng.choice((OWNER, STRANGER))
    s.hub.admin.unlabel(s.repo, issue, "ready", actor=who)
    s.hub.admin.label(s.repo, issue, "ready", actor=who)
    if who == OWNER:
        s.foul.discard(issue)


def approve_by_label(s: Scene, rng: random.Random) -> None:
    pull, who = s.pull(rng), rng.choice((OWNER, HELPER, STRANGER))
    if LABEL in pull.labels:
        s.hub.admin.unlabel(s.repo, pull.number, LABEL, actor=who)
        return
    s.hub.admin.label(s.repo, pull.number, LABEL, actor=who)
    s.labelled.setdefault(pull.number, set()).add((who, pull.head))


def approve(s: Scene, rng: random.Random) -> None:
    s.hub.admin.review(s.repo, s.pull(rng).number, "APPROVE", "good", actor=rng.choice((OWNER, HELPER, STRANGER)))


def refuse(s: Scene, rng: random.Random) -> None:
    who = rng.choice((OWNER, HELPER, STRANGER))
    s.hub.admin.review(s.repo, s.pull(rng).number, "REQUEST_CHANGES", "not like this", actor=who)


def dismiss(s: Scene, rng: random.Random) -> None:
    pull = s.hub.admin.find_pull(s.repo, s.pull(rng).number)
    review = rng.choice([r for r in pulls.reviews_of(s.hub.db, [pull.id])[pull.id] if r.state != "DISMISSED"])
    pulls.update_review(s.hub.db, review.id, state="DISMISSED")


def close(s: Scene, rng: random.Random) -> None:
    number = s.pull(rng).number
    s.hub.admin.close_pull(s.repo, number, actor=OWNER)
    if rng.random() < 0.7:
        s.later.append(lambda: s.hub.admin.reopen(s.repo, number, actor=OWNER))


def retarget(s: Scene, rng: random.Random) -> None:
    number, viewer = s.pull(rng).number, s.hub.admin.viewer(s.hub.admin.repository(s.repo), OWNER)
    if "other" not in s.hub.admin.branches(s.repo):
        s.hub.admin.push(s.repo, "other", {"other.txt": "x\n"}, author=OWNER, base=_root(s))
    _base(s, viewer, number, "other")
    if rng.random() < 0.5:
        s.later.append(lambda: _base(s, viewer, number, "main"))


def _root(s: Scene) -> str:
    return s.hub.admin.log(s.repo, "main")[-1].sha


def _base(s: Scene, viewer: object, number: int, base: str) -> None:
    pull = s.hub.admin.find_pull(s.repo, number)
    opening.edit_pull(s.hub, viewer, s.hub.admin.repository(s.repo), pull, base=base)  # type: ignore[arg-type]


def delete_branch(s: Scene, rng: random.Random) -> None:
    branch = s.branch(s.pull(rng).number)
    s.hub.admin.delete_branch(s.repo, branch, actor=OWNER)
    s.moved[branch] = ""


def merge_by_hand(s: Scene, rng: random.Random) -> None:
    s.hub.admin.merge_pull(s.repo, s.pull(rng).number, actor=rng.choice((OWNER, HELPER)))


def take_helper(s: Scene, rng: random.Random) -> None:
    """The helper's word counts no more, then again."""
    s.hub.admin.collaborator(s.repo, HELPER, None)
    s.later.append(lambda: s.hub.admin.collaborator(s.repo, HELPER, "write"))


def take_robot(s: Scene, rng: random.Random) -> None:
    s.hub.admin.collaborator(s.repo, ROBOT, "read")
    s.later.append(lambda: s.hub.admin.collaborator(s.repo, ROBOT, "admin"))


def touch_draft(s: Scene, rng: random.Random) -> None:
    """A push to the merge train's own branch."""
    s.hub.admin.push(s.repo, "agent/train-app", {s.fresh("evil"): "in\n"}, author=OWNER,
                     base=s.hub.admin.branches(s.repo)["agent/train-app"])  # fmt: skip
    s.moved["agent/train-app"] = s.hub.admin.branches(s.repo)["agent/train-app"]


Act = Callable[[Scene, random.Random], None]
ALL: Mapping[str, Act] = {
    "push to the branch": push_branch, "force-push of the branch": force_branch, "push to main": push_main,
    "part of the change to main": overlap_main, "conflict to main": conflict_main, "force-push of main": force_main,
    "status flipped": flip_status, "check flipped": flip_check, "our status forged": forge_status,
    "check forged": forge_check, "issue edited": edit_issue, "ready again": ready_again,
    "approving label": approve_by_label, "approved": approve, "changes requested": refuse, "review dismissed": dismiss,
    "closed": close, "retargeted": retarget, "branch deleted": delete_branch, "merged by hand": merge_by_hand,
    "helper's permission taken": take_helper, "our permission taken": take_robot, "push to the train": touch_draft,
}  # fmt: skip
WIRE = ("answer lost", "refused with 502", "applied, then 502")
"""What the line does to a call."""
WRONG_TREE = "wrong tree"
KINDS = (*ALL, *WIRE, WRONG_TREE)


def perform(s: Scene, kind: str, rng: random.Random) -> None:
    try:
        ALL[kind](s, rng)
    except REFUSED:
        return
    s.done[kind] = s.done.get(kind, 0) + 1


def take_back(s: Scene) -> None:
    for undo in s.later:
        try:
            undo()
        except REFUSED:
            continue
    s.later.clear()
