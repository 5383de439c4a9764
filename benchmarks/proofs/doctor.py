"""The doctor finds each planted fault by name and nothing else, mends what it says it can, and gives no secret away.

Each fault stands alone in an installation of its own on the hub. `PROVE_SEED` draws other secrets for the archive.
"""

from __future__ import annotations

import json
import os
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks import leaks
from benchmarks.faults import FAULTS, faults_of
from benchmarks.installation import Installation
from benchmarks.proof import Report
from orchestrator.doctor import CHECKS, Check, Machine, State, base, bundle, examine
from orchestrator.model.names import Public
from orchestrator.model.task import Folder
from tests.stubs import telegram

SEED = os.environ.get("PROVE_SEED", "20261126")
SECRETS = 100
LATE = 30.0
"""Seconds that GitHub takes for each answer, where it is slow."""


def prove(report: Report) -> None:
    report.figures["seed"] = SEED
    healthy(report)
    planted(report)
    slow(report)
    crashing(report)
    archive(report)


@contextmanager
def installation() -> Iterator[Installation]:
    with tempfile.TemporaryDirectory() as tmp, telegram.running() as pager:
        here = Installation(Path(tmp), pager)
        try:
            yield here
        finally:
            here.close()


def healthy(report: Report) -> None:
    """With the machine's own sandbox."""
    with installation() as here:
        here.machine = Machine()
        seen = examine.examine(here.given(), CHECKS, here.services().redact)
        report.figures["checks"] = len(CHECKS)
        report.hold("fails_of_a_healthy_installation", len(seen.of(State.FAIL)), at_most=0)
        report.hold("warnings_of_a_healthy_installation", len(seen.of(State.WARN)), at_most=0)
        report.hold("unknown_in_a_healthy_installation", len(seen.of(State.UNKNOWN)), at_most=0)
        report.hold("seconds_of_a_healthy_installation", seen.seconds, at_most=10)
        report.failures += [
            f"healthy: {line.check} {line.subject}: {line.seen}" for line in seen.of(State.FAIL, State.WARN)
        ]


def planted(report: Report) -> None:
    wrong: list[str] = []
    right = 0
    for fault in FAULTS:
        with installation() as here:
            told = faults_of(here, fault)
        right += not told
        wrong += told
    report.failures += wrong
    report.hold("faults_planted", len(FAULTS), at_least=20)
    report.hold("faults_found_alone_by_name", right, at_least=len(FAULTS))
    report.figures["faults_that_fix_mends"] = sum(f.fixed for f in FAULTS)


def slow(report: Report) -> None:
    """GitHub answers after half a minute: the doctor does not wait for it."""
    with installation() as here:
        here.world.hub.faults.add(do={"latency": LATE})
        began = time.monotonic()
        seen = examine.examine(here.given(), CHECKS, here.services().redact)
        report.hold("seconds_where_github_hangs", time.monotonic() - began, at_most=10)
        told = {line.check for line in seen.of(State.UNKNOWN)}
        report.hold("told_unknown_where_github_hangs", len(told & {"token", "clock", "repositories"}), at_least=3)
        here.world.hub.faults.clear()


def crashing(report: Report) -> None:
    """Every check in turn raises: it is named, and all others answer."""

    def broken(given: object) -> list[object]:
        raise RuntimeError("boom")

    wrong = 0
    with installation() as here:
        given = replace(here.given(), quick=True)
        quick = [check for check in CHECKS if check.quick]
        for one in quick:
            checks: list[Check] = [replace(c, look=broken) if c is one else c for c in quick]  # type: ignore[arg-type]  # a broken one is meant
            seen = examine.examine(replace(given, found={}), checks, here.services().redact)
            named = [line.check for line in seen.of(State.FAIL) if "boom" in line.seen]
            wrong += named != [one.name] or len({line.check for line in seen.lines}) != len(quick)
    report.figures["checks_made_to_crash"] = len(quick)
    report.hold("crashes_that_were_not_one_finding", wrong, at_most=0)


def archive(report: Report) -> None:
    """Secrets in every spelling in all that the archive is made of; it is searched as it is and by what it means."""
    values = leaks.secrets(SEED, SECRETS)
    spelled = leaks.planted(values)
    with installation() as here:
        here.secrets.write_text(json.dumps({"OPENAI_API_KEY": values[0], **{f"k{n}": v for n, v in enumerate(values)}}))
        _spread(here, [each.text for each in spelled])
        given = here.given()
        redact = given.services().redact
        file = here.tmp / "support.tar.gz"
        seen = examine.examine(given, CHECKS, redact)
        bundle.write(file, given, seen, redact, bodies=True)
        text = unpacked(file)
        bare = "\n".join(each.text for each in spelled)
        report.figures |= {"secrets_in_the_archive_sources": len(values), "spellings": len(leaks.ENCODINGS)}
        report.hold("archive_members", len(members(file)), at_least=6)
        leaked = leaks.left(spelled, text)
        report.hold("archive_leaks", len(leaked), at_most=0)
        report.failures += [f"the archive leaks as {sorted({each.encoding for each in leaked})}"] if leaked else []
        report.hold("archive_marks", text.count("[redacted"), at_least=len(values))
        report.hold("archive_leaks_without_redaction", _bare(here, seen, spelled), at_least=1)
        report.hold("search_finds_what_is_bare", len(leaks.left(spelled, bare)) / len(spelled), at_least=0.99)


def _spread(here: Installation, texts: list[str]) -> None:
    """A log, a task, a comment in the configuration and the ledger, each with all of them; the ledger's lines were
    written by nobody, as if an older version had let them through."""
    runtime = here.tmp / "runtime"
    (runtime / "logs" / "app-9").mkdir(parents=True, exist_ok=True)
    for n in range(0, len(texts), 100):
        part = "\n".join(texts[n : n + 100])
        (runtime / "logs" / "app-9" / f"run-{n}.log").write_text(part, "utf-8")
    folder = runtime / "mailbox" / Folder.HOLD.value
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "app-9.md").write_text("\n".join(texts), "utf-8")
    segment = next((runtime / "ledger").glob("*.jsonl"))
    with segment.open("a") as file:
        file.writelines(json.dumps({"data": text}) + "\n" for text in texts)
    comments = "".join(f"# {' '.join(text.split())}\n" for text in texts)
    here.edit(lambda before: comments + before)


def _bare(here: Installation, seen: base.Report, spelled: tuple[leaks.Planted, ...]) -> int:
    """With the redactor away the same archive leaks: the search would have seen it."""
    file = here.tmp / "bare.tar.gz"
    bundle.write(file, here.given(), seen, Public, bodies=True)
    return len(leaks.left(spelled, unpacked(file)))


def members(file: Path) -> list[str]:
    with tarfile.open(file) as archive:
        return archive.getnames()


def unpacked(file: Path) -> str:
    """Every text in the archive, names too, and of JSON also what it means."""
    parts: list[str] = []
    with tarfile.open(file) as archive:
        for told in archive.getmembers():
            source = archive.extractfile(told)
            text = source.read().decode("utf-8", "replace") if source else ""
            parts += [told.name, text]
            for line in (
                [text] if told.name.endswith(".json") else text.splitlines() if told.name.endswith(".jsonl") else []
            ):
                try:
                    parts.append(leaks.meaning(json.loads(line)))
                except ValueError:
                    continue
    return "\n".join(parts)
