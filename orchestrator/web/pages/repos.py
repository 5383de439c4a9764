"""Repos: how much is done by itself, on and off, and how each is."""

from __future__ import annotations

from orchestrator.model.operators import Right
from orchestrator.model.settings import AutomationMode
from orchestrator.operations import OrderRefused, modes, repos_page, switch
from orchestrator.web.page import Answer, Asked, Crumb, Given, Order, Page, Shown


def show(asked: Asked) -> Shown:
    seen = repos_page.page(asked.services)
    return Shown(template="repos.html", title="Repos", crumbs=(Crumb(words="Repos"),), values={"seen": seen})


def turn(given: Given) -> Answer:
    if given["on"] not in ("yes", "no"):
        raise OrderRefused("on: yes or no")
    done = switch.turn(given.services, on=given["on"] == "yes", what=given["what"], person=given.person)
    return Answer(text=done.text)


def mode(given: Given) -> Answer:
    try:
        wanted = AutomationMode(given["mode"])
    except ValueError:
        raise OrderRefused("mode: one of " + ", ".join(m.value for m in AutomationMode)) from None
    if given.services.settings.repo(given["repo"]) is None:
        raise OrderRefused(f"{given['repo']!r} is no managed repository")
    agreed = given["consent"] == "yes"
    modes.change(given.services, wanted, given["repo"], person=given.person, consent=agreed)
    return Answer(text=f"{given['repo']} is in {wanted.value} from the next tick on", go="/repos")


PAGES = (Page(name="repos", path="/repos", show=show, nav="Repos"),)
ORDERS = (
    Order(name="repo-switch", right=Right.ORDER, run=turn, fields=("on", "what")),
    Order(name="repo-mode", right=Right.ORDER, run=mode, fields=("repo", "mode", "consent")),
)
