"""Configuration that does not load: every message names file, line, key, what stands there and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.config import ConfigError, Problem, load
from orchestrator.yamlread.lines import read

AGENTS = frozenset({"claude", "codex", "gemini", "deepseek", "shell", "scripted"})
FIXTURES = Path(__file__).parents[1] / "fixtures"
GOOD = """\
projects:
  main:
    owner: ada
    number: 3
    repos:
      - repo: ada/app
        verify: make test
"""


def problems(tmp_path: Path, text: str | bytes) -> tuple[Problem, ...]:
    path = tmp_path / "config.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        load(path, env={"HOME": str(tmp_path)}, root=tmp_path, known_agents=AGENTS)
    assert str(caught.value).splitlines() == [str(p) for p in caught.value.problems]
    return caught.value.problems


ONE_FAULT = [
    ("checks: sometimes", 8, "checks", "'sometimes'", "one of required, if_present, none"),
    ("automation_mode: ful", 8, "automation_mode", "'ful'", "one of full, dispatcher_only, observe (did you mean full"),
    ("automation_mod: full", 8, "automation_mod", "'full'", "a known key (did you mean automation_mode?)"),
    ("trusted_autors:", 8, "trusted_autors", "nothing", "did you mean trusted_authors?"),
    ("max_attempts: four", 8, "max_attempts", "'four'", "a whole number from 1"),
    ("max_attempts: 0", 8, "max_attempts", "0", "a whole number from 1"),
    ("max_attempts: 2.5", 8, "max_attempts", "2.5", "a whole number from 1"),
    ("merge: yes", 8, "merge", "'yes'", "true or false (did you mean true?)"),
    ("ready_label: 7", 8, "ready_label", "7", "a text in quotes"),
    ("trusted_authors: bob", 8, "trusted_authors", "'bob'", "a list: [bob]"),
    ('gate: {protected_paths: ["a", "!b"]}', 8, "gate.protected_paths[1]", "'!b'", "a glob without `!`"),
    ("budgets: [1]", 8, "budgets", "a list", "a mapping"),
    ("budgets: {subscription_share: 2}", 8, "budgets.subscription_share", "2", "a number from 0 to 1"),
    ("agent_fallbacks: {dox: [claude]}", 8, "agent_fallbacks.dox", "'dox'", "as key one of implementation, debugging"),
    ("agent_fallbacks: {docs: [codx]}", 8, "agent_fallbacks.docs[0]", "'codx'", "(did you mean codex?)"),
    ("agent_fallbacks: {docs: [codex, codex]}", 8, "agent_fallbacks.docs[1]", "'codex'", "each agent once"),
    ("agent_fallbacks: {docs: []}", 8, "agent_fallbacks.docs", "a list", "at least one agent"),
    ("default_agent: nobody", 8, "default_agent", "'nobody'", "a known one: claude, codex, deepseek"),
    ("formatter_agent: nobody", 8, "formatter_agent", "'nobody'", "an agent of the agents section"),
    ("planner_agents: [gemni]", 8, "planner_agents[0]", "'gemni'", "(did you mean gemini?)"),
    ("self_repo: ada/ap", 8, "self_repo", "'ada/ap'", "a repository of this file (did you mean ada/app?)"),
    ("repo_objectives: {lib: a.yaml}", 8, "repo_objectives.lib", "'lib'", "a repository of this file: ada/app, app"),
    ("repo_configs: {lib: {test_command: x}}", 8, "repo_configs.lib", "'lib'", "owner/name of a repository"),
    ("allowed_repos: [~/code/app]", 8, "allowed_repos[0]", "'~/code/app'", "owner/name, or the local_repo"),
    ("agents: {Bad_Name: {adapter: claude}}", 8, "agents.Bad_Name", "'Bad_Name'", "[a-z0-9-]"),
    ("agents: {x: {adapter: shel}}", 8, "agents.x.adapter", "'shel'", "an adapter (did you mean shell?)"),
    ("agents: {x: {}}", 8, "agents.x", "'x'", "an adapter: claude, codex"),
    ("agents: {shell: {}}", 8, "agents.shell.command", "", "the command line that the shell adapter runs"),
    ("agents: {scripted: {}}", 8, "agents.scripted.playbook", "", "the playbook"),
    ('agents: {shell: {command: "a \'b"}}', 8, "agents.shell.command", "", "a command line (No closing quotation)"),
    ("agents: {claude: {env: [GITHUB_TOKEN]}}", 8, "agents.claude.env[0]", "'GITHUB_TOKEN'", "no agent gets those"),
    ("agents: {claude: {env: [A=B]}}", 8, "agents.claude.env[0]", "'A=B'", "the name of an environment variable"),
    ("agent_timeout_minutes: {clod: 3}", 8, "agent_timeout_minutes.clod", "'clod'", "the name of an agent"),
    ("github: {url: http://git.example.com}", 8, "github.url", "'http://git.example.com'", "https://HOST"),
    ("github: {url: 'https://user:pw@git.example.com'}", 8, "github.url", "", "https://HOST"),
    (
        "agents: {claude: {base_url: 'https://u:hunter2@x.example'}}",
        8,
        "agents.claude.base_url",
        "//...@x",
        "https://HOST",
    ),
    (
        "agents: {claude: {base_url: 'http://10.0.0.1/v1'}}",
        8,
        "agents.claude.base_url",
        "10.0.0.1",
        "https://HOST/PATH",
    ),
    ("agents: {claude: {hosts: ['*.com']}}", 8, "agents.claude.hosts[0]", "'*.com'", "a host name"),
    ("agents: {claude: {price: {input: -1, output: 1}}}", 8, "agents.claude.price.input", "-1", "a number from 0"),
    ("hosts: ['https://x.example/']", 8, "hosts[0]", "'https://x.example/'", "a host name"),
    ("sandbox: maybe", 8, "sandbox", "'maybe'", "one of required, prefer, off"),
    ("budgets: {day_usd: -1}", 8, "budgets.day_usd", "-1", "a number from 0"),
    ("github: {url: 'https://github.com/ada'}", 8, "github.url", "", "without a path"),
    ("telegram: {api_url: 'http://evil.example.com'}", 8, "telegram.api_url", "", "https://HOST"),
    ("priority_weights: {urgent: 3}", 8, "priority_weights.urgent", "'urgent'", "one of high, normal, low as key"),
    ("worktrees_dir: $NOWHERE_AT_ALL/x", 8, "worktrees_dir", "", "NOWHERE_AT_ALL is not"),
    ("mailbox_dir: /tmp/mail", 8, "mailbox_dir", "'/tmp/mail'", "runtime/mailbox"),
    ("autopull: false", 8, "autopull", "false", "one of off, tag, main"),
]


@pytest.mark.parametrize(("row", "line", "key", "value", "expected"), ONE_FAULT, ids=[r[0] for r in ONE_FAULT])
def test_one_fault_gives_one_problem_with_its_place(
    tmp_path: Path, row: str, line: int, key: str, value: str, expected: str
) -> None:
    (problem,) = problems(tmp_path, GOOD + row + "\n")
    assert (problem.file, problem.line, problem.key) == ("config.yaml", line, key)
    assert value in problem.value
    assert expected in problem.expected


IN_REPO = [
    ("verify: make test", "", "verify", "verify: none to say"),
    ("repo: ada/app", "repo: app", "repo", "owner/name as on GitHub"),
    ("repo: ada/app", "repo: https://github.com/ada/app.git", "repo", "owner/name as on GitHub"),
    ("verify: make test", "verify: x\n        key: App", "key", "[a-z0-9-]"),
    ("repo: ada/app\n        ", "", "repo", "a text"),
]


@pytest.mark.parametrize(("old", "new", "key", "expected"), IN_REPO, ids=[r[2] + str(n) for n, r in enumerate(IN_REPO)])
def test_a_fault_in_a_repository_names_it(tmp_path: Path, old: str, new: str, key: str, expected: str) -> None:
    (problem,) = problems(tmp_path, GOOD.replace(old, new))
    assert problem.key == f"projects.main.repos[0].{key}"
    assert problem.line in (6, 7, 8)
    assert expected in problem.expected


def test_a_missing_verification_tells_both_ways_out(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, GOOD.replace("        verify: make test\n", ""))
    assert "verify: make test" in problem.expected
    assert "verify: none" in problem.expected


@pytest.mark.parametrize(
    ("second", "key", "expected"),
    [
        ("{repo: ADA/App, key: b, verify: none}", "repos[1].repo", "each repository once; it stands on line 6"),
        ("{repo: ada/APP-, key: app, verify: none}", "repos[1].key", "the repository on line 6 has this one"),
        ("{repo: bob/app, verify: none}", "repos[1].key", "a key of its own"),
    ],
)
def test_repositories_and_keys_are_unique(tmp_path: Path, second: str, key: str, expected: str) -> None:
    (problem,) = problems(tmp_path, GOOD + f"      - {second}\n")
    assert (problem.key, problem.line) == (f"projects.main.{key}", 8)
    assert expected in problem.expected


def test_all_problems_of_a_file_are_told_at_once_in_its_order(tmp_path: Path) -> None:
    found = problems(tmp_path, GOOD.replace("owner: ada", "owner: 7") + "checks: x\nnope: 1\nretention: {logs_mb: a}\n")
    assert [p.line for p in found] == [3, 8, 9, 10]
    found = problems(tmp_path, GOOD + "self_repo: a/b\ndefault_agent: x\ngithub: {url: ftp://a}\n")
    assert [p.key for p in found] == ["self_repo", "default_agent", "github.url"]


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        (GOOD + "merge: true\nmerge: false\n", 9, "this key once; it stands on line 8 already"),
        (GOOD + "a: &x 1\nb: *x\n", 8, "without an anchor"),
        (GOOD + "merge: !!bool true\n", 8, "without a tag"),
        (GOOD + "merge: !!python/object:os.system x\n", 8, "without a tag"),
        (GOOD + "<<: {merge: true}\n", 8, "a known key"),
        (GOOD + "? [a]\n: 1\n", 8, "a plain text as key"),
        (GOOD + "---\na: 1\n", 8, "one document"),
        (GOOD + "  x: [\n", 9, "YAML"),
        (GOOD + "\tx: 1\n", 8, "YAML"),
        ("x: " + "[" * 30 + "]" * 30, 1, "at most 20 levels"),
        ("[" * 200_000, 1, "at most 20 levels"),
        ("a: " + "x" * 300_000, 0, "at most 256 KB"),
        (b"a: \xff\n", 1, "UTF-8"),
        ("a: \x07\n", 0, "YAML"),
        ("- a\n", 1, "a mapping"),
        ("", 1, "a mapping"),
    ],
)
def test_what_is_dangerous_in_yaml_is_refused(tmp_path: Path, text: str | bytes, line: int, expected: str) -> None:
    found = problems(tmp_path, text)
    assert found[0].line == line
    assert expected in found[0].expected


def test_the_seeds_block_without_its_indentation_gets_one_clear_error() -> None:
    path = FIXTURES / "seed.flattened.config.yaml"
    with pytest.raises(ConfigError) as caught:
        load(path, env={}, root=path.parent, known_agents=AGENTS)
    (problem,) = caught.value.problems
    assert "no line of the file is indented" in problem.expected
    assert (problem.file, problem.key) == ("seed.flattened.config.yaml", "agent_fallbacks")


def test_a_file_without_nesting_keeps_its_own_error(tmp_path: Path) -> None:
    text = "github_owner: ada\nallowed_repos:\n- ada/app\ntrusted_authors:\nproject_number: 1\nproject_number: 2\n"
    (problem,) = problems(tmp_path, text)
    assert (problem.key, problem.line) == ("project_number", 6)


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"copy example\.config\.yaml"):
        load(tmp_path / "config.yaml", env={}, root=tmp_path, known_agents=AGENTS)


def test_no_repository_at_all_is_an_error(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "merge: true\n")
    assert "at least one project with a repository" in problem.expected


SOURCES = [
    ("{name: a, type: web}", "url", "the url of a web source"),
    ("{name: a, type: file}", "path", "the path of a file source"),
    ("{name: a, type: file, path: x, url: 'https://docs.example.com'}", "url", "no url beside type: file"),
    ("{name: a, type: web, url: 'http://docs.example.com/'}", "url", "an https address"),
    ("{name: a, type: web, url: 'https://docs.example.com.evil.org/'}", "url", "allowed_domains (docs.example.com)"),
    ("{name: a, type: web, url: 'https://docs.example.com@evil.org/'}", "url", "an https address"),
]


@pytest.mark.parametrize(("source", "key", "expected"), SOURCES)
def test_a_source_must_fit_its_type_and_the_allowed_domains(
    tmp_path: Path, source: str, key: str, expected: str
) -> None:
    block = f"planning_research:\n  allowed_domains: [docs.example.com]\n  sources:\n    - {source}\n"
    (problem,) = problems(tmp_path, GOOD + block)
    assert (problem.key, problem.line) == (f"planning_research.sources[0].{key}", 11)
    assert expected in problem.expected


def test_feedback_inputs_are_checked_in_both_spellings(tmp_path: Path) -> None:
    entry = "{name: a, type: file, path: x, observed_at: yesterday}"
    found = problems(tmp_path, GOOD + f"production_feedback:\n  inputs:\n    - {entry}\n")
    assert [p.key.rsplit(".", 1)[-1] for p in found] == ["signal_class", "observed_at"]
    found = problems(tmp_path, GOOD + f"planning_signals:\n  inputs:\n    - {entry}\n")
    assert [p.key for p in found] == [
        "planning_signals.inputs[0].signal_class",
        "planning_signals.inputs[0].observed_at",
    ]


@pytest.mark.parametrize(
    "file", ["../x.md", "a/b.md", ".hidden.md", "notes.txt", "STRATEGY.md", "PLANNING_RESEARCH.md"]
)
def test_an_artifact_is_a_plain_file_name_of_its_own(tmp_path: Path, file: str) -> None:
    (problem,) = problems(tmp_path, GOOD + f"production_feedback:\n  enabled: true\n  artifact_file: {file}\n")
    assert "a plain file name that ends in .md" in problem.expected
    assert problem.key == "production_feedback.artifact_file"


def test_a_repository_outside_of_the_older_allow_list_is_refused(tmp_path: Path) -> None:
    text = "github_owner: ada\nproject_number: 1\nallowed_repos: [ada/other]\nrepos:\n  - github_repo: ada/app\n"
    (problem,) = problems(tmp_path, text)
    assert (problem.key, problem.line) == ("repos[0].github_repo", 5)


def test_problems_in_the_older_spelling_are_told_in_its_own_words(tmp_path: Path) -> None:
    text = "github_projects:\n  main:\n    project_number: 1\n    repos: [{github_repo: ada/app, checks: x}]\n"
    (problem,) = problems(tmp_path, text)
    assert (problem.key, problem.line) == ("github_projects.main.repos[0].checks", 4)
    (problem,) = problems(tmp_path, text.replace(", checks: x", ""))
    assert (problem.key, problem.expected) == (
        "github_projects.main.github_owner",
        "the login of the board's owner, here or at the top of the file",
    )


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab:- \n[]{}&*!'\"#|>?,%\t\x00é0.~"), max_size=80))
def test_any_text_is_either_read_or_refused_by_name(text: str) -> None:
    try:
        document = read(text, "config.yaml")
        told = document.line(()) >= 1
    except ConfigError as error:
        told = bool(error.problems) and str(error).startswith("config.yaml")
    assert told
