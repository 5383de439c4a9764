"""Nothing secret leaves: known values in every spelling, forms of providers' keys; no false alarm, no delay.

Known values: 500 drawn secrets, which only who knows them can find, in 14 spellings, fed to each sink by the function
that the pipeline feeds it by; then everything the sinks hold is searched. Forms: strings drawn from a second source's
expressions. The seed draws the secrets, the strings and the harmless lines; `PROVE_SEED` sets another.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import harmless, leaks, second_source, sinks
from benchmarks.proof import Report
from orchestrator.redact import Redactor, linear
from tests.journeys.world import World
from tests.stubs import telegram

SEED = os.environ.get("PROVE_SEED", "20261126")
SECRETS = 500
EACH = 40
"""Strings of each rule of the second source."""
HARMLESS_EACH, HOUSE = 60, 4000
SIZE = 200_000
MARK = "[redacted"


def prove(report: Report) -> None:
    report.figures["seed"] = SEED
    values = leaks.secrets(SEED, SECRETS)
    known(report, values)
    recall(report)
    false_hits(report)
    times(report, values[:40])


def known(report: Report, values: tuple[str, ...]) -> None:
    """Every value in every spelling at every sink."""
    planted = leaks.planted(values)
    report.figures |= {"secrets": len(values), "spellings": len(leaks.ENCODINGS), "planted": len(planted)}
    total, empty = 0, []
    with tempfile.TemporaryDirectory() as tmp, telegram.running() as pager:
        world = world_of(Path(tmp), values, pager)
        try:
            places = sinks.all_of(world, pager)
            for sink in places:
                for n, text in enumerate(sinks.chunks(planted, sink.limit) if sink.limit else ()):
                    sink.write(n, text)
            for sink in places:
                seen = sink.read()
                leaked = leaks.left(planted, seen)
                total += len(leaked)
                if leaked:
                    report.failures.append(
                        f"{sink.name}: {len(leaked)} leaked, as {sorted({p.encoding for p in leaked})}"
                    )
                if not seen.strip() or (sink.limit and seen.count(MARK) < len(values)):
                    empty.append(sink.name)
                report.figures[f"marks_in_{sink.name.replace(' ', '_')}"] = seen.count(MARK)
        finally:
            world.close()
    report.figures["sinks"] = len(places)
    report.hold("leaks_of_known_values", total, at_most=0)
    report.hold("sinks_that_got_nothing", len(empty), at_most=0)
    report.hold("found_without_redaction", found_bare(planted), at_least=1)


def found_bare(planted: tuple[leaks.Planted, ...]) -> float:
    """The search itself works: the share of planted texts that it finds where nobody redacts."""
    bare = "\n".join(each.text for each in planted)
    return len(leaks.left(planted, bare)) / len(planted)


def world_of(tmp: Path, values: tuple[str, ...], pager: telegram.Telegram) -> World:
    """One task done; the values stand in the secrets file of one of its agents."""
    (tmp / "secrets.json").write_text(json.dumps({f"key{n}": value for n, value in enumerate(values)}))
    world = World(tmp, top={"telegram": {"token": pager.token, "chat_id": pager.chat, "api_url": pager.url}})
    world.config["agents"]["anna"]["secrets_file"] = str(tmp / "secrets.json")
    world.build()
    world.issue()
    world.rounds(lambda: world.place() == "done")
    return world


def recall(report: Report) -> None:
    try:
        found = second_source.measure(Redactor(), SEED, EACH)
    except ImportError:
        report.not_proven.append("recall: the second source is not installed (pip install -e .[dev])")
        return
    report.figures |= {
        "second_source": "kingfisher-secret-scanner (rules of Betterleaks and Veles)",
        "rules_of_named_providers": found.count(named=True),
        "rules": found.count(named=False),
        "rules_not_drawn_from": len(found.undrawn),
        "rules_of_whole_documents_left_out": sorted(second_source.DOCUMENTS),
        "recall_overall": round(found.share(named=False), 4),
    }
    report.hold("recall_of_named_providers", found.share(named=True), at_least=0.97)


def false_hits(report: Report) -> None:
    redact = Redactor()
    for name, lines in (
        ("drawn", harmless.drawn(SEED, HARMLESS_EACH)), ("of_this_house", harmless.house(SEED, HOUSE)),
    ):  # fmt: skip
        hit = [(sort, line) for sort, line in lines if redact(line) != line]
        report.hold(f"harmless_lines_{name}", len(lines), at_least=800)
        report.hold(f"false_hits_{name}", len(hit) / len(lines), at_most=0.005)
        report.figures[f"false_hits_{name}_sorts"] = sorted({sort for sort, _ in hit})
    told = sum(1 for _, line in harmless.drawn(SEED, HARMLESS_EACH) if redact.find(line))
    report.figures["found_by_the_gate_in_harmless_lines"] = told


def hostile(values: tuple[str, ...]) -> dict[str, str]:
    """Texts that would be slow somewhere, had we been careless."""
    units = {
        "a": "a", "names": "token=", "names quoted": 'secret="', "jwt": "eyJ", "addresses": "http://a:", "equals": "=",
        "heads of keys": "-----BEGIN PRIVATE KEY-----", "lines of base64": "QUJDREVGR0hJSktMTU5P\n",
        "tokens": "gh" + "p_" + "a" * 20 + " ", "zero width": "a\u200b", "bearer": "bearer ", "blanks": "key \t ",
        "near": "key aws,", "dots": "a.b.", "digits": "123456789:", "escapes": "\\u0061", "drawn": "aB3",
        "first characters of a known value": values[0][:9] + "\u200b", "a known value": values[0], "sk-": "sk-",
    }  # fmt: skip
    return {name: (unit * (SIZE // len(unit.encode()) + 1))[:SIZE] for name, unit in units.items()}


def times(report: Report, values: tuple[str, ...]) -> None:
    redact, bare = Redactor(known=values), linear.compile(rb"gh[pousr]_[A-Za-z0-9_]{36}")
    redact("warm")
    took = {name: _cost(redact, text) for name, text in hostile(values).items()}
    worst = max(took, key=lambda name: took[name])
    alone = max(_cost(lambda text: bare.sub(b"", text.encode()), text) for text in hostile(values).values())
    report.figures |= {"hostile_shapes": len(took), "hostile_bytes": SIZE, "slowest_shape": worst}
    report.figures["seconds_of_one_rule_alone"] = round(alone, 4)
    report.hold("seconds_for_the_slowest_shape", took[worst], at_most=0.2)


def _cost(work: Callable[[str], object], text: str) -> float:
    """CPU seconds, the best of three: others use this machine too."""
    best = 9.0
    for _ in range(3):
        began = time.process_time()
        work(text)
        best = min(best, time.process_time() - began)
    return best
