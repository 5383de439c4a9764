"""Every page in the order of the navigation, and every order. To add one: a module here, a template, one line below."""

from __future__ import annotations

from orchestrator.web.page import Order, Page
from orchestrator.web.pages import agents, history, home, ledger, objectives, plans, repos, settings, tasks

_MODULES = (home, tasks, plans, objectives, agents, history, ledger, repos, settings)
"""Each has PAGES, and ORDERS where it takes any."""

PAGES: tuple[Page, ...] = tuple(page for module in _MODULES for page in module.PAGES)
ORDERS: tuple[Order, ...] = tuple(order for module in _MODULES for order in getattr(module, "ORDERS", ()))
