"""What a repository's evidence may be read from, in a world set up as an operator would."""

from __future__ import annotations

from orchestrator import sources
from orchestrator.model.objective import Source
from orchestrator.planning import reach
from orchestrator.sources import Read
from tests.journeys.conftest import MakeWorld

SECRET = "ghp_" + "A1b2C3d4" * 5


def test_evidence_is_read_in_and_beside_the_checkout_and_never_from_our_own_state(make: MakeWorld) -> None:
    world = make(path="code/app", board=False)
    tmp, evidence = world.tmp, world.settings.evidence_dir
    files = {
        tmp / "code/app/docs/goals.md": f"in it, {SECRET}",
        tmp / "code/shared/x.md": "beside it",
        tmp / "code/app/.git/config": "no",
        tmp / "code/app/config.yaml": "another program's",
        evidence / "app/visits_latest.yaml": "measured",
        tmp / "objectives/app.yaml": "wanted",
        tmp / "other/y.md": "no",
        world.settings.runtime / "ledger/head.md": "no",
        tmp / "secrets.json": "no",
    }
    for place, words in files.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(words)
    (tmp / "code/app/link.md").symlink_to(world.settings.config_file)
    rules = reach.rules(world.services, world.settings.repos[0], domains=("docs.example.com",), most_chars=30)

    def read(path: object) -> str | None:
        found = sources.read(Source(path=str(path)), rules)
        return found.text if isinstance(found, Read) else None

    good = ("docs/goals.md", "../shared/x.md", "config.yaml", evidence / "app/visits_latest.yaml")
    assert [read(each) for each in good] == [
        "in it, [redacted:github_token]",
        "beside it",
        "another program's",
        "measured",
    ]
    assert read(tmp / "objectives/app.yaml") == "wanted"
    bad = (".git/config", "../../other/y.md", "link.md", world.settings.config_file, tmp / "secrets.json")
    assert [read(each) for each in (*bad, world.settings.runtime / "ledger/head.md")] == [None] * 6
    assert (rules.hosts, rules.start) == (("docs.example.com",), tmp / "code/app")


def test_beside_is_open_but_not_what_the_program_keeps_there(make: MakeWorld) -> None:
    """The user's checkout stands beside the program's own files, as `../app` often does."""
    world = make(path="app", board=False)
    (world.tmp / "app").mkdir()
    (world.tmp / "secrets.json").write_text("no")
    (world.tmp / "note.md").write_text("beside it")
    world.settings.runtime.mkdir(exist_ok=True)
    (world.settings.runtime / "note.md").write_text("no")
    rules = reach.rules(world.services, world.settings.repos[0], domains=(), most_chars=30)
    paths = ("../note.md", "../config.yaml", "../secrets.json", "../runtime/note.md")
    found = [sources.read(Source(path=each), rules) for each in paths]
    assert [isinstance(each, Read) for each in found] == [True, False, False, False]


def test_without_a_checkout_paths_start_at_the_evidence(make: MakeWorld) -> None:
    world = make(board=False)
    own = world.settings.evidence_dir / "app"
    own.mkdir(parents=True)
    (own / "m_latest.yaml").write_text("measured")
    rules = reach.rules(world.services, world.settings.repos[0], domains=(), most_chars=30)
    assert sources.read(Source(path="m_latest.yaml"), rules) == Read(text="measured", where="m_latest.yaml")


def test_a_link_that_was_merged_into_the_repository_opens_nothing_beside_it(make: MakeWorld) -> None:
    """An agent's change may bring a link; where it leads, its author must not choose."""
    world = make(path="code/app", board=False)
    beside, evidence = world.tmp / "code", world.settings.evidence_dir
    for place in (beside / "clients/prices.txt", evidence / "other/m.md", evidence / "app/m.md"):
        place.parent.mkdir(parents=True)
        place.write_text("12,345 EUR")
    (beside / "app/metrics").mkdir(parents=True)
    (beside / "app/metrics/sales.md").symlink_to("../../clients/prices.txt")
    (beside / "app/metrics/all").symlink_to("../../clients")
    (beside / "app/metrics/m.md").symlink_to(evidence / "app/m.md")
    (evidence / "app/theirs.md").symlink_to("../other/m.md")
    rules = reach.rules(world.services, world.settings.repos[0], domains=(), most_chars=30)
    bad = ("metrics/sales.md", "metrics/all/prices.txt", "metrics/m.md", evidence / "app/theirs.md")
    found = [sources.read(Source(path=str(each)), rules) for each in (*bad, "../clients/prices.txt")]
    assert [isinstance(each, Read) for each in found] == [False] * 4 + [True], "who names the folder means it"
