"""What a hostile reading of governance found: whose words switch checks off, what lands is what was judged."""

from __future__ import annotations

from orchestrator.model.event import EventKind
from orchestrator.model.governance import Risk
from tests.hub.client import APP, Client
from tests.journeys.conftest import MakeWorld
from tests.journeys.steps import published
from tests.journeys.world import REPO, World, works

SWITCHES = ("[skip ci]", "[ci skip]", "[No CI]", "[skip actions]", "***NO_CI***", "skip-checks: true")


def test_nobodys_words_keep_ci_from_what_lands(make: MakeWorld) -> None:
    """GitHub starts nothing for a commit that says so, and a base that nothing tests is never red."""
    words = "\n\n".join(SWITCHES)
    world = make()
    world.play({"steps": works("a.txt", summary=f"Done. {words}")})
    world.issue(f"Add a.txt {SWITCHES[0]}")
    world.dispatch()
    world.work()
    world.ci()
    said = [world.admin.log(REPO, "agent/app-1")[0].message]
    world.rounds(lambda: world.place() == "done")
    said.append(world.admin.log(REPO, "main")[0].message)
    assert [s for s in SWITCHES for message in said if s.casefold() in message.casefold()] == []
    assert all("skip ci" in message for message in said), "the words stand, harmless"


def updated(world: World) -> None:
    for _ in range(8):
        world.monitor()
        if world.events(EventKind.UPDATED):
            return
    raise AssertionError("never brought up to date")


MOVED = "\n".join(f"line {n}" for n in range(30)) + "\n"
"""Long enough for git to see that a file was renamed."""


def test_a_change_that_the_base_moved_to_a_protected_path_is_judged_anew(make: MakeWorld) -> None:
    """The base renames a page to a file of the CI while a change of it waits: nobody judged a change of the CI."""
    world = make(files={"check.sh": "exit 0\n", "docs/page.sh": MOVED}, verify="none")
    world.play({"steps": works("docs/page.sh", MOVED + "rm -r build\n")})
    published(world)
    before = world.task().verdict
    assert before is not None
    assert before.risk is Risk.LOW
    world.admin.push(REPO, "main", {"docs/page.sh": None, ".ci/page.sh": MOVED})
    updated(world)
    world.ci()
    verdict = world.task().verdict
    assert verdict is not None
    assert verdict.head_sha == world.task().pushed_sha
    assert verdict.risk is Risk.HIGH, "as the gate says of that path"
    for _ in range(3):
        world.monitor()
        world.ci()
    assert world.place() == "review", "it waits for a person"


def test_a_train_carries_only_what_is_the_same_change_on_it(make: MakeWorld) -> None:
    """Half of the first change stands in the base by now: it is judged anew, and not as a member of a train."""
    paths = ("one.txt", "two.txt", "six.txt")
    world = make(ci={"test": "true"}, verify="none", max_open_pull_requests=0, top={"max_parallel_workers": 4})
    world.play(*({"when": {"title": p}, "steps": [*works(f"half-{p}", "h\n")[:1], *works(p, p)]} for p in paths))
    for path in paths:
        world.issue(path)
    world.dispatch()
    world.work()
    world.ci()
    assert world.places() == {"review": 3}
    world.admin.push(REPO, "main", {"half-one.txt": "h\n"})
    for _ in range(10):
        world.monitor()
        world.ci()
        world.settle()
    built = [e.data["members"] for e in world.events(EventKind.TRAIN) if e.data["step"] == "built"]
    assert built == [[world.pull_number("app-2"), world.pull_number("app-3")]]
    assert world.places() == {"done": 3}


def test_an_objection_is_not_lost_behind_a_hundred_reviews_of_strangers(make: MakeWorld) -> None:
    world = published(make())
    number = world.pull_number()
    with Client(world.hub, world.admin.token("ada")) as ada:
        ada.ok("POST", f"{APP}/pulls/{number}/reviews", {"event": "REQUEST_CHANGES", "body": "not so"})
    with Client(world.hub, world.admin.token("mallory")) as mallory:
        for _ in range(101):
            mallory.ok("POST", f"{APP}/pulls/{number}/reviews", {"event": "APPROVE"})
    for _ in range(3):
        world.monitor()
    assert world.place() == "inbox"
    assert [r.text for r in world.task().requests] == ["not so"]
