"""The orders of the further pages by their buttons: repositories, settings, objectives, the ledger's proof."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from benchmarks.proof import Report
from orchestrator.model.event import EventKind
from orchestrator.operations import plans
from tests.journeys.world import World

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


class _Hand:
    """Somebody who gives one order after the other."""

    def __init__(self, report: Report, world: World, page: Page, url: str) -> None:
        self.report, self.world, self.page, self.url = report, world, page, url
        self.given: list[str] = []

    def press(self, path: str, form: str, *, fill: dict[str, str] | None = None, open: str = "") -> str:
        """What the page says of it; an order that is carried out is one more event."""
        self.page.goto(self.url + path)
        for folded in self.page.locator(open).all() if open else ():
            folded.click()
        found: Locator = self.page.locator(form).first
        for name, value in (fill or {}).items():
            found.locator(f'[name="{name}"]').fill(value)
        before = len(self.world.events(EventKind.ORDER))
        ask = found.get_attribute("data-ask")
        found.locator("button").first.click()
        if ask:
            self.page.locator("#sure [value=yes]").click()
        toast = self.page.locator("#toast:not(:empty)")
        toast.wait_for(state="attached")
        self.page.wait_for_timeout(400)  # some orders load the page anew, which then says it again
        toast.wait_for(state="attached")
        told = toast.text_content() or ""
        orders = len(self.world.events(EventKind.ORDER)) - before
        if orders != (0 if self.page.locator("#toast").get_attribute("data-kind") == "refused" else 1):
            self.report.failures.append(f"{form}: {orders} orders in the ledger; {told}")
        self.given.append(form)
        return told


def orders(report: Report, world: World, page: Page, url: str) -> list[str]:
    """Their forms, for counting. The world's configuration says in the end what it said before."""
    hand = _Hand(report, world, page, url)
    config = world.settings.config_file
    before = config.read_text()

    def wants(what: str, so: bool) -> None:
        if not so:
            report.failures.append(f"not so after it was ordered: {what}")

    hand.press(
        "/settings", 'form[data-order="settings-form"]:has([name="group"][value="all"])', fill={"plan_size": "4"}
    )
    wants("plan_size: 4 in the file", "plan_size: 4" in config.read_text())
    told = hand.press("/settings/config", 'form[data-order="settings-text"]', fill={"text": "projects: [\n"})
    wants(f"a broken text is told at its line: {told}", "config.yaml:" in told and "plan_size: 4" in config.read_text())
    hand.press("/settings", 'form[data-order="settings-undo"]')
    wants("undo puts the file back", config.read_text() == before)
    hand.press("/repos", 'form[data-order="repo-switch"]:has([name="what"][value="app"])')
    wants("app is off", bool(world.services.switches.off()))
    hand.press("/repos", 'form[data-order="repo-switch"]:has([name="what"][value="app"])')
    wants("app is on", not world.services.switches.off())
    for mode in ("observe", "full"):
        hand.press("/repos", f'form[data-order="repo-mode"]:has([value="{mode}"])', open="section details > summary")
        wants(f"mode {mode}", f"automation_mode: {mode}" in config.read_text())
    wants("the chain holds", "holds" in hand.press("/ledger", 'form[data-order="ledger-verify"]'))
    config.write_text(before)
    _objective(hand, world, wants)
    return hand.given


def _objective(hand: _Hand, world: World, wants: Callable[[str, bool], None]) -> None:
    """A first objective, a second metric, a weight, and the metric taken out again."""
    edit, file = "/objectives/app/edit", world.tmp / "objectives" / "app.yaml"
    one = {"primary_outcome": "More sums a day", "id": "sums", "source": "evidence/sums.yaml"}
    add = 'form[data-order="objective-add"]'
    hand.press(edit, add, fill=one)
    wants("an objective with one metric", file.is_file() and "id: sums" in file.read_text())
    two = {"id": "errors", "weight": "0.5", "check": "evidence/errors.yaml", "window": "7"}
    hand.press(edit, add, fill=two, open="#add > summary")
    wants("a second metric", "measurement_window_days: 7" in file.read_text())
    told = hand.press(edit, '#metric-errors form[data-order="objective-form"]', fill={"weight": "much"})
    wants(f"what is no number is refused at its line: {told}", "app.yaml:" in told)
    hand.press(edit, '#metric-errors form[data-order="objective-form"]', fill={"weight": "2"})
    wants("its weight", "weight: 2" in file.read_text())
    hand.press(edit, '#metric-errors form[data-order="objective-remove"]')
    wants("the metric is out", "errors" not in file.read_text() and "id: sums" in file.read_text())
    hand.press(edit, 'form[data-order="settings-undo"]')
    wants("undo brings it back", "id: errors" in file.read_text())
    file.unlink()


def another_plan(world: World) -> str:
    """The id of one more that waits for a word."""
    for title in ("Round to the cent", "Tell the time of a run"):
        world.issue(title, ready=False)
    plans.now(world.services, "app", "ada")
    plan = world.services.plans.pending("app")
    assert plan is not None, "the planner made no plan"
    return str(plan.id)
