"""Red checks go back to the author: the failing part of the log, redacted, once per new fact."""

from __future__ import annotations

from orchestrator.model.alert import AlertKind
from orchestrator.model.event import EventKind
from tests.journeys.conftest import MakeWorld
from tests.journeys.world import World, works

SECRET = "ghp_" + "Ab3dEf6h" * 4 + "9xYz"
LOUD = (
    "seq 1 3000 | sed 's/^/step /'; test -f good.txt && exit 0; echo 'calc.py:7: error: sum is wrong'; "
    f"echo 'with {SECRET}'; seq 3001 6000 | sed 's/^/step /'; exit 1"
)


def red(make: MakeWorld) -> World:
    world = make(ci={"loud": LOUD}, verify="none")
    world.issue()
    world.dispatch()
    world.work()
    world.ci()
    return world


def test_the_author_gets_the_failing_part_of_a_long_log_without_its_secrets(make: MakeWorld) -> None:
    world = red(make)
    world.monitor()
    (check,) = world.task().failed_checks
    assert "calc.py:7: error: sum is wrong" in check.summary
    assert SECRET not in check.summary
    assert len(check.summary) < 15_000
    prompt = world.tmp / "prompt"
    world.play({"steps": [{"keep_prompt": {"file": str(prompt)}}, *works("good.txt")]})
    world.rounds(lambda: world.place() == "done")
    assert "calc.py:7: error: sum is wrong" in prompt.read_text()
    assert SECRET not in prompt.read_text()


def test_a_restart_tells_the_same_red_checks_no_second_time(make: MakeWorld) -> None:
    world = red(make)
    file = world.services.mailbox.root / "review" / "app-1.md"
    before = file.read_bytes()
    world.monitor()
    told = len(world.comments(1))
    (world.services.mailbox.root / "inbox" / "app-1.md").unlink()
    file.write_bytes(before)  # killed right before the file moved
    world.monitor()
    assert world.place() == "inbox"
    assert len(world.comments(1)) == told
    alerts = [r.data["alert"] for r in world.events(EventKind.ALERT)]
    assert alerts.count(AlertKind.CI_FAILURE.value) == 1
