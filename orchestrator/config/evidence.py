"""The evidence blocks and budgets of one repository: merged key by key, inner over outer, then checked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import msgspec

from orchestrator.config.placed import Notes
from orchestrator.model.planning import Budget, OutcomeAttribution, PlanningResearch, ProductionFeedback
from orchestrator.model.times import parse
from orchestrator.policy.guarding import STALE
from orchestrator.yamlread.problems import At

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,80}\.md")
_LISTS = {"planning_research": "sources", "production_feedback": "inputs", "outcome_attribution": "checks"}


@dataclass(frozen=True, kw_only=True)
class Evidence:
    research: PlanningResearch
    feedback: ProductionFeedback
    outcomes: OutcomeAttribution
    budget: Budget


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """Resolves the blocks; repositories that say nothing of their own share one result."""

    notes: Notes
    _made: dict[tuple[At, ...], Evidence] = field(default_factory=dict)

    def resolve(self, levels: tuple[At, ...]) -> Evidence:
        """`levels` are the places of file, project and repository, outermost first."""
        names = (*_LISTS, "planning_signals", "budgets")
        said = tuple((*at, n) for at in levels for n in names if self.notes.document.get((*at, n)) is not None)
        if said not in self._made:
            self._made[said] = self._make(levels)
        return self._made[said]

    def _make(self, levels: tuple[At, ...]) -> Evidence:
        trees = {name: self._merged(name, levels) for name in _LISTS}
        self._signals(trees["production_feedback"], levels)
        budget, _ = self._merged("budgets", levels)
        known = len(self.notes.problems)
        self._artifacts(trees)
        _stale(trees["production_feedback"][0])
        for name, (tree, places) in trees.items():
            self._sources(name, tree, places)
        if len(self.notes.problems) > known:
            trees = {name: ({}, {}) for name in _LISTS}
        return Evidence(
            research=msgspec.convert(trees["planning_research"][0], PlanningResearch),
            feedback=msgspec.convert(trees["production_feedback"][0], ProductionFeedback),
            outcomes=msgspec.convert(trees["outcome_attribution"][0], OutcomeAttribution),
            budget=msgspec.convert(budget, Budget),
        )

    def _merged(self, name: str, levels: tuple[At, ...]) -> tuple[dict[str, Any], dict[str, At]]:
        """The block with the place each key came from."""
        tree, places = self.notes.block(name, levels)
        entries = tree.get(_LISTS.get(name, ""))
        if entries is not None:
            tree[_LISTS[name]] = [{k: v for k, v in e.items() if v is not None} for e in entries]
        return tree, places

    def _signals(self, feedback: tuple[dict[str, Any], dict[str, At]], levels: tuple[At, ...]) -> None:
        """Adds the older `planning_signals` to the feedback block."""
        tree, places = feedback
        signals, origin = self._merged("planning_signals", levels)
        if not signals:
            return
        self.notes.warn(origin[next(iter(origin))][:-1], "older spelling of production_feedback")
        inputs = list(tree.get("inputs", ()))
        for n, entry in enumerate(signals.pop("inputs", ())):
            entry = {k: v for k, v in entry.items() if v is not None}
            entry.setdefault("signal_class", entry.pop("input_type", None))
            entry["_at"] = (*origin["inputs"], n)
            inputs.append(entry)
        domains = [*tree.get("allowed_domains", ()), *signals.pop("allowed_domains", ())]
        for key, value in signals.items():
            tree.setdefault(key, value)
        tree["inputs"] = inputs
        tree["allowed_domains"] = list(dict.fromkeys(domains))
        places.setdefault("inputs", origin.get("inputs", ()))

    def _artifacts(self, trees: dict[str, tuple[dict[str, Any], dict[str, At]]]) -> None:
        """Pages of ours in one folder: each a plain name of its own, and none that another page of ours has."""
        taken = {"strategy.md"}
        for name, usual in (("production_feedback", ProductionFeedback), ("planning_research", PlanningResearch)):
            tree, places = trees[name]
            file = str(tree.get("artifact_file") or usual().artifact_file)
            if not _PLAIN.fullmatch(file) or file.casefold() in taken:
                at = places.get("artifact_file") or trees["production_feedback"][1].get("artifact_file", ())
                self.notes.bad(at, "a plain file name that ends in .md, used by no other page of ours", file)
            taken.add(file.casefold())

    def _sources(self, name: str, tree: dict[str, Any], places: dict[str, At]) -> None:
        """What types cannot say: the address fits the type, its host is allowed, times are times, names are unique."""
        domains = {d.casefold() for d in tree.get("allowed_domains", ())}
        seen: set[str] = set()
        for n, entry in enumerate(tree.get(_LISTS[name], ())):
            at: At = entry.pop("_at", None) or (*places[_LISTS[name]], n)
            self._address(at, entry, domains)
            label = str(entry.get("id") or entry.get("name"))
            if label.casefold() in seen:
                self.notes.bad((*at, "id" if "id" in entry else "name"), "each name once", label)
            seen.add(label.casefold())
            if name == "production_feedback":
                self._feedback(at, entry)

    def _address(self, at: At, entry: dict[str, Any], domains: set[str]) -> None:
        wanted, other = ("url", "path") if entry["type"] == "web" else ("path", "url")
        if not entry.get(wanted):
            self.notes.bad((*at, wanted), f"the {wanted} of a {entry['type']} source")
        if entry.get(other):
            self.notes.bad((*at, other), f"no {other} beside type: {entry['type']}", entry[other])
        if wanted == "path" or not entry.get("url"):
            return
        try:
            parts = urlsplit(entry["url"])
            host = (parts.hostname or "").casefold()
        except ValueError:
            self.notes.bad((*at, "url"), "an https address", entry["url"])
            return
        if parts.scheme != "https" or not host or parts.username is not None:
            self.notes.bad((*at, "url"), "an https address", entry["url"])
        elif host not in domains:
            known = ", ".join(sorted(domains)) or "none so far"
            self.notes.bad((*at, "url"), f"an address on one of allowed_domains ({known})", entry["url"])

    def _feedback(self, at: At, entry: dict[str, Any]) -> None:
        if entry.get("signal_class") is None:
            entry.pop("signal_class", None)
            self.notes.bad((*at, "signal_class"), "what the input tells about, e.g. analytics")
        if "input_type" in entry:
            self.notes.bad(
                (*at, "input_type"), "signal_class; input_type belongs to planning_signals", entry["input_type"]
            )
        try:
            if entry.get("observed_at"):
                parse(entry["observed_at"])
        except ValueError:
            self.notes.bad((*at, "observed_at"), "a time such as 2026-03-19T08:00:00Z", entry["observed_at"])


def _stale(feedback: dict[str, Any]) -> None:
    """A block that tells how old its artifact may get and not when entries are stale means thrice that."""
    if "max_age_hours" in feedback:
        feedback.setdefault("stale_after_hours", STALE * feedback["max_age_hours"])
