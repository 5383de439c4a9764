"""The keys of config.yaml that a founder touches, as fields of a form with the schema's own words; the rest is text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from orchestrator.config import places, reference
from orchestrator.model.governance import ApprovalMode, ReviewMode, Risk
from orchestrator.model.names import RepoName
from orchestrator.model.planning import Cadence, PlanApproval
from orchestrator.model.settings import AutomationMode, RepoSettings, Settings
from orchestrator.operations import OrderRefused, settings_edit
from orchestrator.operations.settings_edit import CONFIG, Saved
from orchestrator.services import Services
from orchestrator.yamlread import edit, lines
from orchestrator.yamlread.edit import CannotEdit
from orchestrator.yamlread.lines import Document
from orchestrator.yamlread.problems import At, ConfigError, dotted


class Kind(Enum):
    """How a field is filled in."""

    CHOICE = "choice"
    NUMBER = "number"
    TEXT = "text"
    YAML = "yaml"
    """A piece of the file, as it is written there."""


@dataclass(frozen=True, kw_only=True)
class Field:
    id: str
    """The key as messages name it: `projects.main.repos[0].merge`."""
    name: str
    """The key inside of its group: `budgets.day_usd`."""
    label: str
    help: str
    kind: Kind
    choices: tuple[str, ...] = ()
    said: str = ""
    """What the file says at this place; empty: nothing, so what surrounds it holds."""
    holds: str = ""
    """What holds where nothing is said; empty: the help tells."""


@dataclass(frozen=True, kw_only=True)
class Group:
    id: str
    """The place in the file, `projects.main.repos[0]`; `installation` and `all` for the two at its top."""
    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, kw_only=True)
class _Key:
    at: tuple[str, ...]
    label: str
    means: tuple[str, str]
    """Class of the schema and its field, whose words are the help."""
    kind: Kind = Kind.NUMBER
    choices: tuple[str, ...] = ()
    now: Callable[[RepoSettings], object] | None = None
    whole: Callable[[Settings], object] | None = None
    """What holds, of a key of the whole installation."""


def _values(kind: type[Enum]) -> tuple[str, ...]:
    return tuple(str(member.value) for member in kind)


def _approval(risk: Risk) -> Callable[[RepoSettings], object]:
    return lambda repo: repo.review.approval_of(risk).value


_BOOL = ("true", "false")
_SHARED = (
    _Key(at=("automation_mode",), label="Mode", means=("Shared", "automation_mode"), kind=Kind.CHOICE,
         choices=_values(AutomationMode), now=lambda r: r.automation_mode.value),
    _Key(at=("merge",), label="Merge by itself", means=("Shared", "merge"), kind=Kind.CHOICE, choices=_BOOL,
         now=lambda r: str(r.merge).lower()),
    _Key(at=("review",), label="Review by another agent", means=("Shared", "review"), kind=Kind.CHOICE,
         choices=_values(ReviewMode), now=lambda r: r.review.mode.value),
    *(
        _Key(at=("approval", risk.value), label=f"Approval of {risk.value} risk", means=("Shared", "approval"),
             kind=Kind.CHOICE, choices=_values(ApprovalMode),
             now=_approval(risk))
        for risk in Risk
    ),
    _Key(at=("budgets", "run_usd"), label="USD per run", means=("Budget", "run_usd"),
         now=lambda r: f"{r.budget.run_usd:g}"),
    _Key(at=("budgets", "task_usd"), label="USD per task", means=("Budget", "task_usd"),
         now=lambda r: f"{r.budget.task_usd:g}"),
    _Key(at=("budgets", "day_usd"), label="USD per day", means=("Budget", "day_usd"),
         now=lambda r: f"{r.budget.day_usd:g}"),
    _Key(at=("budgets", "month_usd"), label="USD per month", means=("Budget", "month_usd"),
         now=lambda r: f"{r.budget.month_usd:g}"),
    _Key(at=("plan_approval",), label="Plans", means=("Shared", "plan_approval"), kind=Kind.CHOICE,
         choices=_values(PlanApproval), now=lambda r: r.cadence.plan_approval.value),
    _Key(at=("plan_size",), label="Issues per plan", means=("Shared", "plan_size"),
         now=lambda r: r.cadence.plan_size),
    _Key(at=("sprint_cadence_days",), label="Days between plans", means=("Shared", "sprint_cadence_days"),
         now=lambda r: f"{r.cadence.sprint_cadence_days:g}"),
    _Key(at=("groomer_cadence_days",), label="Days between groomings", means=("Shared", "groomer_cadence_days"),
         now=lambda r: f"{r.cadence.groomer_cadence_days:g}"),
)  # fmt: skip
_WHOLE = (
    _Key(
        at=("max_parallel_workers",),
        label="Tasks at the same time",
        means=("Config", "max_parallel_workers"),
        whole=lambda s: f"{s.max_parallel_workers}, by this machine's memory",
    ),
    _Key(
        at=("digest_hour",),
        label="Hour of the daily summary",
        means=("Config", "digest_hour"),
        whole=lambda s: s.digest_hour,
    ),
    _Key(
        at=("telegram", "quiet_hours"),
        label="Quiet hours",
        means=("Telegram", "quiet_hours"),
        kind=Kind.TEXT,
        whole=lambda s: s.telegram.quiet_hours or "never quiet",
    ),
    _Key(
        at=("telegram", "timezone"),
        label="Time zone",
        means=("Telegram", "timezone"),
        kind=Kind.TEXT,
        whole=lambda s: s.telegram.timezone,
    ),
    _Key(at=("operators",), label="Operators", means=("Config", "operators"), kind=Kind.YAML),
)


NAMES = tuple(dotted(key.at) for key in (*_WHOLE, *_SHARED))
"""Of every field, inside of its group."""


def form(services: Services) -> tuple[Group, ...]:
    """The whole installation, all repositories, then each. Raises OrderRefused; Invalid for a file that cannot be
    read: its text is to be mended first."""
    text, _ = settings_edit.raw(services, CONFIG)
    groups = _groups(services, text)
    document = lines.read(text, "text")
    return tuple(
        Group(
            id=dotted(at) or ("all" if keys is _SHARED else "installation"),
            title=title,
            fields=tuple(_field(document, text, at, key, repo, services.settings) for key in keys),
        )
        for title, at, keys, repo in groups
    )


def save(services: Services, values: Mapping[str, str], *, base: str, person: str) -> Saved:
    """Changes the fields whose value is another than the file's; an empty one takes the key away, so that what
    surrounds it holds. Fields that are left out stay. Raises Invalid, OrderRefused."""
    text, _ = settings_edit.raw(services, CONFIG)
    known = {dotted(at + key.at): (at + key.at, key) for _, at, keys, _ in _groups(services, text) for key in keys}
    for id, value in values.items():
        if id not in known:
            raise OrderRefused(f"{id!r} is no field of the form; edit the text")
        at, key = known[id]
        value = value.strip("\r\n") if key.kind is Kind.YAML else value.strip()
        if value.replace("\r\n", "\n") != _said(lines.read(text, "text"), text, at, key):
            text = _changed(text, at, key, value.replace("\r\n", "\n"))
    return settings_edit.save_raw(services, CONFIG, text, base=base, person=person)


def with_value(text: str, at: At, value: str) -> str:
    """The text with one plain value changed. Raises Invalid, OrderRefused."""
    return _changed(text, at, _Key(at=(), label="", means=("", ""), kind=Kind.TEXT), value)


def _groups(services: Services, text: str) -> list[tuple[str, At, tuple[_Key, ...], RepoSettings | None]]:
    file = services.settings.config_file.name
    try:
        repos = places.of_repos(text, file)
    except ConfigError as why:
        raise settings_edit.Invalid(why.problems) from None
    found: list[tuple[str, At, tuple[_Key, ...], RepoSettings | None]] = [
        ("This installation", (), _WHOLE, None),
        ("All repositories", (), _SHARED, _unsaid(lines.read(text, file))),
    ]
    for name, at in repos.items():
        repo = services.settings.repo(name)
        if at[0] != "allowed_repos":  # a name in a list: there is nothing to put a key into
            found.append((repo.name if repo else name, at, _SHARED, repo))
    return found


def _unsaid(document: Document) -> RepoSettings:
    """What holds for all repositories where the file says nothing for all."""
    days = document.get(("sprint_cadence_days",))
    groomed = Cadence(groomer_cadence_days=max(0, days)) if isinstance(days, int | float) else Cadence()
    return RepoSettings(key="", name=RepoName(""), project="", clone_url="", cadence=groomed)


def _field(document: Document, text: str, at: At, key: _Key, repo: RepoSettings | None, settings: Settings) -> Field:
    said = _said(document, text, at + key.at, key)
    holds = ""
    if not said:  # what else would hold is not known of a key that says something
        holds = str(key.now(repo)) if repo is not None and key.now else str(key.whole(settings)) if key.whole else ""
    return Field(
        id=dotted(at + key.at),
        name=dotted(key.at),
        label=key.label,
        help=_meanings().get(key.means, ""),
        kind=key.kind,
        choices=key.choices,
        said=said,
        holds=holds,
    )


def _said(document: Document, text: str, at: At, key: _Key) -> str:
    if key.kind is Kind.YAML:
        return edit.source(text, at).replace("\r\n", "\n")
    value = document.get(at)
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def _changed(text: str, at: At, key: _Key, value: str) -> str:
    if key.kind is Kind.YAML:
        source = value
    elif key.kind is Kind.TEXT:
        source = edit.scalar(value)
    else:
        # Whatever else was typed is judged by the loader, at its line.
        source = value if not isinstance(lines.plain(value), str) else edit.scalar(value)
    try:
        return edit.edited(text, at, source if value else None)
    except CannotEdit as why:
        raise OrderRefused(str(why)) from None
    except ConfigError as why:
        raise settings_edit.Invalid(why.problems) from None


@lru_cache(maxsize=1)
def _meanings() -> dict[tuple[str, str], str]:
    return reference.meanings()
