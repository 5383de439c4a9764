"""The support archive: what helps somebody else to understand this installation, without a secret of it.

Every text goes through the redactor whole, then is cut. No file of a secret is read; of the configuration the values
of secret-sounding keys are masked by name as well, also where it cannot be parsed.
"""

from __future__ import annotations

import io
import json
import platform
import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

from orchestrator import disk
from orchestrator.doctor.base import Given, Report
from orchestrator.model import cutting
from orchestrator.model.errors import Told
from orchestrator.model.task import Folder

Redact = Callable[[str], str]
LOGS, LOG_TAIL, LOG_READ = 40, 40_000, 2_000_000
"""Newest logs that go in, characters of each one's end, and bytes of it that are read for that."""
LEDGER_TAIL = 400
TASKS, BODY = 500, 20_000
_SECRET_KEY = re.compile(
    r"^(\s*(?:-\s+)?[\"']?[\w.-]*(?:token|secret|password|passwd|key|credential|auth)[\w.-]*[\"']?\s*:\s*)(\S.*)$",
    re.IGNORECASE,
)
_NAMES_ONLY = re.compile(r"(?:_env|_file|_label)\b[\"']?\s*:", re.IGNORECASE)
"""Keys whose values are names of a variable or a file: what a helper needs to see."""
MASK = "(left out)"
GZIP = b"\x1f\x8b"


def write(file: Path, given: Given, report: Report, redact: Redact, *, bodies: bool = False) -> None:
    """Readable by its owner alone. Raises OSError, and Told where something stands that is no such archive: nobody
    means to lose it."""
    if file.exists() and not (file.is_file() and file.read_bytes()[:2] == GZIP):
        raise Told(f"{file} is there already and is no archive; name another file")
    found = io.BytesIO()
    with tarfile.open(fileobj=found, mode="w:gz") as archive:
        for name, text in _texts(given, report, redact, bodies=bodies):
            data = text.encode("utf-8", "replace")
            told = tarfile.TarInfo(f"agent-os-bundle/{redact(name)}")
            told.size, told.mode = len(data), 0o600
            archive.addfile(told, io.BytesIO(data))
    file.parent.mkdir(parents=True, exist_ok=True)
    disk.replace(file, found.getvalue(), mode=0o600)


def _texts(given: Given, report: Report, redact: Redact, *, bodies: bool) -> Iterator[tuple[str, str]]:
    lines = [asdict(line) | {"state": line.state.value} for line in report.lines]
    yield (
        "doctor.json",
        json.dumps({"good": report.good, "seconds": report.seconds, "lines": lines}, ensure_ascii=False, indent=1),
    )
    yield "versions.txt", redact(_versions())
    yield "config.yaml", masked(_read(given.config_file, LOG_READ), redact)
    yield from _logs(given, redact)
    yield "ledger.jsonl", meant(_ledger(given), redact)
    yield "mailbox.txt", redact(_mailbox(given))
    if bodies:
        for path in sorted((given.runtime / "mailbox").glob("*/*.md"))[:TASKS]:
            yield f"mailbox/{path.parent.name}/{path.name}", redact(_read(path, LOG_READ))[:BODY]


def masked(text: str, redact: Redact) -> str:
    """A configuration without its secrets: by what is known, by form, and by the name of the key. A value that goes on
    over several lines, in quotes or as a block, goes with its key."""
    out: list[str] = []
    inside = -1
    for line in redact(text).splitlines():
        indent = len(line) - len(line.lstrip())
        if inside >= 0 and (indent > inside or not line.strip()):
            continue
        inside = -1
        found = _SECRET_KEY.match(line)
        if found is None or _NAMES_ONLY.search(found[1]):
            out.append(line)
            continue
        out.append(f"{found[1]}{MASK}")
        inside = indent
    return "\n".join(out) + "\n"


def meant(lines: str, redact: Redact) -> str:
    """JSON lines redacted by what they mean: escaped once more, a secret looks like none."""
    out = []
    for line in lines.splitlines():
        try:
            out.append(json.dumps(_clean(json.loads(line), redact), ensure_ascii=False))
        except (ValueError, RecursionError):
            out.append(redact(line))
    return redact("\n".join(out)) + "\n"


def _clean(data: object, redact: Redact) -> object:
    if isinstance(data, dict):
        return {redact(str(k)): _clean(v, redact) for k, v in data.items()}
    if isinstance(data, list):
        return [_clean(v, redact) for v in data]
    return redact(data) if isinstance(data, str) else data


def _read(file: Path, most: int) -> str:
    """Its last so many bytes; empty where it cannot be read, or is no plain file."""
    try:
        if not file.is_file():
            return ""
        with file.open("rb") as source:
            size = source.seek(0, io.SEEK_END)
            source.seek(max(0, size - most))
            text = source.read(most).decode("utf-8", "replace")
    except OSError:
        return ""
    # The first line may be cut in the middle of a secret, which then nobody would know.
    return text.partition("\n")[2] if size > most else text


def _versions() -> str:
    here = sorted(f"{d.metadata['Name']}=={d.version}" for d in metadata.distributions() if d.metadata["Name"])
    return "\n".join([f"Python {platform.python_version()}", platform.platform(), *here]) + "\n"


def _logs(given: Given, redact: Redact) -> Iterator[tuple[str, str]]:
    root = given.runtime / "logs"
    files = [
        f for f in root.rglob("*") if f.is_file() and not f.is_symlink() and f.suffix in (".log", ".jsonl", ".txt")
    ]
    for file in sorted(files, key=_changed, reverse=True)[:LOGS]:
        text = _read(file, LOG_READ)
        clean = meant(text, redact) if file.suffix == ".jsonl" else redact(text)
        yield f"logs/{file.relative_to(root)}", cutting.tail(clean, LOG_TAIL)


def _changed(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def _ledger(given: Given) -> str:
    """Its newest lines."""
    segments = sorted((given.runtime / "ledger").glob("*.jsonl"), key=_changed)[-2:]
    lines = [line for segment in segments for line in _read(segment, LOG_READ).splitlines()]
    return "\n".join(lines[-LEDGER_TAIL:]) + "\n"


def _mailbox(given: Given) -> str:
    """Names, sizes and times of the tasks' files; their texts only when asked for."""
    rows = []
    for folder in Folder:
        for path in sorted((given.runtime / "mailbox" / folder.value).glob("*"))[:TASKS]:
            try:
                told = path.stat()
            except OSError:
                continue
            rows.append(f"{folder.value}/{path.name}  {told.st_size} bytes  {int(told.st_mtime)}")
    return "\n".join(rows) + "\n"
