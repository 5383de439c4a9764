"""What a configuration needs beside itself: labels and columns on GitHub, files and folders here. Repeatable."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from orchestrator import disk
from orchestrator.github.client import GitHub
from orchestrator.github.labels import Label
from orchestrator.install.wishes import Did, Steps
from orchestrator.model.settings import RepoSettings, Settings
from orchestrator.operations import provision
from orchestrator.operations.provision import Line, Outcome
from orchestrator.state.made import Kind, Made

EXAMPLE = "example.objective.yaml"
_EXAMPLE_KEY = "repo1"
"""How the example calls the repository."""


def github(gh: GitHub, made: Made, settings: Settings, steps: Steps, *, dry: bool) -> None:
    """Columns of every board, labels of every repository. Raises GitHubError."""
    for project in settings.projects:
        if project.number is not None:
            lines = provision.make_options(gh, made, project.owner, project.number, project.statuses, dry=dry)
            _told(lines, f"columns of board {project.owner}/{project.number}", steps)
    for repo in settings.repos:
        lines = provision.make_labels(gh, made, repo.name, wanted(repo), dry=dry)
        _told(lines, f"labels of {repo.name}", steps)


def wanted(repo: RepoSettings) -> tuple[Label, ...]:
    """Every label that the program uses there."""
    return provision.labels(repo.ready_label, repo.review.label)


def _told(lines: Iterable[Line], what: str, steps: Steps) -> None:
    for did, outcome in ((Did.DID, Outcome.MADE), (Did.WOULD, Outcome.WOULD), (Did.THERE, Outcome.THERE)):
        names = [line.what.partition(" ")[2] for line in lines if line.outcome is outcome]
        if names:
            steps.add(did, f"{what}: {', '.join(names)}")


def machine(made: Made, settings: Settings, checkout: Path, steps: Steps, *, objective: bool, dry: bool) -> None:
    """Objectives, evidence folders, and the folder that workspaces are made in."""
    for repo in settings.repos if objective else ():
        path = repo.objective or settings.objectives_dir / f"{repo.key}.yaml"
        _objective(made, path, repo.key, checkout, steps, dry=dry)
    for repo in settings.repos:
        folder = settings.evidence_dir / repo.key
        _folder(
            made, folder, f"evidence folder {folder}", "your exporter writes there (docs/evidence.md)", steps, dry=dry
        )
    place = settings.worktrees
    _folder(
        made, place, f"folder of workspaces {place}", "agents work there, never in a checkout of yours", steps, dry=dry
    )


def _folder(made: Made, folder: Path, what: str, why: str, steps: Steps, *, dry: bool) -> None:
    if folder.is_dir():
        steps.add(Did.THERE, what)
    elif dry:
        steps.add(Did.WOULD, f"make the {what}")
    else:
        make_folder(made, folder)
        steps.add(Did.DID, f"{what}: {why}")


def _objective(made: Made, path: Path, key: str, checkout: Path, steps: Steps, *, dry: bool) -> None:
    if path.exists():
        steps.add(Did.THERE, f"objective {path}")
    elif dry:
        steps.add(Did.WOULD, f"write the objective {path}")
    else:
        text = (checkout / EXAMPLE).read_text(encoding="utf-8").replace(f"/{_EXAMPLE_KEY}/", f"/{key}/")
        file(made, path, text)
        steps.add(Did.DID, f"objective {path}, an example: make its metrics yours (docs/objectives.md)")


def file(made: Made, path: Path, text: str, *, mode: int = 0o644) -> None:
    """A file of ours, noted with what we wrote into it before it stands."""
    make_folder(made, path.parent)
    made.note(Kind.FILE, str(path), detail=digest(text.encode()))
    disk.replace(path, text.encode(), mode=mode)


def secret(made: Made, path: Path, text: str) -> None:
    """Readable by this person alone from its first moment on."""
    file(made, path, text, mode=0o600)
    os.chmod(path, 0o600)


def make_folder(made: Made, folder: Path) -> None:
    """With the folders above it; each that we made is noted."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
        made.note(Kind.FOLDER, str(one))


def digest(data: bytes) -> str:
    """SHA-256, but for the mode: to consent is no change of a person's that must be kept."""
    lines = [line for line in data.splitlines(keepends=True) if not line.lstrip().startswith(b"automation_mode:")]
    return hashlib.sha256(b"".join(lines)).hexdigest()
