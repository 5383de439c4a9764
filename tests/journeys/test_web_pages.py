"""The further pages of the web page over real HTTP: what they show, and what their orders do to real files."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from orchestrator import wiring
from orchestrator.model.event import Actor, Event, EventKind
from orchestrator.services import Services
from orchestrator.state.scores import Scored
from orchestrator.web.desk import Desk
from orchestrator.web.serving import Web

CONFIG = """\
# mine
telegram:
  token: 'TOKEN'   # the bot
# old: TOKEN
operator: ada
github: {url: "http://127.0.0.1:9"}
projects:
  main:
    owner: ada
    repos:
      - {key: app, repo: ada/app, verify: make test}   # the product
      - key: lib
        repo: ada/lib
        verify: none
agents:
  anna: {adapter: claude}
"""
TOKEN = "1234567:AAhdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
CONFIG = CONFIG.replace("TOKEN", TOKEN)
PAGES = ("/objectives", "/objectives/app", "/agents", "/ledger", "/repos", "/settings", "/settings/config",
         "/settings/objective-app", "/objectives/app/edit", "/ledger/trace?subject=app-1")  # fmt: skip


class Visitor:
    """Somebody with the link in a browser without a screen; nobody else is there, GitHub neither."""

    def __init__(self, root: Path) -> None:
        self.root, self.config = root, root / "config.yaml"
        self.config.write_text(CONFIG)
        self.config.chmod(0o640)
        env = {"HOME": str(root), "PATH": "/usr/bin:/bin"}

        def build() -> Services:
            return wiring.build(wiring.settings(self.config, root, env), env, kind="operator", id="ada")

        self.web = Web(Desk(build, person="ada"), port=0).start()
        self.runtime = self.services.settings.runtime
        self.http = httpx.Client(base_url=self.web.url, headers={"origin": self.web.url}, follow_redirects=True)
        self.http.get(self.web.link)

    @property
    def services(self) -> Services:
        return self.web.desk.services

    def see(self, path: str, status: int = 200) -> str:
        answer = self.http.get(path)
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text[:400]}"
        return answer.text

    def order(self, name: str, /, **fields: str) -> tuple[int, str]:
        headers = {"x-agent-os-write": self.web.guard.write, "content-type": "application/json"}
        answer = self.http.post(f"/orders/{name}", content=json.dumps(fields), headers=headers)
        return answer.status_code, answer.json()["text"]

    def base(self, path: str = "/settings/config") -> str:
        found = re.search(r'name="base" value="([0-9a-f]*)"', self.see(path))
        assert found
        return found[1]

    def text(self, path: str = "/settings/config") -> str:
        found = re.search(r"<textarea[^>]*name=\"text\"[^>]*>\n(.*?)</textarea>", self.see(path), re.S)
        assert found
        return html.unescape(found[1])

    def close(self) -> None:
        self.http.close()
        self.web.stop()


@pytest.fixture
def visitor(tmp_path: Path) -> Iterator[Visitor]:
    found = Visitor(tmp_path)
    yield found
    found.close()


def test_every_page_is_whole_and_safe(visitor: Visitor) -> None:
    hostile = f"<b>new</b> {TOKEN}"
    visitor.services.ledger.write(
        Event(kind=EventKind.DISPATCHED, actor=Actor(kind="role", id="x"), repo="ada/app", task="app-1",
              data={"title": hostile})
    )  # fmt: skip
    for path in PAGES:
        text = visitor.see(path)
        assert text.count("<h1") == 1
        assert "<b>new" not in text
        assert TOKEN not in text
        assert not re.search(r"\sstyle=|<style|<script(?![^>]*src=)|\son[a-z]+=", text), path
        ids = re.findall(r'\sid="([^"]+)"', text)
        assert len(ids) == len(set(ids)), path
        for name in re.findall(r'<(?:select|textarea|input(?! type="hidden"))[^>]*\sid="([^"]+)"', text):
            assert f'for="{name}"' in text, f"{path}: {name} has no label"
    assert "There is no objective yet" in visitor.see("/objectives/app")
    assert "no managed repository" in visitor.see("/objectives/nobody", 404)


def test_the_score_is_drawn_with_its_gaps(visitor: Visitor) -> None:
    (visitor.root / "objectives").mkdir()
    example = (Path(__file__).parents[2] / "example.objective.yaml").read_text()
    (visitor.root / "objectives" / "app.yaml").write_text(example.replace("Sessions per week", "Sessions <i>"))
    metrics = visitor.runtime / "metrics" / "objective_scores.jsonl"
    metrics.parent.mkdir(exist_ok=True)
    for n, traffic in enumerate((0.1, 0.2, None, 0.4, 0.5), 1):
        scored = Scored(repo="app", at=f"2026-01-0{n}T00:00:00Z", total=0.2, coverage=0.5, metrics={"traffic": traffic})
        with metrics.open("ab") as out:
            out.write(msgspec.json.encode(scored) + b"\n")
    text = visitor.see("/objectives/app")
    picture = next(s for s in re.findall(r"<svg.*?</svg>", text, re.S) if "Sessions &lt;i&gt;" in s)
    assert picture.count("<polyline") == 2, "the day without a value is a gap"
    assert "4 values, 0.1 on 2026-01-01, 0.5 on 2026-01-05" in picture


def test_a_form_changes_one_line_and_undo_puts_it_back(visitor: Visitor) -> None:
    before = visitor.config.read_text()
    base = visitor.base()
    status, told = visitor.order("settings-form", group="all", base=base, **{"budgets.day_usd": "7", "merge": "false"})
    assert status == 200, told
    after = visitor.config.read_text()
    assert [line for line in after.split("\n") if line not in before.split("\n")] == [
        "merge: false", "budgets:", "  day_usd: 7",
    ]  # fmt: skip
    assert [line for line in before.split("\n") if line not in after.split("\n")] == []
    assert after.startswith(f"# mine\ntelegram:\n  token: '{TOKEN}'   # the bot\n# old: {TOKEN}\n")
    assert visitor.config.stat().st_mode & 0o777 == 0o640
    assert visitor.services.settings.repos[0].budget.day_usd == 7
    order = [r for r in visitor.services.ledger.read() if r.kind == EventKind.ORDER.value][-1]
    assert (order.actor.id, order.data["changed"]) == ("ada", "merge, budgets.day_usd")
    assert visitor.order("settings-undo", file="config", base=visitor.base())[0] == 200
    assert visitor.config.read_text() == before
    assert visitor.order("settings-undo", file="config", base=visitor.base())[0] == 200
    assert visitor.config.read_text() == after


def test_an_empty_field_tells_what_holds(visitor: Visitor) -> None:
    base = visitor.base()
    said = {"budgets.day_usd": "7", "merge": "false", "sprint_cadence_days": "3"}
    assert visitor.order("settings-form", group="all", base=base, **said)[0] == 200
    own = {"group": "projects.main.repos[1]", "budgets.month_usd": "9"}
    assert visitor.order("settings-form", base=visitor.base(), **own)[0] == 200
    page = visitor.see("/settings")

    def holds(name: str) -> list[str]:
        """Of each group that has the field, from the top: what its field shows when it is empty."""
        shown = rf'name="{re.escape(name)}" (?:[^>]*?placeholder="([^"]*)"|[^>]*><option value="">([^<]*)|[^>]*>)'
        return [placeholder or option for placeholder, option in re.findall(shown, page)]

    assert holds("budgets.month_usd") == ["500", "500", ""]
    assert holds("budgets.day_usd") == ["", "7", "7"]
    assert holds("merge") == ["not said", "false (not said here)", "false (not said here)"]
    assert holds("groomer_cadence_days") == ["3", "3", "3"]
    assert holds("telegram.quiet_hours") == ["never quiet"]


def test_what_the_loader_refuses_is_told_at_its_line_and_not_written(visitor: Visitor) -> None:
    before = visitor.config.read_bytes()
    text = visitor.text().replace("owner: ada", "owner: ada\n    nonsense: 1")
    line = text.split("\n").index("    nonsense: 1") + 1
    status, told = visitor.order("settings-text", file="config", base=visitor.base(), text=text)
    assert status == 409
    assert f"config.yaml:{line}:" in told
    assert "nonsense" in told
    status, told = visitor.order("settings-form", group="all", base=visitor.base(), **{"budgets.day_usd": "much"})
    assert status == 409
    assert "day_usd" in told
    assert visitor.config.read_bytes() == before
    assert not list((visitor.runtime / "state" / "settings").glob("*/*"))


def test_a_change_by_hand_is_never_written_over(visitor: Visitor) -> None:
    base, text = visitor.base(), visitor.text()
    by_hand = visitor.config.read_text() + "# by hand\n"
    visitor.config.write_text(by_hand)
    for name, fields in (
        ("settings-text", {"file": "config", "text": text + "merge: false\n"}),
        ("settings-form", {"group": "all", "merge": "false"}),
    ):
        status, told = visitor.order(name, base=base, **fields)
        assert status == 409
        assert "changed since" in told
    assert visitor.config.read_text() == by_hand


def test_a_secret_is_a_word_on_the_page_and_stays_in_the_file(visitor: Visitor) -> None:
    text = visitor.text()
    assert TOKEN not in text
    assert "token: '<hidden-1>'" in text
    assert "# old: <hidden-1>" in text
    status, told = visitor.order("settings-text", file="config", base=visitor.base(), text=text + "merge: false\n")
    assert status == 200, told
    assert visitor.config.read_text().count(TOKEN) == 2
    assert "merge: false" in visitor.config.read_text()
    assert visitor.config.stat().st_mode & 0o777 == 0o640
    kept = list((visitor.runtime / "state" / "settings" / "config").glob("*.yaml"))
    assert [f.stat().st_mode & 0o777 for f in kept] == [0o600]
    assert (
        "stands for nothing"
        in visitor.order(
            "settings-text", file="config", base=visitor.base(), text=text.replace("<hidden-1>", "<hidden-9>")
        )[1]
    )
    ledger = b"".join(f.read_bytes() for f in (visitor.runtime / "ledger").glob("*.jsonl"))
    assert TOKEN.split(":")[1].encode() not in ledger


def test_an_objective_is_written_from_the_page(visitor: Visitor) -> None:
    example = visitor.text("/settings/objective-app")
    assert "primary_outcome" in example
    assert visitor.base("/settings/objective-app") == ""
    assert visitor.order("settings-text", file="objective-app", base="", text="metrics: []\n")[0] == 409
    status, told = visitor.order("settings-text", file="objective-app", base="", text=example)
    assert status == 200, told
    assert "Grow profitable" in visitor.see("/objectives/app")


def test_an_objective_begins_grows_and_shrinks_by_its_form(visitor: Visitor) -> None:
    edit, file = "/objectives/app/edit", visitor.root / "objectives" / "app.yaml"
    assert "There is no objective yet" in visitor.see(edit)
    first = {"primary_outcome": "Sell: more", "id": "Sales", "source": "evidence/sales.yaml"}
    assert "direction" in visitor.order("objective-add", repo="app", base="", direction="sideways", **first)[1]
    assert not file.exists()
    assert visitor.order("objective-add", repo="app", base="", **first)[0] == 200
    file.write_text(file.read_text().replace("metrics:", "metrics:   # mine").replace("Sales", "Sales # in it"))
    status, told = visitor.order(
        "objective-add",
        repo="app",
        base=visitor.base(edit),
        id="nps",
        weight="0.5",
        check="https://m.example/n?k=1",
        window="7",
    )
    assert status == 200, told
    assert file.read_text() == (
        'primary_outcome: "Sell: more"\nmetrics:   # mine\n  - id: Sales # in it\n    source: evidence/sales.yaml\n'
        "  - id: nps\n    weight: 0.5\n"
        '    outcome_check: {type: web, url: "https://m.example/n?k=1", measurement_window_days: 7}\n'
    )
    page = visitor.see(edit)
    assert 'placeholder="28"' in page, "what holds where the file says nothing"
    assert "increase (not said here)" in page
    assert visitor.order("objective-remove", repo="app", base=visitor.base(edit), metric="sales")[0] == 200
    assert "Sales" not in file.read_text()
    assert "only metric" in visitor.order("objective-remove", repo="app", base=visitor.base(edit), metric="nps")[1]
    assert visitor.order("settings-undo", file="objective-app", base=visitor.base(edit))[0] == 200
    assert "Sales # in it" in file.read_text()


def test_a_metric_is_changed_in_its_place(visitor: Visitor) -> None:
    edit, file = "/objectives/app/edit", visitor.root / "objectives" / "app.yaml"
    file.parent.mkdir()
    before = (Path(__file__).parents[2] / "example.objective.yaml").read_text()
    file.write_text(before)

    def change(metric: str = "traffic", **fields: str) -> tuple[int, str, list[str]]:
        """The status, what was said, and the lines that the file has now and had not before."""
        file.write_text(before)
        status, told = visitor.order("objective-form", repo="app", base=visitor.base(edit), metric=metric, **fields)
        had = before.split("\n")
        return status, told, [line.strip() for line in file.read_text().split("\n") if line not in had]

    same = {"name": "Sessions per week", "weight": "0.2", "direction": "increase", "window": "7",
            "source": "~/.local/share/agent-os/evidence/repo1/ga4_traffic_latest.yaml"}  # fmt: skip
    assert change(**same) == (200, "Nothing was changed.", [])
    assert change(**same | {"weight": "0.4", "window": "14"})[2] == ["weight: 0.4", "measurement_window_days: 14"]
    assert change(source="https://m.example/t.yaml")[2] == ['source: {type: web, url: "https://m.example/t.yaml"}']
    assert change(check="other.yaml")[2] == ["path: other.yaml"]
    assert change("", primary_outcome="Grow")[2] == ["primary_outcome: Grow"]
    assert change(check="", window="7")[2] == []
    assert file.read_text().count("outcome_check:") == before.count("outcome_check:") - 1
    assert "# unit: sessions" in file.read_text()
    for field, value in (("weight", "much"), ("window", "0"), ("direction", "x"), ("source", "https://u:p@h/x")):
        status, told, new = change(**{field: value})
        assert (status, new) == (409, []), (field, told)
        assert "app.yaml:" in told
    assert "no metric" in change("nobody", weight="1")[1]


def test_a_secret_of_an_objective_is_hidden_in_its_form_and_stays(visitor: Visitor) -> None:
    edit, file = "/objectives/app/edit", visitor.root / "objectives" / "app.yaml"
    place = f"https://m.example/n?token={TOKEN}"
    first = {"primary_outcome": "More", "id": "nps", "source": place}
    assert visitor.order("objective-add", repo="app", base="", **first)[0] == 200
    before = file.read_text()
    assert place in before
    assert TOKEN not in visitor.see(edit)
    shown = re.search(r'id="m-nps-source"[^>]* value="([^"]*)"', visitor.see(edit))
    assert shown
    change = {"source": html.unescape(shown[1]), "weight": "2"}
    assert visitor.order("objective-form", repo="app", base=visitor.base(edit), metric="nps", **change)[0] == 200
    assert file.read_text() == before + "    weight: 2\n"


def test_more_by_itself_needs_a_yes(visitor: Visitor) -> None:
    assert visitor.order("repo-mode", repo="app", mode="observe")[0] == 200
    assert "automation_mode: observe" in visitor.config.read_text()
    status, told = visitor.order("repo-mode", repo="app", mode="full")
    assert status == 409
    assert "say yes" in told
    assert "automation_mode: observe" in visitor.config.read_text()
    assert visitor.order("repo-mode", repo="app", mode="full", consent="yes")[0] == 200
    assert "automation_mode: full" in visitor.config.read_text()
    assert visitor.order("repo-switch", on="no", what="app")[0] == 200
    assert "Switch on" in visitor.see("/repos")
    assert visitor.order("repo-switch", on="yes", what="app")[0] == 200


def test_whoever_may_only_look_changes_nothing(visitor: Visitor) -> None:
    text = visitor.text() + "operators:\n  - github: ada\n    may: [see, order]\n"
    assert visitor.order("settings-text", file="config", base=visitor.base(), text=text)[0] == 200
    before = visitor.config.read_bytes()
    status, told = visitor.order("settings-form", group="all", base=visitor.base(), merge="false")
    assert status == 409
    assert "may not approve" in told
    assert visitor.config.read_bytes() == before


def test_the_ledger_is_searched_page_by_page_and_proved(visitor: Visitor) -> None:
    for n in range(130):
        visitor.services.record(EventKind.CONFIG, n=n, word="needle" if n == 3 else "hay")
    seen: list[int] = []
    page = "/ledger?kind=config"
    while page:
        text = visitor.see(page)
        seen += [int(s) for s in re.findall(r'data-head="Event">(\d+)<', text)]
        older = re.search(r'href="(/ledger\?[^"]*)" rel="next"', text)
        page = older[1].replace("&amp;", "&") if older else ""
    assert len(seen) == 130
    assert seen == sorted(seen, reverse=True)
    assert visitor.see("/ledger?text=needle").count('data-head="Event"') == 1
    assert "No event is like that" in visitor.see("/ledger?subject=nobody%2Fnothing%231")
    assert "no such place" in visitor.see("/ledger?before=x:1", 404)
    status, told = visitor.order("ledger-verify", offline="yes")
    assert status == 200
    assert "holds" in told
    assert "The chain holds." in visitor.see("/ledger")
