"""Configuration that loads: the present spelling, the older one, precedence, the examples."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from orchestrator.config import known_secrets, load, locate
from orchestrator.model.issue import BoardStatus
from orchestrator.model.planning import SignalClass, Trust
from orchestrator.model.settings import AutomationMode, Autopull, Checks, RepoSettings, Settings
from orchestrator.model.task import Priority, TaskType

AGENTS = frozenset({"claude", "codex", "gemini", "deepseek", "shell", "scripted"})
CHECKOUT = Path(__file__).parents[2]
FIXTURES = CHECKOUT / "tests" / "fixtures"

GOOD = """\
projects:
  main:
    owner: ada
    number: 3
    repos:
      - repo: ada/app
        verify: make test
"""


def loaded(tmp_path: Path, text: str, **env: str) -> Settings:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return load(path, env={"HOME": str(tmp_path / "home")} | env, root=tmp_path, known_agents=AGENTS)


def only(settings: Settings) -> RepoSettings:
    (repo,) = settings.repos
    return repo


def test_a_short_file_resolves_to_settings_without_gaps(tmp_path: Path) -> None:
    settings = loaded(tmp_path, GOOD)
    repo = only(settings)
    assert (repo.key, repo.name, repo.project) == ("app", "ada/app", "main")
    assert (repo.verify, repo.verify_none, repo.checks) == ("make test", False, Checks.REQUIRED)
    assert repo.clone_url == "https://github.com/ada/app.git"
    assert repo.chain(TaskType.DEBUGGING) == ("claude", "codex", "gemini", "deepseek")
    assert repo.trusted_authors == {"ada"}
    assert settings.project("main").number == 3
    assert settings.runtime == tmp_path / "runtime"
    assert repo.objective == tmp_path / "objectives" / "app.yaml"
    assert {a.name: a.timeout_minutes for a in settings.agents}["claude"] == 45
    assert settings.warnings == ()


def test_worktrees_stand_outside_of_the_checkout_by_default(tmp_path: Path) -> None:
    settings = loaded(tmp_path, GOOD)
    assert settings.worktrees.is_relative_to(tmp_path / "home" / ".local/share/agent-os/worktrees")
    elsewhere = loaded(tmp_path, GOOD, XDG_DATA_HOME=str(tmp_path / "data"))
    assert elsewhere.worktrees.is_relative_to(tmp_path / "data" / "agent-os")


@pytest.mark.parametrize(
    ("file", "project", "repo", "wanted"),
    [
        (None, None, None, AutomationMode.FULL),
        ("dispatcher_only", None, None, AutomationMode.DISPATCHER_ONLY),
        ("dispatcher_only", "full", None, AutomationMode.FULL),
        ("full", "dispatcher_only", None, AutomationMode.DISPATCHER_ONLY),
        ("full", "full", "dispatcher_only", AutomationMode.DISPATCHER_ONLY),
        ("dispatcher_only", "dispatcher_only", "full", AutomationMode.FULL),
        (None, None, "dispatcher_only", AutomationMode.DISPATCHER_ONLY),
    ],
)
def test_the_innermost_automation_mode_wins(
    tmp_path: Path, file: str | None, project: str | None, repo: str | None, wanted: AutomationMode
) -> None:
    text = GOOD
    if repo:
        text += f"        automation_mode: {repo}\n"
    if project:
        text = text.replace("    number: 3\n", f"    number: 3\n    automation_mode: {project}\n")
    if file:
        text += f"automation_mode: {file}\n"
    assert only(loaded(tmp_path, text)).automation_mode is wanted


def test_false_and_zero_said_inside_win_over_what_stands_outside(tmp_path: Path) -> None:
    text = GOOD + "        planner_allow_early_refresh: false\n        sprint_cadence_days: 0\n        merge: false\n"
    text += "planner_allow_early_refresh: true\nsprint_cadence_days: 2.5\nmerge: true\n"
    repo = only(loaded(tmp_path, text))
    assert (repo.cadence.planner_allow_early_refresh, repo.cadence.sprint_cadence_days, repo.merge) == (False, 0, False)
    assert repo.cadence.groomer_cadence_days == 0, "the groomer follows the sprint when it has no cadence of its own"


def test_an_inner_chain_map_replaces_the_outer_one_whole(tmp_path: Path) -> None:
    text = GOOD.replace("    number: 3\n", "    number: 3\n    agent_fallbacks: {docs: [gemini]}\n")
    repo = only(loaded(tmp_path, text + "agent_fallbacks: {docs: [claude], debugging: [deepseek]}\n"))
    assert repo.chain(TaskType.DOCS) == ("gemini",)
    assert repo.chain(TaskType.DEBUGGING) == ("claude", "codex", "gemini", "deepseek"), "not the outer map's"


def test_evidence_blocks_merge_key_by_key_inner_over_outer(tmp_path: Path) -> None:
    text = GOOD + "        planning_research: {max_sources: 2, artifact_file: NOTES.md}\n"
    text += "planning_research: {enabled: true, max_sources: 9, max_age_hours: 5}\nbudgets: {day_usd: 7}\n"
    repo = only(loaded(tmp_path, text))
    research = repo.planning_research
    assert (research.enabled, research.max_sources, research.max_age_hours) == (True, 2, 5)
    assert (research.artifact_file, research.max_source_chars) == ("NOTES.md", 4000)
    assert (repo.budget.day_usd, repo.budget.task_usd) == (7, 5)


def test_feedback_is_stale_after_thrice_its_age_where_nothing_is_said(tmp_path: Path) -> None:
    def stale(block: str) -> float:
        return only(loaded(tmp_path, GOOD + block)).production_feedback.stale_after_hours

    assert stale("") == 72
    assert stale("production_feedback: {max_age_hours: 4}\n") == 12
    assert stale("production_feedback: {max_age_hours: 4, stale_after_hours: 5}\n") == 5


def test_the_agents_section_decides_who_is_used(tmp_path: Path) -> None:
    text = GOOD + "agents:\n  robot: {adapter: shell, command: \"my-agent --say 'a b'\"}\n  claude:\n"
    settings = loaded(tmp_path, text)
    assert only(settings).chain(TaskType.IMPLEMENTATION) == ("claude", "robot")
    robot = settings.agent("robot")
    assert robot is not None
    assert robot.command == ("my-agent", "--say", "a b")
    assert settings.agent("codex") is None


def test_a_playbook_is_found_beside_the_file_that_names_it(tmp_path: Path) -> None:
    settings = loaded(tmp_path, GOOD + "agents: {scripted: {playbook: plays/one.yaml}}\n")
    assert settings.agents[0].playbook == str(tmp_path / "plays/one.yaml")


@pytest.mark.parametrize(
    ("url", "api", "graphql", "pace"),
    [
        ("https://github.com", "https://api.github.com", "https://api.github.com/graphql", 1.0),
        ("https://git.example.com/", "https://git.example.com/api/v3", "https://git.example.com/api/graphql", 1.0),
        ("http://127.0.0.1:3999", "http://127.0.0.1:3999/api/v3", "http://127.0.0.1:3999/api/graphql", 0.0),
    ],
)
def test_one_address_gives_both_interfaces(tmp_path: Path, url: str, api: str, graphql: str, pace: float) -> None:
    github = loaded(tmp_path, GOOD + f"github: {{url: '{url}'}}\n").github
    assert (github.api_url, github.graphql_url, github.seconds_between_writes) == (api, graphql, pace)
    assert github.loopback is (pace == 0)


def test_words_that_yaml_turns_into_other_things_stay_what_they_are(tmp_path: Path) -> None:
    text = GOOD + "autopull: off\nready_label: on\ntelegram: {chat_id: -100123}\n"
    settings = loaded(tmp_path, text)
    assert settings.autopull is Autopull.OFF
    assert only(settings).ready_label == "on"
    assert settings.telegram.chat_id == "-100123"


def test_a_key_left_empty_is_the_default(tmp_path: Path) -> None:
    assert loaded(tmp_path, GOOD + "trusted_authors:\nbudgets:\nagents:\n").retention.logs_mb == 500


def test_columns_can_be_called_otherwise(tmp_path: Path) -> None:
    text = GOOD.replace("    number: 3\n", "    number: 3\n    statuses: {ready: Up next}\n")
    statuses = loaded(tmp_path, text).project("main").statuses
    assert (statuses.name(BoardStatus.READY), statuses.name(BoardStatus.DONE)) == ("Up next", "Done")


def test_several_owners_and_boards_stand_side_by_side(tmp_path: Path) -> None:
    text = GOOD + "  side:\n    owner: acme\n    repos:\n      - {repo: acme/app, key: acme-app, verify: none}\n"
    settings = loaded(tmp_path, text)
    assert [(p.key, p.owner, p.number, p.repos) for p in settings.projects] == [
        ("main", "ada", 3, ("app",)),
        ("side", "acme", None, ("acme-app",)),
    ]
    found = settings.repo("ACME/App")
    assert found is not None
    assert found.verify_none


def test_the_whole_block_of_the_seed_loads() -> None:
    settings = load(FIXTURES / "seed.config.yaml", env={"HOME": "/home/x"}, root=CHECKOUT, known_agents=AGENTS)
    repo = only(settings)
    assert (repo.name, settings.project("main").number, repo.path) == ("yourname/repo1", 1, Path("/home/x/code/repo1"))
    assert [s.name for s in repo.planning_research.sources] == ["Official docs", "Competitor pricing", "Launch notes"]
    assert len(repo.production_feedback.inputs) == 5
    last = repo.production_feedback.inputs[-1]
    assert (last.signal_class, last.trust_level) == (SignalClass.MARKET_SIGNAL, Trust.MEDIUM)
    assert [c.id for c in repo.outcome_attribution.checks] == ["activation_rate", "community_feedback"]
    assert repo.verify_none
    assert any("no test_command for yourname/repo1" in w for w in settings.warnings)


def test_the_older_spelling_with_named_boards_means_the_same(tmp_path: Path) -> None:
    old = loaded(
        tmp_path,
        """\
