"""The defences, each of which can be switched off: by the configuration where it can, else in this process only."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, cast
from unittest import mock

from orchestrator import gate
from orchestrator.github import issues
from orchestrator.model.governance import Risk
from orchestrator.model.names import Public, RepoName
from orchestrator.pipeline import background, prompt, report, trusting, wishes
from orchestrator.policy import ci_words, hidden, review, sections
from orchestrator.policy.trust import Standing
from orchestrator.redact import Hit, Redactor
from orchestrator.services import Services

CONFIG: Mapping[str, Mapping[str, Any]] = {
    "sandbox": {"sandbox": "off", "merge_without_sandbox": True},
    "reviewer": {"review": "off"},
    "a person for high risk": {"approval": {Risk.HIGH.value: "auto"}},
    "who is trusted": {"trusted_authors": ["mallory"]},
    "base tests": {"gate": {"base_tests": False}},
    "size budget": {"gate": {"max_lines": 0, "max_files": 0}},
    "banned patterns": {"gate": {"banned": []}},
}
"""Keys of every repository."""


@dataclass(frozen=True, kw_only=True)
class Nothing(Redactor):
    """Takes nothing for a secret."""

    def __call__(self, text: str) -> Public:
        return Public(text)

    def find(self, text: str) -> tuple[Hit, ...]:
        return ()


def config(repo: dict[str, Any], off: Sequence[str]) -> None:
    for name in off:
        for key, value in CONFIG.get(name, {}).items():
            repo[key] = deepcopy({**repo.get(key, {}), **value} if isinstance(value, dict) else value)


def services(services: Services, off: Sequence[str]) -> Services:
    if "redaction" not in off:
        return services
    blind = Nothing()
    return replace(services, redact=blind, ledger=replace(services.ledger, redact=blind))


@contextlib.contextmanager
def patched(off: Sequence[str]) -> Iterator[None]:
    """What no key of the configuration switches off."""
    with contextlib.ExitStack() as stack:
        for name in off:
            if name.startswith("gate: "):
                checks = {k: v for k, v in gate.CHECKS.items() if k != name.removeprefix("gate: ")}
                stack.enter_context(mock.patch.dict(cast(dict[str, Any], gate.CHECKS), checks, clear=True))
            for where, attribute, value in PATCHES.get(name, ()):
                stack.enter_context(mock.patch.object(where, attribute, value))
        yield


def _same(text: str) -> str:
    return text


def _any_nonce(text: str, *, nonce: str, head: str, **asked: Any) -> review.Answer:
    """The answer as if it had been given to this question."""
    return _parse(text.replace("0" * 40, head).replace("0" * 32, nonce), nonce=nonce, head=head, **asked)


def _with_comments(services: Services, task: Any, *rest: Any) -> prompt.Context:
    """What is said below the issue as part of what is known."""
    found = issues.comments(services.github, RepoName(task.repo), task.issue)
    return replace(_gather(services, task, *rest), principles="\n".join(c.body for c in found))


_parse, _gather = review.parse, background.gather
PATCHES: Mapping[str, tuple[tuple[Any, str, Callable[..., Any]], ...]] = {
    "hidden text is left out": (
        (hidden, "shown", _same), (sections, "shown", _same), (sections, "visible", _same), (wishes, "visible", _same),
    ),
    "comments reach no prompt": ((background, "gather", _with_comments),),
    "foreign text is quoted": ((prompt, "_quote", _same),),
    "the reviewer's nonce": ((review, "parse", _any_nonce),),
    "foreign words are defused": ((report, "defused", _same), (ci_words, "title", _same)),
    "who set it Ready": ((trusting, "standing", lambda *asked: Standing.TRUSTED),),
}  # fmt: skip
