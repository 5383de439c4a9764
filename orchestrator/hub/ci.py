"""The hub's own continuous integration: shell jobs on clean checkouts, reported as GitHub Actions reports them."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.hub.process import Job, ProgramError, base_environment, git
from orchestrator.hub.rules import queueing
from orchestrator.hub.store import checks, repos
from orchestrator.hub.store.checks import CheckRun
from orchestrator.hub.store.repos import Repo
from orchestrator.hub.store.users import ACTIONS_APP_ID

if TYPE_CHECKING:
    from orchestrator.hub.world import World

JOB_SECONDS = 300.0
LOG_LIMIT = 400_000


class Ci:
    """Queue and workers. A head that is superseded has its jobs cancelled."""

    def __init__(self, hub: World, workers: int) -> None:
        self.hub = hub
        self.job_seconds = JOB_SECONDS
        self._pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="hub-ci")
        self._changed = threading.Condition()
        self._waiting: dict[int, tuple[int, str, str]] = {}
        self._cancelled: set[int] = set()
        self._running: dict[int, Job] = {}
        self._stopping = False

    def start(self, repo: Repo, sha: str, branch: str) -> None:
        """Queue the repository's jobs on a commit, unless that commit has them already."""
        jobs = repos.get(self.hub.db, repo.id).jobs
        if not jobs:
            return
        self.cancel(repo, branch, keep=sha)
        known = {run.name for run in checks.runs(self.hub.db, repo.id, [sha])[sha] if run.app_id == ACTIONS_APP_ID}
        for name in jobs:
            if name not in known:
                run = checks.add_run(self.hub.db, repo.id, ACTIONS_APP_ID, sha, name, branch=branch)
                url = f"{self.hub.url}/{repo.full_name}/actions/runs/{run.suite_id}/job/{run.id}"
                checks.update_run(self.hub.db, run.id, details_url=url)
                self._submit(repo, run, branch)

    def resume(self) -> None:
        """Queue again what a stopped hub left unfinished."""
        for repo in repos.every(self.hub.db):
            for run, branch in checks.unfinished(self.hub.db, repo.id, ACTIONS_APP_ID):
                self._submit(repo, run, branch or "")

    def cancel(self, repo: Repo, branch: str, keep: str | None = None) -> None:
        """Cancel the jobs of a branch, but for those of the commit `keep`."""
        with self._changed:
            for run_id, (repo_id, job_branch, sha) in self._waiting.items():
                if (repo_id, job_branch) == (repo.id, branch) and sha != keep:
                    self._cancelled.add(run_id)
                    if run_id in self._running:
                        self._running[run_id].stop()

    def idle(self, timeout: float) -> bool:
        """Wait until nothing is queued or running; False when the seconds ran out first."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting, timeout)

    def stop(self) -> None:
        """Stop the workers; unfinished jobs stay unfinished in the tables and are resumed by the next start."""
        with self._changed:
            self._stopping = True
            for job in self._running.values():
                job.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _submit(self, repo: Repo, run: CheckRun, branch: str) -> None:
        with self._changed:
            if self._stopping:
                return
            self._waiting[run.id] = (repo.id, branch, run.head_sha)
            self._pool.submit(self._work, repo, run, branch)

    def _work(self, repo: Repo, run: CheckRun, branch: str) -> None:
        try:
            if run.id in self._cancelled:
                self._finish(run, "cancelled", "Cancelled: a newer commit was pushed.", "")
            elif not self._stopping:
                self._run(repo, run)
                queueing.tested(self.hub, repo, branch)
        finally:
            with self._changed:
                self._waiting.pop(run.id, None)
                self._cancelled.discard(run.id)
                self._changed.notify_all()

    def _run(self, repo: Repo, run: CheckRun) -> None:
        checks.update_run(self.hub.db, run.id, status="in_progress", started_at=self.hub.db.now())
        folder = Path(tempfile.mkdtemp(prefix="hub-ci-"))
        began = time.monotonic()
        try:
            code, output = self._execute(repo, run, folder)
        except (OSError, ProgramError) as error:
            code, output = 1, f"The job could not be started: {error}"
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        seconds = time.monotonic() - began
        if self._stopping:
            return
        checks.add_seconds(self.hub.db, repo.id, run.head_sha, run.name, seconds)
        if run.id in self._cancelled:
            self._finish(run, "cancelled", "Cancelled: a newer commit was pushed.", output)
        elif code is None:
            self._finish(run, "timed_out", f"Timed out after {self.job_seconds:.0f} s", output)
        elif code == 0:
            self._finish(run, "success", "Succeeded", output)
        else:
            self._finish(run, "failure", f"Process completed with exit code {code}.", output)

    def _execute(self, repo: Repo, run: CheckRun, folder: Path) -> tuple[int | None, str]:
        work, home, log = folder / "work", folder / "home", folder / "log"
        home.mkdir()
        git(folder, "clone", "-q", "--shared", "--no-checkout", str(self.hub.bare(repo).path.resolve()), str(work))
        git(work, "checkout", "-q", "--detach", run.head_sha)
        env = base_environment() | {
            "HOME": str(home), "TMPDIR": str(home), "CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_SHA": run.head_sha,
            "GITHUB_REPOSITORY": repo.full_name, "GITHUB_JOB": run.name,
        }  # fmt: skip
        job = Job(repos.get(self.hub.db, repo.id).jobs.get(run.name, "exit 1"), work, env, log)
        with self._changed:
            self._running[run.id] = job
            if run.id in self._cancelled or self._stopping:
                job.stop()
        try:
            code = job.wait(self.job_seconds)
        finally:
            with self._changed:
                self._running.pop(run.id, None)
        with log.open("rb") as source:
            return code, source.read(LOG_LIMIT).decode("utf-8", "replace")

    def _finish(self, run: CheckRun, conclusion: str, title: str, output: str) -> None:
        now = self.hub.db.now()
        tail = "\n".join(output.splitlines()[-40:])
        checks.update_run(
            self.hub.db, run.id, status="completed", conclusion=conclusion, completed_at=now, title=title,
            summary=tail, log=output, started_at=run.started_at or now,
        )  # fmt: skip
