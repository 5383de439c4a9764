"""The page without a mouse: everything that can be pressed is reached by Tab, is seen to be, and works by Enter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.proof import Report
from orchestrator.model.event import EventKind
from tests.journeys.world import World

if TYPE_CHECKING:
    from playwright.sync_api import Page

_MARK = """() => {
  const all = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')]
    .filter((e) => e.checkVisibility());
  all.forEach((e, n) => { e.dataset.tab = n; });
  return all.map((e) => `${e.nodeName.toLowerCase()} ${(e.ariaLabel || e.textContent || e.name).trim().slice(0, 40)}`);
}"""
_HERE = """() => {
  const e = document.activeElement, style = getComputedStyle(e), place = e.getBoundingClientRect();
  const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0
    && place.bottom > 0 && place.top < innerHeight && place.right > 0 && place.left < innerWidth;
  const words = e.textContent.trim().slice(0, 60);
  return e === document.body ? null : { tab: e.dataset.tab ?? '', seen, words, id: e.id };
}"""


def walk(report: Report, page: Page, url: str, paths: list[str]) -> int:
    """How many places the focus came to."""
    stops = 0
    for path in paths:
        page.goto(url + path)
        page.wait_for_selector("#link[data-live=yes]")
        wanted = dict(enumerate(page.evaluate(_MARK)))
        reached: set[int] = set()
        for _ in range(len(wanted) + 40):  # scrolled regions are places, too
            page.keyboard.press("Tab")
            here = page.evaluate(_HERE)
            if here is None or (here["tab"] == "0" and 0 in reached):  # once around
                break
            stops += 1
            if here["tab"]:
                reached.add(int(here["tab"]))
            if not here["seen"]:
                report.failures.append(f"{path}: nobody sees that the focus is on {here['words']!r}")
        missed = [words for n, words in wanted.items() if n not in reached]
        report.failures += [f"{path}: not reached by Tab: {words}" for words in missed[:5]]
        page.goto(url + path)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")  # the link that skips the navigation
        if (page.evaluate(_HERE) or {}).get("id") != "main":
            report.failures.append(f"{path}: the first place is no link to the content")
    return stops


def orders(report: Report, world: World, page: Page, url: str) -> list[str]:
    """Two by keys alone: one that is given at once, one that asks first."""
    given = []
    for path, words, sure in (
        ("/ledger", "Prove it on this machine", False),
        ("/repos", "Switch everything off", True),
        ("/repos", "Switch everything on", False),
    ):
        page.goto(url + path)
        page.wait_for_selector("#link[data-live=yes]")
        before = len(world.events(EventKind.ORDER))
        for _ in range(80):
            page.keyboard.press("Tab")
            if (page.evaluate(_HERE) or {}).get("words") == words:
                break
        page.keyboard.press("Enter")
        if sure:
            page.wait_for_selector("#sure[open]")
            page.keyboard.press("Enter")
        page.locator("#toast:not(:empty)").wait_for()
        if len(world.events(EventKind.ORDER)) != before + 1:
            report.failures.append(f"by keys, {words}: {page.locator('#toast').text_content()}")
        given.append(words)
    return given
