"""`agent-os init`: from a token to an installation that works, in steps that can be repeated.

All is found out before anything is made, so that what cannot work is told first. Every step looks before it writes and
notes what it made; one that fails leaves the earlier ones standing, and the next call goes on from there. Nothing is
done to the repositories but labels and a board: work begins when the person consents (`automation_mode`).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from orchestrator import agents, config, disk, sandbox
from orchestrator.agents.confining import PROBED
from orchestrator.clock import Clock
from orchestrator.config import hosts
from orchestrator.config.placed import Notes
from orchestrator.config.schema import GitHub as SaidGitHub
from orchestrator.github import projects
from orchestrator.github.auth import TokenSource
from orchestrator.github.client import GitHub, Hooks
from orchestrator.install import configuring, crontab, engineers, finding, furnish, timers
from orchestrator.install.configuring import Plan
from orchestrator.install.wishes import Did, Schedule, Steps, Wishes
from orchestrator.model.confinement import Level
from orchestrator.model.errors import Told
from orchestrator.model.settings import AutomationMode, GitHubSettings, Settings, Statuses
from orchestrator.operations import provision
from orchestrator.state.made import Made
from orchestrator.state.pacing import Pacing
from orchestrator.yamlread.lines import read

WAIT = 60.0
"""Seconds for another set-up's end."""


@dataclass(frozen=True, kw_only=True)
class Here:
    """Where it is set up."""

    checkout: Path
    root: Path
    config_file: Path
    env: Mapping[str, str]
    clock: Clock

    @property
    def state(self) -> Path:
        return self.root / "runtime" / "state"

    @property
    def made(self) -> Made:
        return Made(root=self.state, clock=self.clock)

    def short(self, path: Path) -> str:
        """As the configuration may name it: relative to its own folder, where it lies below."""
        base = self.config_file.parent
        return path.relative_to(base).as_posix() if path.is_relative_to(base) else str(path)


def init(here: Here, wishes: Wishes, steps: Steps) -> Settings | None:
    """Sets up; the settings that stand then, None where it was only tried. Raises Told, ConfigError, GitHubError and
    OSError: then what was told as done stands, and calling it again goes on. Two at once would make two boards: the
    second waits, and finds all there."""
    # The root need not be there yet, and a lock file would be left where nothing comes of it.
    above = next(folder for folder in here.root.absolute().parents if folder.is_dir())
    with disk.locked_folder(above, WAIT) as mine:
        if not mine:
            raise Told(f"another set-up has been at work below {above} for {WAIT:g} seconds; wait for its end")
        return _init(here, wishes, steps)


def _init(here: Here, wishes: Wishes, steps: Steps) -> Settings | None:
    if here.config_file.exists():
        steps.add(Did.THERE, f"{here.config_file.name}: it stays as it is")
        settings = load(here, here.config_file)
        with closing(client(here, settings.github)) as gh:
            _verified(gh, wishes, settings, steps)
    else:
        with closing(client(here, github_settings(here, wishes))) as gh:
            plan = _planned(here, gh, wishes, steps)
        if wishes.dry:
            steps.add(Did.WOULD, f"write {here.config_file}:\n{configuring.text(plan)}")
            return None
        settings = _written(here, plan, steps)
    made = Made(root=settings.runtime / "state", clock=here.clock)
    with closing(client(here, settings.github)) as gh:
        furnish.github(gh, made, settings, steps, dry=wishes.dry)
    furnish.machine(made, settings, here.checkout, steps, objective=wishes.objective, dry=wishes.dry)
    _scheduled(here, wishes, settings, steps)
    return settings


def load(here: Here, file: Path) -> Settings:
    """Raises ConfigError."""
    adapters = frozenset(agents.AGENTS)
    return config.load(file, env=here.env, root=here.root, known_agents=adapters, adapters=adapters)


def client(here: Here, said: GitHubSettings) -> GitHub:
    """Paced as the roles are, once there is a folder for it."""
    pacing = Pacing(
        root=here.state,
        clock=here.clock,
        seconds_between=said.seconds_between_writes,
        per_minute=said.writes_per_minute,
        per_hour=said.writes_per_hour,
    )

    def before_write() -> None:
        pacing.wait_for_write()

    hooks = Hooks() if said.loopback else Hooks(before_write=before_write)
    return GitHub(said, here.clock, TokenSource(said, here.clock, environ=here.env), hooks)


