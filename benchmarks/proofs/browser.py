"""`bin/prove browser`: the page in a real browser (Debian's chromium, headless): every page at two widths and in both
themes, axe on each, the orders by their buttons and by keys alone, an agent at work seen live, a cut connection, a
restarted server with replay and one with another key, hostile requests with the guard on and off, what a first paint
costs beside 100 and 1,000 tasks that are done.

Pictures go to .cache/screens; with AGENT_OS_SCREENS=DIR (docs/screens) those of the README are also written there.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.browser import further, hostile, keyboard, pictures, stage
from benchmarks.proof import Report
from orchestrator.mailbox import text
from orchestrator.model.event import EventKind
from orchestrator.model.names import TaskId
from orchestrator.model.task import Folder
from orchestrator.operations import settings_edit
from orchestrator.web.pages import PAGES
from orchestrator.web.serving import Web
from tests.journeys.world import World

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / ".cache" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
SCREENS = ROOT / ".cache" / "screens"
WIDTHS = (1280, 390)
THEMES = ("light", "dark")
SHOWN = (
    ((1280, 860), "light", {"home.png": "/", "task.png": f"/tasks/{pictures.TASK}"}),
    ((1280, 860), "dark", {"home-dark.png": "/"}),
    ((390, 844), "light", {"phone.png": "/"}),
)
"""Pictures for the README: size, theme, address of each."""


def prove(report: Report) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        chromium = None
    if not chromium or not AXE.is_file():
        report.not_proven.append("no browser, playwright or axe-core here: run bin/setup-browser")
        return
    with tempfile.TemporaryDirectory(prefix="agent-os-browser-") as tmp:
        world = stage.world(Path(tmp) / "world")
        try:
            with sync_playwright() as play:
                browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                _pictures(report, Path(tmp) / "pictures", browser)
                _looks(report, world, browser)
                _orders(report, world, browser)
                _live(report, world, browser)
                _paint(report, world, browser)
                browser.close()
            _hostile(report, world)
        finally:
            world.close()


def _pictures(report: Report, tmp: Path, browser: Browser) -> None:
    """Of a world with an agent at work."""
    world = stage.world(tmp)
    folder = Path(os.environ.get("AGENT_OS_SCREENS") or SCREENS / "readme")
    try:
        with pictures.at_work(world), stage.web(world) as web:
            for (width, height), theme, names in SHOWN:
                page, wrong = _opened(web, browser, width=width, height=height, theme=theme)
                pictures.take(report, page, web.url, folder, names)
                report.failures += [f"console while an agent works: {words}" for words in wrong]
                page.context.close()
    finally:
        world.close()


def _opened(
    web: Web, browser: Browser, *, width: int = 1280, height: int = 800, theme: Any = "light"
) -> tuple[Page, list[str]]:
    """A page of a person who opened the link, and what its console complains of."""
    size: Any = {"width": width, "height": height}
    # Without motion a place is where it is at once.
    context = browser.new_context(viewport=size, color_scheme=theme, reduced_motion="reduce")
    page, wrong = context.new_page(), list[str]()
    page.on("console", lambda m: wrong.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda why: wrong.append(str(why)))
    page.on("request", lambda r: None if r.url.startswith(web.url) else wrong.append(f"outside request: {r.url}"))
    page.goto(web.link)
    return page, wrong


def _paths(world: World) -> dict[str, str]:
    values = {"id": "app-1", "key": "app", "repo": "app", "file": settings_edit.CONFIG}
    found = {p.name: re.sub(r"\{(\w+)(:path)?\}", lambda m: values[m[1]], p.path) for p in PAGES}
    return found | {
        "plan": f"/plans/{world.services.plans.of('app')[0].id}",
        "stopped": "/tasks/app-2",
        "trace": "/ledger/trace?subject=app-1",
    }


def _looks(report: Report, world: World, browser: Browser) -> None:
    SCREENS.mkdir(parents=True, exist_ok=True)
    serious, looked = 0, 0
    with stage.web(world) as web:
        for width in WIDTHS:
            for theme in THEMES:
                page, wrong = _opened(web, browser, width=width, theme=theme)
                for name, path in _paths(world).items():
                    answer = page.goto(web.url + path)
                    where = f"{path} at {width}, {theme}"
                    looked += 1
                    if answer is None or answer.status != 200:
                        report.failures.append(f"{where}: status {answer and answer.status}")
                    page.wait_for_selector("#link[data-live=yes]")
                    if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
                        report.failures.append(f"{where}: {wide} px wide")
                    for each in _axe(page):
                        serious += 1
                        report.failures.append(f"{where}: {each}")
                    _picture(page, name, width, theme)
                report.failures += [f"console at {width}, {theme}: {words}" for words in wrong]
                page.context.close()
        page, _ = _opened(web, browser)
        report.figures["places_of_the_focus"] = keyboard.walk(report, page, web.url, list(_paths(world).values()))
        page.context.close()
    report.hold("pages_looked_at", looked, at_least=40)
    report.hold("axe_serious_or_critical", serious, at_most=0)


def _axe(page: Page) -> list[str]:
    # The page's own policy forbids foreign scripts; the driver's evaluation stands beside it.
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    bad = [v for v in found["violations"] if v["impact"] in ("serious", "critical")]
    return [f"axe {v['id']}: {v['nodes'][0]['target']} ({len(v['nodes'])})" for v in bad]


def _picture(page: Page, name: str, width: int, theme: str) -> None:
    file = f"{name}-{width}-{theme}.png"
    page.screenshot(path=str(SCREENS / file), full_page=True)


def _orders(report: Report, world: World, browser: Browser) -> None:
    """Each by its own button, as a person gives it."""
    given: list[str] = []
    with stage.web(world) as web:
        page, wrong = _opened(web, browser)

        def press(path: str, order: str, *, text: str = "", sure: bool = False) -> None:
            page.goto(web.url + path)
            form = page.locator(f'form[data-order="{order}"]').first
            if text:
                form.locator("textarea").fill(text)
            before = len(world.events(EventKind.ORDER))
            form.locator("button").click()
            if sure:
                page.locator("#sure [value=yes]").click()
            page.locator("#toast:not(:empty)").wait_for()
            kind = page.locator("#toast").get_attribute("data-kind")
            if kind != "done" or len(world.events(EventKind.ORDER)) != before + 1:
                report.failures.append(f"{order}: {page.locator('#toast').text_content()}")
            given.append(order)

        plan = f"/plans/{world.services.plans.of('app')[0].id}"
        press("/tasks/app-7", "task/send", text="Mind the time zones.")
        press("/tasks/app-7", "task/hold")
        press("/", "task/retry")
        press("/tasks/app-8", "task/stop", sure=True)
        press("/tasks/app-1", "task/reject", text="The name is too short.")
        press("/tasks/app-1", "task/approve", sure=True)
        press(plan, "plan/strike")
        press(plan, "plan/approve", sure=True)
        press(f"/plans/{further.another_plan(world)}", "plan/reject", text="Not before the summer.")
        given += further.orders(report, world, page, web.url)
        given += keyboard.orders(report, world, page, web.url)
        # The browser tells of the one order that was to be refused.
        report.failures += [f"console while ordering: {words}" for words in wrong if "409" not in words]
        page.context.close()
    report.hold("orders_by_their_buttons", len(given), at_least=24)


def _live(report: Report, world: World, browser: Browser) -> None:
    """A change is seen without a hand; after a cut, and after a restart of the server, what was missed is made up."""
    web = stage.web(world).start()
    try:
        page, _ = _opened(web, browser)
        page.wait_for_selector("#link[data-live=yes]")
        began = time.monotonic()
        _new(world, page, "Live: a first wish", report)
        report.figures["live_update_seconds"] = round(time.monotonic() - began, 2)
        for connection in list(web.connections()):
            connection.transport.abort()
        _new(world, page, "Live: while the wire was cut", report)
        guard = web.guard
        web.stop()
        page.wait_for_selector("#link[data-live=no]")
        world.issue("Live: while the server was away")
        world.dispatch()
        web = stage.web(world, guard=guard).start()
        _seen(page, "Live: while the server was away", report)
        web.stop()
        web = Web(stage.desk(world), port=guard.port).start()  # another run: other tokens
        page.locator("#ended", has_text="was started again").wait_for(timeout=20_000)
        page.goto(web.link)
        page.wait_for_selector("#link[data-live=yes]")
        if page.locator("#ended").is_visible():
            report.failures.append("an opened new link still says that the run is over")
        page.context.close()
    finally:
        web.stop()


def _new(world: World, page: Page, title: str, report: Report) -> None:
    world.issue(title)
    world.dispatch()
    _seen(page, title, report)


def _seen(page: Page, title: str, report: Report) -> None:
    from playwright.sync_api import TimeoutError as Late

    try:
        page.get_by_role("link", name=title).wait_for(timeout=15_000)
    except Late:
        report.failures.append(f"not seen within 15 s: {title}")


def _paint(report: Report, world: World, browser: Browser) -> None:
    """Beside 100 and beside 1,000 tasks that are done."""
    costs: dict[int, float] = {}
    paints: list[float] = []
    with stage.web(world) as web:
        page, _ = _opened(web, browser)
        for many in (100, 1000):
            _done(world, many)
            answers: list[float] = []
            for _ in range(7):
                page.goto(web.url + "/")
                while not page.evaluate("performance.getEntriesByName('first-contentful-paint').length"):
                    page.wait_for_timeout(5)  # the page's policy forbids the driver's own waiting in it
                timing = page.evaluate("performance.getEntriesByType('navigation')[0].toJSON()")
                answers.append(timing["responseEnd"] - timing["requestStart"])
                paints.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
            costs[many] = min(answers)  # the least is the page's own: others work on this machine, too
        page.context.close()
    report.figures["answer_ms_100_done"] = round(costs[100], 1)
    report.figures["answer_ms_1000_done"] = round(costs[1000], 1)
    report.figures["first_paint_ms_1000_done"] = round(statistics.median(paints[7:]), 1)
    report.hold("answer_1000_over_100_done", costs[1000] / costs[100], at_most=2)


def _done(world: World, many: int) -> None:
    folder = world.services.mailbox.root / Folder.DONE.value
    folder.mkdir(parents=True, exist_ok=True)
    like = world.task("app-1")
    for n in range(10_000, 10_000 + many):
        done = replace(like, id=TaskId(f"app-{n}"), issue=n, title=f"Done long ago {n}", place=Folder.DONE)
        (folder / f"app-{n}.md").write_text(text.dump(done))


def _hostile(report: Report, world: World) -> None:
    fields = {"id": "app-2", "text": "hello"}
    with stage.web(world) as web:
        bad, good = hostile.hostile(web.guard, fields), hostile.honest(web.guard, fields)
        passed = [s.what for s in bad if 0 < hostile.status(web.guard, s) < 400]
        refused = [s.what for s in good if hostile.status(web.guard, s) != 200]
    with stage.web(world, guarded=False) as web:
        bad = hostile.hostile(web.guard, fields)
        still = [s.what for s in bad if hostile.status(web.guard, s) != 200]
    report.figures["hostile_requests"] = len(bad)
    report.hold("hostile_passed", len(passed), at_most=0)
    report.hold("hostile_refused_with_the_guard_off", len(still), at_most=0)
    report.hold("honest_refused", len(refused), at_most=0)
    report.failures += [f"passed: {what}" for what in passed] + [f"refused: {what}" for what in (*refused, *still)]
