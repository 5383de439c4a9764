"""Faults of an installation, each alone, and the finding that must name it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from benchmarks.installation import Installation, Subject, full_disk, without_sandbox
from orchestrator.github import labels, projects
from orchestrator.install import timers
from orchestrator.model.names import RepoName
from orchestrator.state.switches import Scope, Switch
from tests.journeys.world import BOT, REPO

Plant = Callable[[Installation], None]


@dataclass(frozen=True, kw_only=True)
class Fault:
    name: str
    plant: Plant
    found: Subject
    """Check and subject of the one finding."""
    fixed: bool = False
    """`--fix` says it can mend it, and must."""
    states: tuple[str, ...] = ("fail",)
    says: str = ""
    """What must stand in the words that were seen."""


def _expired(here: Installation) -> None:
    here.env["HUB_TOKEN"] = "github_pat_of_yesterday"


def _scope(here: Installation) -> None:
    here.env["HUB_TOKEN"] = here.world.admin.token(BOT, kind="classic", scopes=["repo"])


def _label(here: Installation) -> None:
    labels.delete(here.services().github, RepoName(REPO), "needs-vouching")


def _renamed_option(here: Installation) -> None:
    gh = here.services().github
    assert here.world.board is not None
    board = projects.read(gh, "ada", here.world.board)
    renamed = [replace(o, name="To do") if o.name == "Ready" else o for o in board.options]
    projects.set_options(gh, board, renamed)


def _no_board(here: Installation) -> None:
    here.edit(lambda text: text.replace(f"number: {here.world.board}", "number: 77"))


def _no_repository(here: Installation) -> None:
    here.edit(lambda text: text.replace(f"repo: {REPO}", "repo: ada/gone"))


def _no_push(here: Installation) -> None:
    here.world.admin.repo("ada/read", files={"a.txt": "a\n"}, collaborators={BOT: "read"})
    here.edit(lambda text: text.replace(f"repo: {REPO}", "repo: ada/read"))


def _sandbox(here: Installation) -> None:
    here.machine = without_sandbox(here.machine)


def _disk(here: Installation) -> None:
    here.machine = full_disk(here.machine)


def _agent_gone(here: Installation) -> None:
    (here.bin / "cora").unlink()


def _agent_logged_out(here: Installation) -> None:
    here.secrets.write_text("{}")


def _clock(here: Installation) -> None:
    """Ours alone: the hub has another."""
    off = here.tmp / "clock of a machine that runs ahead"
    off.write_text("900\n")
    here.env["AGENT_OS_CLOCK"] = str(off)


def _cron_dead(here: Installation) -> None:
    here.ticked(datetime.now(UTC) - timedelta(days=2))


def _role_dead(here: Installation) -> None:
    here.ticked(datetime.now(UTC) - timedelta(hours=2), roles=("pr_monitor",))


def _role_fails(here: Installation) -> None:
    here.ticked(datetime.now(UTC), status=1, roles=("queue",))


def _crontab_elsewhere(here: Installation) -> None:
    (here.tmp / "crontab").write_text(here.lines(here.tmp / "older checkout"))


def _crontab_gone(here: Installation) -> None:
    (here.tmp / "crontab").write_text("5 4 * * * /usr/bin/true\n")


def _crontab_markers(here: Installation) -> None:
    whole = (here.tmp / "crontab").read_text()
    (here.tmp / "crontab").write_text(whole.replace("# agent-os begin", "# begin"))


def _timers_too(here: Installation) -> None:
    for path, text in timers.units(here.checkout, {}, {"HOME": str(here.tmp)}).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _pager_token(here: Installation) -> None:
    here.env["PAGER"] = "123456:another-bots-token-of-yesterday"


def _pager_chat(here: Installation) -> None:
    here.edit(lambda text: text.replace(f"chat_id: '{here.pager.chat}'", "chat_id: '99'"))


def _ledger_key(here: Installation) -> None:
    (here.tmp / "runtime" / "state" / "ledger.key").unlink()


def _ledger_line(here: Installation) -> None:
    file = next((here.tmp / "runtime" / "ledger").glob("*.jsonl"))
    file.write_text(file.read_text().replace("anna", "carl"))


def _corrupt_task(here: Installation) -> None:
    folder = here.tmp / "runtime" / "mailbox" / "inbox"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "app-7.md").write_text("---\nid: [\n---\n")


def _corrupt_cache(here: Installation) -> None:
    (here.tmp / "runtime" / "state" / "cooldowns.json").write_text('{"anna": ')


def _corrupt_store(here: Installation) -> None:
    (here.tmp / "runtime" / "state" / "accounts.json").write_text('{"ada": ')


def _typo(here: Installation) -> None:
    here.edit(lambda text: text.replace("max_parallel_workers:", "max_paralel_workers:"))


def _objective(here: Installation) -> None:
    (here.tmp / "objectives" / "app.yaml").write_text("primary_outcome: Grow\nmetrics: many\n")


def _protected_by_nobody(here: Installation) -> None:
    here.world.admin.protect(REPO, "main", checks=["test", "deploy-preview"])


def _unprotected(here: Installation) -> None:
    here.world.admin.unprotect(REPO, "main")


def _no_ci(here: Installation) -> None:
    here.world.admin.repo("ada/bare", files={"a.txt": "a\n"}, ci={}, collaborators={BOT: "admin"})
    here.edit(lambda text: text.replace(f"repo: {REPO}", "repo: ada/bare"))
    for label in labels.listed(here.services().github, RepoName(REPO)):
        labels.make(
            here.services().github, RepoName("ada/bare"), labels.Label(name=label, color="ededed", description="")
        )


def _foreign_anchor(here: Installation) -> None:
    sha = here.world.admin.branches(REPO)["main"]
    body = {"ref": "refs/agent-os/ledger/0123456789ab", "sha": sha}
    here.services().github.rest("POST", f"/repos/{REPO}/git/refs", body=body)


def _open_secrets(here: Installation) -> None:
    here.secrets.chmod(0o644)


def _open_key(here: Installation) -> None:
    (here.tmp / "runtime" / "state" / "ledger.key").chmod(0o644)


def _model(here: Installation) -> None:
    (here.model / "modules.json").unlink()


def _budget(here: Installation) -> None:
    now = here.services().now()
    line = {
        "key": "app-1/1/x", "at": now.isoformat(), "task": "app-1", "n": 1, "repo": REPO, "issue": 1,
        "type": "implementation", "agent": "anna", "usd": 60.0, "input": 1, "cached": 0, "output": 1, "end": True,
    }  # fmt: skip
    folder = here.tmp / "runtime" / "state" / "spend"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{now:%Y-%m}.jsonl").write_text(json.dumps(line) + "\n")


def _no_budget(here: Installation) -> None:
    none = "budgets: {day_usd: 0, month_usd: 0, day_tokens: 0, month_tokens: 0}\n"
    here.edit(lambda text: none + text)


def _switched_off(here: Installation) -> None:
    here.services().switches.put(Switch(scope=Scope.ROLE, name="planner", by="ada", why="holidays"))


def _old_git(here: Installation) -> None:
    here.program("git", "#!/bin/sh\necho git version 2.30.2\n")


def _packages(here: Installation) -> None:
    file = here.checkout / "constraints.txt"
    file.write_text(re.sub(r"(?m)^click==.*$", "click==1.0.0", file.read_text()))


def _memory(here: Installation) -> None:
    here.edit(lambda text: text.replace("max_parallel_workers: 1", "max_parallel_workers: 5000"))


def _no_worktrees(here: Installation) -> None:
    (here.tmp / "worktrees").rmdir()


WARN = ("warn",)
FAULTS: tuple[Fault, ...] = (
    Fault(name="expired token", plant=_expired, found=("token", "")),
    Fault(name="missing scope", plant=_scope, found=("scopes", "project"), says="lacks project"),
    Fault(name="missing label", plant=_label, found=("labels", "app"), fixed=True, states=WARN, says="needs-vouching"),
    Fault(name="board option renamed", plant=_renamed_option, found=("board", "main"), fixed=True, says="To do"),
    Fault(name="board not there", plant=_no_board, found=("board", "main"), says="77"),
    Fault(name="repository not there", plant=_no_repository, found=("repositories", "app"), says="ada/gone"),
    Fault(name="no permission to push", plant=_no_push, found=("repositories", "app"), says="push"),
    Fault(name="sandbox blocked", plant=_sandbox, found=("sandbox", ""), says="Permission denied"),
    Fault(name="disk full", plant=_disk, found=("disk", "")),
    Fault(name="agent not found", plant=_agent_gone, found=("agents", "cora"), states=WARN, says="not installed"),
    Fault(name="agent logged out", plant=_agent_logged_out, found=("agents", "cora"), states=WARN, says="no key"),
    Fault(
        name="agent too old",
        plant=lambda here: here.agent_version("0.1.9"),
        found=("agents", "cora"),
        states=WARN,
        says="0.1.9 is older",
    ),
    Fault(name="clock off", plant=_clock, found=("clock", ""), says="s ahead"),
    Fault(name="cron dead", plant=_cron_dead, found=("cron", ""), says="48 hours"),
    Fault(name="one role dead", plant=_role_dead, found=("cron", "pr_monitor")),
    Fault(name="a role's tick fails", plant=_role_fails, found=("cron", "queue"), states=WARN),
    Fault(name="crontab of another checkout", plant=_crontab_elsewhere, found=("crontab", ""), says="older"),
    Fault(name="crontab without us", plant=_crontab_gone, found=("crontab", ""), fixed=True, states=WARN),
    Fault(name="crontab's marker gone", plant=_crontab_markers, found=("crontab", ""), says="without its beginning"),
    Fault(name="crontab and timers", plant=_timers_too, found=("crontab", ""), says="twice", states=WARN),
    Fault(name="telegram token wrong", plant=_pager_token, found=("telegram", "token")),
    Fault(name="telegram chat wrong", plant=_pager_chat, found=("telegram", "chat"), says="chat not found"),
    Fault(name="ledger key gone", plant=_ledger_key, found=("ledger", ""), says="key is missing"),
    Fault(name="ledger line changed", plant=_ledger_line, found=("ledger", "")),
    Fault(name="corrupt task", plant=_corrupt_task, found=("mailbox", "app-7"), states=WARN),
    Fault(name="corrupt cool-downs", plant=_corrupt_cache, found=("state", "cooldowns.json"), fixed=True),
    Fault(name="corrupt accounts", plant=_corrupt_store, found=("state", "accounts.json")),
    Fault(name="typo in config.yaml", plant=_typo, found=("configuration", ""), says="max_paralel_workers"),
    Fault(name="objective broken", plant=_objective, found=("objectives", ""), states=WARN),
    Fault(
        name="a required check that never comes", plant=_protected_by_nobody, found=("protection", "app"), says="deploy"
    ),
    Fault(name="no check is required", plant=_unprotected, found=("protection", "app"), states=WARN),
    Fault(name="no CI", plant=_no_ci, found=("ci", "app")),
    Fault(name="another installation", plant=_foreign_anchor, found=("installations", "app"), states=WARN),
    Fault(name="secrets file open to others", plant=_open_secrets, found=("permissions", "secrets.json"), fixed=True),
    Fault(name="ledger key open to others", plant=_open_key, found=("permissions", "ledger.key"), fixed=True),
    Fault(name="similarity model missing", plant=_model, found=("similarity", ""), states=WARN),
    Fault(name="budget reached", plant=_budget, found=("budgets", REPO), states=WARN, says="budget"),
    Fault(name="no ceiling", plant=_no_budget, found=("budgets", "app"), states=WARN),
    Fault(name="a role switched off", plant=_switched_off, found=("switches", "planner"), states=WARN, says="holidays"),
    Fault(name="git too old", plant=_old_git, found=("git", ""), says="2.30"),
    Fault(name="other packages", plant=_packages, found=("packages", ""), states=WARN, says="click"),
    Fault(name="more workers than memory", plant=_memory, found=("memory", ""), states=WARN),
    Fault(name="worktrees folder gone", plant=_no_worktrees, found=("folders", "worktrees"), fixed=True),
)


def faults_of(here: Installation, fault: Fault) -> list[str]:
    """Plants it and says what the doctor got wrong; best nothing."""
    before = here.look()
    if before:
        return [f"{fault.name}: healthy, and found: {[(k, v.seen) for k, v in before.items()]}"]
    fault.plant(here)
    wrong: list[str] = []
    found = here.look()
    mine = [line for line in found.values() if _named(line.check, line.subject) == fault.found]
    if not mine:
        wrong.append(f"{fault.name}: not found")
    others = [(k, v.seen) for k, v in found.items() if _named(*k) != fault.found]
    if others:
        wrong.append(f"{fault.name}: also found {others}")
    for line in mine:
        if line.state.value not in fault.states or fault.says not in line.seen:
            wrong.append(f"{fault.name}: told as {line.state.value}: {line.seen}")
        if not line.mend or not line.why:
            wrong.append(f"{fault.name}: nothing is said of what mends it, or why it matters")
        if line.fixable != fault.fixed:
            wrong.append(f"{fault.name}: --fix says {line.fixable}")
    return wrong + _mended(here, fault)


def _mended(here: Installation, fault: Fault) -> list[str]:
    """--fix does what it says, and nothing where it says that it cannot."""
    done = here.fix()
    if not fault.fixed:
        return [f"{fault.name}: --fix did {[m.did for m in done]}"] if done else []
    wrong = [f"{fault.name}: --fix: {m.did}; after: {m.after}" for m in done if not m.mended]
    if not done:
        wrong.append(f"{fault.name}: --fix did nothing")
    if left := here.look():
        wrong.append(f"{fault.name}: after --fix: {[(k, v.seen) for k, v in left.items()]}")
    return wrong


def _named(check: str, subject: str) -> Subject:
    """A file's place differs from run to run: its name is enough."""
    return check, subject.rsplit("/", 1)[-1] if subject.startswith("/") else subject