def github_settings(here: Here, wishes: Wishes) -> GitHubSettings:
    """Raises Told for an address that cannot be used."""
    notes = Notes(document=read("", "--url"))
    said = SaidGitHub(url=wishes.url or None, token_env=wishes.token_env, token_file=wishes.token_file or None)
    found = hosts.github(said, base=Path.cwd(), env=here.env, notes=notes)
    if notes.problems:
        raise Told(f"--url {wishes.url}: expected {notes.problems[0].expected}")
    return found


def _planned(here: Here, gh: GitHub, wishes: Wishes, steps: Steps) -> Plan:
    """Everything found out, and the board made: its number stands in the file."""
    if not wishes.repos:
        raise Told("say which repository: --repo owner/name (again for each one more)")
    said = gh.settings
    board = wishes.board != "none"
    steps.add(Did.THERE, finding.token(gh, board=board))
    found = tuple(finding.repository(gh, name, wishes.verify) for name in dict.fromkeys(wishes.repos))
    for repo in found:
        steps.add(Did.THERE, f"{repo.name}: branch {repo.branch}, verify {repo.verify!r} ({repo.why}), "
                             f"checks {repo.checks.value} ({repo.ci or 'no CI was seen'})")  # fmt: skip
    engineer = engineers.resolve(wishes.agents, here.env, here.short(here.root / "runtime" / "rehearsal.yaml"))
    for one in engineer:
        if one.unfit:
            steps.add(Did.NOTE, f"agent {one.name} cannot run yet: {one.unfit}")
    if not engineer:
        steps.add(Did.NOTE, "no agent was found here: install one (docs/agents.md); --agent scripted rehearses without")
    kept = wishes.schedule is not Schedule.NONE
    return Plan(
        operator=wishes.operator or gh.login().removesuffix("[bot]"),
        url=wishes.url,
        token_env=wishes.token_env,
        token_file=_token_file(here, wishes, said, keep=kept),
        mode=wishes.mode or AutomationMode.OBSERVE,
        repos=found,
        boards=_boards(here, gh, found, wishes, steps),
        agents=engineer,
        secrets_file=here.short(here.state / "secrets.json") if kept and any(e.keys for e in engineer) else "",
        telegram_chat=wishes.telegram_chat,
        unconfined=said.loopback and not _confined(None if wishes.dry else here.state / PROBED),
    )


def _token_file(here: Here, wishes: Wishes, said: GitHubSettings, *, keep: bool) -> str:
    """Where the token stands for those who have no environment; empty where the environment or `gh` has it."""
    if wishes.token_file:
        return here.short(Path(wishes.token_file).expanduser().absolute())
    return here.short(here.state / "token") if keep and here.env.get(said.token_env, "").strip() else ""


def _boards(
    here: Here, gh: GitHub, found: tuple[finding.Found, ...], wishes: Wishes, steps: Steps
) -> tuple[tuple[str, str, int | None], ...]:
    """Per owner of repositories, the owner and number of their board: made, found made, verified, or none."""
    boards: list[tuple[str, str, int | None]] = []
    for owner in dict.fromkeys(repo.owner for repo in found):
        if wishes.board == "none":
            boards.append((owner, owner, None))
            continue
        if wishes.board != "new":
            boards.append((owner, *_named_board(gh, wishes.board, owner)))
            continue
        finding.boards(gh, owner)
        number = provision.find_board(gh, owner, here.made)
        if number is None and wishes.dry:
            steps.add(Did.WOULD, f"make a board {provision.TITLE!r} of {owner}; its number then stands in the file")
        else:
            did = Did.THERE if number is not None else Did.DID
            ids = [repo.node_id for repo in found if repo.owner == owner]
            number = provision.make_board(gh, here.made, owner, ids)
            steps.add(did, f"board {owner}/{number}: {projects.read(gh, owner, number).url}")
        boards.append((owner, owner, number if number is not None else 1))
    return tuple(boards)


