"""How much a repository's work is done by itself: observe, dispatcher_only, full. More of it needs a person's consent,
after they were told what will then happen."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.config import places
from orchestrator.model.governance import ApprovalMode
from orchestrator.model.planning import PlanApproval
from orchestrator.model.settings import AutomationMode, RepoSettings
from orchestrator.operations import OrderRefused, settings_edit, settings_form
from orchestrator.services import Services
from orchestrator.yamlread.problems import At, ConfigError

_MORE = (AutomationMode.OBSERVE, AutomationMode.DISPATCHER_ONLY, AutomationMode.FULL)
"""Each does more by itself than the one before."""


@dataclass(frozen=True, kw_only=True)
class ModeLine:
    repo: str
    name: str
    """owner/name."""
    mode: str


@dataclass(frozen=True, kw_only=True)
class ModeChange:
    """One repository, before and after."""

    repo: str
    name: str
    before: str
    after: str
    consent: bool
    """More will be done by itself: a person has to say yes."""
    now: tuple[str, ...]
    """What will happen, in sentences."""


def modes(services: Services, name: str = "") -> tuple[ModeLine, ...]:
    """Of one repository, or of all. Raises OrderRefused for an unknown one."""
    return tuple(ModeLine(repo=r.key, name=r.name, mode=r.automation_mode.value) for r in _meant(services, name))


def would(services: Services, mode: AutomationMode, name: str = "") -> tuple[ModeChange, ...]:
    """What an order would change; empty name = every repository. Raises OrderRefused for an unknown one."""
    return tuple(
        ModeChange(
            repo=repo.key,
            name=repo.name,
            before=repo.automation_mode.value,
            after=mode.value,
            consent=_MORE.index(mode) > _MORE.index(repo.automation_mode),
            now=happens(services, repo, mode),
        )
        for repo in _meant(services, name)
    )


def change(
    services: Services, mode: AutomationMode, name: str = "", *, person: str, consent: bool = False
) -> tuple[ModeChange, ...]:
    """Writes the mode into config.yaml, at the repository; without a name at every one. The next tick of each role
    goes by it. `consent`: the person was told what `would` says and agrees.

    Raises OrderRefused without the consent that is needed; Invalid.
    """
    told = would(services, mode, name)
    if not consent and (asks := [c.repo for c in told if c.consent]):
        more = f"{', '.join(asks)}: more would be done by itself in {mode.value}"
        raise OrderRefused(f"{more}; say yes to it first (`--yes` on the command line)")
    changes = [c for c in told if c.before != c.after]
    if changes:
        text, base = settings_edit.raw(services, settings_edit.CONFIG)
        for each in changes:
            text = settings_form.with_value(text, (*_place(services, text, each.name), "automation_mode"), mode.value)
        why = ", ".join(f"{c.repo}: {c.before} to {c.after}" for c in changes)
        settings_edit.save_raw(services, settings_edit.CONFIG, text, base=base, person=person, why=f"mode of {why}")
    return told


def happens(services: Services, repo: RepoSettings, mode: AutomationMode) -> tuple[str, ...]:
    """What that mode does in this repository, by its other settings."""
    if mode is AutomationMode.OBSERVE:
        return ("Each tick says what it would do and does nothing: no agent runs, nothing is written on GitHub.",)
    project = services.settings.project(repo.project)
    board = f"set to {_ready(services, repo)} on the board" if project.number else f"labelled {repo.ready_label}"
    said = [
        f"Issues {board} by people who are trusted are worked on by agents, in folders of their own.",
        "Each change that passes the gate becomes a pull request.",
    ]
    if mode is AutomationMode.DISPATCHER_ONLY:
        said.append("Nothing is merged, repaired or filed by itself: that stays with you.")
    else:
        said += [_merging(repo), *_loop(repo)]
    budget = repo.budget
    said.append(
        f"At most {budget.day_usd:g} USD a day and {budget.month_usd:g} USD a month are spent here (0 = no end)."
    )
    said.append(f"`agent-os off {repo.key}` stops it at once, `agent-os mode {repo.key} observe` for good.")
    return tuple(said)


def _ready(services: Services, repo: RepoSettings) -> str:
    from orchestrator.model.issue import BoardStatus

    return services.settings.project(repo.project).statuses.name(BoardStatus.READY)


def _merging(repo: RepoSettings) -> str:
    if not repo.merge:
        return "Pull requests stay open: merging is yours."
    human = [risk.value for risk, how in repo.review.approval if how is ApprovalMode.HUMAN]
    waits = f"; those of {' and '.join(human)} risk wait for your approval" if human else ""
    return f"Green pull requests are merged by themselves{waits}."


def _loop(repo: RepoSettings) -> list[str]:
    cadence, said = repo.cadence, []
    if cadence.sprint_cadence_days > 0:
        how = "waits for your yes" if cadence.plan_approval is PlanApproval.REQUIRED else "starts by itself"
        said.append(
            f"Every {cadence.sprint_cadence_days:g} days at most {cadence.plan_size} issues are planned; a plan {how}."
        )
    if cadence.new_issues_per_day:
        said.append(f"Up to {cadence.new_issues_per_day} issues a day are filed by the program itself.")
    return said


def _meant(services: Services, name: str) -> tuple[RepoSettings, ...]:
    if not name:
        return services.settings.repos
    repo = services.settings.repo(name)
    if repo is None:
        known = ", ".join(r.key for r in services.settings.repos)
        raise OrderRefused(f"{name!r} is no managed repository; expected one of {known}")
    return (repo,)


def _place(services: Services, text: str, name: str) -> At:
    try:
        at = places.of_repos(text, services.settings.config_file.name).get(name.casefold())
    except ConfigError as why:
        raise settings_edit.Invalid(why.problems) from None
    if at is None:
        raise OrderRefused(f"{name} is not in the file any more; nothing was written")
    return at