github_owner: ada
telegram_bot_token: "123:abcdefgh"
telegram_chat_id: 77
test_timeout_minutes: 9
default_max_attempts: 2
repo_configs:
  app: {test_command: make test}
github_projects:
  main:
    project_number: 3
    ready_value: Up next
    excluded_labels: [wontfix]
    repos:
      - {github_repo: ada/app, local_repo: ~/code/app, plan_size: 2}
""",
    )
    repo = only(old)
    assert (repo.verify, repo.verify_minutes, repo.max_attempts, repo.cadence.plan_size) == ("make test", 9, 2, 2)
    assert repo.excluded_labels == {"wontfix"}
    assert old.project("main").statuses.name(BoardStatus.READY) == "Up next"
    assert (old.telegram.token, old.telegram.chat_id) == ("123:abcdefgh", "77")
    assert any("older spelling" in w for w in old.warnings)


def test_the_allow_list_of_the_older_spelling_can_be_the_list_of_repositories(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "github_owner: ada\nproject_number: 1\nallowed_repos: [ada/app, ada/lib]\n")
    assert [r.key for r in settings.repos] == ["app", "lib"]


def test_priority_weights_are_read_in_both_spellings(tmp_path: Path) -> None:
    weights = dict(only(loaded(tmp_path, GOOD + "priority_weights: {'prio:high': 99, low: -1}\n")).priority_weights)
    assert weights == {Priority.HIGH: 99, Priority.NORMAL: 10, Priority.LOW: -1}


def test_the_environment_moves_root_and_file(tmp_path: Path) -> None:
    assert locate({}, checkout=tmp_path) == (tmp_path, tmp_path / "config.yaml")
    assert locate({"ORCH_ROOT": "/a"}, checkout=tmp_path) == (Path("/a"), Path("/a/config.yaml"))
    assert locate({"AGENT_OS_CONFIG": "/b/c.yaml"}, checkout=tmp_path) == (tmp_path, Path("/b/c.yaml"))


def test_the_pagers_token_comes_from_the_environment_unless_it_stands_in_the_file(tmp_path: Path) -> None:
    env = {"TELEGRAM_BOT_TOKEN": " 1:from-env\n", "PAGER": "1:renamed"}
    assert loaded(tmp_path, GOOD + "telegram: {chat_id: 7}\n", **env).telegram.token == "1:from-env"
    assert loaded(tmp_path, GOOD + "telegram: {token_env: PAGER}\n", **env).telegram.token == "1:renamed"
    assert loaded(tmp_path, GOOD + "telegram: {token: '1:in-the-file'}\n", **env).telegram.token == "1:in-the-file"
    assert loaded(tmp_path, GOOD).telegram.token == ""


def test_every_secret_the_configuration_leads_to_is_known_to_the_redactor(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("file-token-value\n")
    text = GOOD + "github: {token_file: token, token_env: HUB}\ntelegram: {token: '1:literal-token'}\n"
    text += "agents: {claude: {env: [ANTHROPIC_API_KEY, EDITOR]}}\n"
    env = {
        "HUB": "hub-token-value",
        "ANTHROPIC_API_KEY": "anthropic-value",
        "EDITOR": "some-editor",
        "OTHER": "12345678",
    }
    settings = loaded(tmp_path, text, **env)
    found = known_secrets(settings, env)
    assert set(found) == {"1:literal-token", "literal-token", "hub-token-value", "anthropic-value", "file-token-value"}
    assert "literal-token" not in repr(settings)


def test_the_example_loads_after_copying(tmp_path: Path) -> None:
    settings = loaded(tmp_path, (CHECKOUT / "example.config.yaml").read_text())
    assert [r.key for r in settings.repos] == ["app", "notes"]
    assert settings.repos[1].automation_mode is AutomationMode.DISPATCHER_ONLY
    assert settings.warnings == ()


def test_the_example_objective_has_the_four_metrics_and_every_field() -> None:
    objective = yaml.safe_load((CHECKOUT / "example.objective.yaml").read_text())
    weights = {m["id"]: m["weight"] for m in objective["metrics"]}
    assert weights == {"traffic": 0.20, "conversion": 0.35, "retention": 0.25, "arpu": 0.20}
    assert objective["evaluation_window_days"] == 28
    assert objective["primary_outcome"]
    for metric in objective["metrics"]:
        assert set(metric) == {"id", "name", "weight", "direction", "source", "outcome_check"}
        assert metric["source"]["path"].endswith(f"ga4_{metric['id']}_latest.yaml")
        assert metric["outcome_check"]["path"].endswith(f"ga4_{metric['id']}_post_merge.yaml")


def test_ten_repositories_load_within_an_idle_ticks_means(tmp_path: Path) -> None:
    rows = "".join(f"      - {{repo: ada/app{n}, verify: make test, max_attempts: 3}}\n" for n in range(9))
    times = []
    for _ in range(3):
        start = time.process_time()
        assert len(loaded(tmp_path, GOOD + rows).repos) == 10
        times.append(time.process_time() - start)
    assert min(times) < 0.040, "measured 0.002 s once imported"