def _named_board(gh: GitHub, said: str, owner: str) -> tuple[str, int]:
    """Raises Told for what is no board's name, Misconfigured for one that is not there or closed."""
    holder, slash, number = said.rpartition("/")
    if not number.isdigit():
        raise Told(f"--board {said!r}: expected new, none, a number, or owner/number")
    board = projects.read(gh, holder if slash else owner, int(number))
    if board.closed:
        raise Told(f"board {board.owner}/{number} is closed; open it again, or say --board new")
    lacking = provision.lacking_options(board, Statuses())
    if lacking and not board.writable:
        raise Told(
            f"board {board.owner}/{number} lacks the columns {', '.join(lacking)}, and this token may not add them"
        )
    return board.owner, board.number


def _verified(gh: GitHub, wishes: Wishes, settings: Settings, steps: Steps) -> None:
    """The file stands already: is what it says there, and is there anything it should say more?"""
    steps.add(Did.THERE, finding.token(gh, board=any(p.number is not None for p in settings.projects)))
    for repo in settings.repos:
        found = finding.repository(gh, repo.name, repo.verify or "none")
        steps.add(Did.THERE, f"{found.name}: branch {found.branch}, checks {repo.checks.value}")
    for name in wishes.repos:
        if settings.repo(name) is None:
            steps.add(Did.NOTE, f"{name} is not in {settings.config_file.name}: add it under `repos` there, "
                                "as its neighbours, then run this again")  # fmt: skip
    if wishes.mode is not None and any(r.automation_mode is not wishes.mode for r in settings.repos):
        steps.add(Did.NOTE, f"the mode stays as the file says: `agent-os mode {wishes.mode.value}` changes it")


def _written(here: Here, plan: Plan, steps: Steps) -> Settings:
    """The files that the configuration names, then itself: checked before it takes its place."""
    made, state = here.made, here.state
    if plan.token_file == here.short(state / "token"):
        furnish.secret(made, state / "token", here.env[plan.token_env].strip() + "\n")
        steps.add(Did.DID, f"kept the token in {plan.token_file}, readable by you alone: cron has no environment")
    if plan.secrets_file:
        names = engineers.keep_keys(plan.agents, state / "secrets.json", made)
        steps.add(
            Did.DID, f"kept {', '.join(names)} in {plan.secrets_file}, readable by you alone: cron has no environment"
        )
    if any(one.name == "rehearsal" for one in plan.agents):
        furnish.file(made, here.root / "runtime" / "rehearsal.yaml", engineers.PLAYBOOK)
    text = configuring.text(plan)
    new = here.config_file.with_name(f".{here.config_file.name}.new")
    here.config_file.parent.mkdir(parents=True, exist_ok=True)
    disk.write_new_file(new, text.encode())
    try:
        load(here, new)
    finally:
        new.unlink()
    furnish.file(made, here.config_file, text)
    steps.add(Did.DID, f"wrote {here.config_file}")
    return load(here, here.config_file)


def _scheduled(here: Here, wishes: Wishes, settings: Settings, steps: Steps) -> None:
    carry = crontab.carried(here.env, settings.agents)
    if wishes.schedule is Schedule.CRON:
        if wishes.dry:
            steps.add(Did.WOULD, "put the roles into your crontab")
        else:
            new = crontab.install(here.checkout, carry, here.made)
            steps.add(Did.DID if new else Did.THERE, "the roles in your crontab; `crontab -l` shows it")
    elif wishes.schedule is Schedule.SYSTEMD and not wishes.dry:
        for line in timers.install(here.checkout, carry, here.made):
            steps.add(Did.THERE if line.endswith("already") else Did.DID, line)
    if wishes.schedule is not Schedule.NONE and settings.telegram.chat_id and not settings.telegram.token:
        steps.add(Did.NOTE, "Telegram: put the bot's token under telegram.token (cron has no environment), chmod 600")


def _confined(kept: Path | None) -> bool:
    return any(p.holds for p in sandbox.probe(kept) if p.level is not Level.NONE)
