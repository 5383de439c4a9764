"""docs/config.md, generated from the schema: the words stand once, beside the fields.

python -m orchestrator.config.reference > docs/config.md
"""

from __future__ import annotations

import ast
import inspect
import sys

from msgspec import NODEFAULT
from msgspec import inspect as types

from orchestrator.config import agents, schema, schema_evidence, schema_seed, schema_shared
from orchestrator.yamlread import explain

_HEAD = """\
# config.yaml

Generated from the schema (`orchestrator/config/schema*.py`); a test keeps both the same. `example.config.yaml` shows
the file, `bin/agent-os check-config` reads yours and names everything that is wrong by file, line and key. Nothing runs
on a file with an error.

- `AGENT_OS_CONFIG` names another file, `ORCH_ROOT` another root (`runtime/` stands there). Relative paths start at the
  file, those of `runtime_dir` and `worktrees_dir` at the root; `~` and `$VARIABLES` are filled in.
- A repository's own word wins over its project's, that over the file's. `agent_fallbacks` is replaced whole,
  `planning_research`, `production_feedback`, `outcome_attribution`, `budgets` and `gate` key by key.
- A key left empty is its default. `yes`, `on` and `010` are texts, not values; aliases, tags and duplicate keys are
  refused; at most 256 KB and 20 levels.
- Secrets better stand in the environment; one that stands here is redacted wherever we write.
"""


def text() -> str:
    """The whole page."""
    words = meanings()
    shared = set(schema_shared.Shared.__struct_fields__)
    old = set(schema_seed.SeedKeys.__struct_fields__)
    parts = [_HEAD, _chains(), "## The file\n", _table(schema.Config, words, leave_out=shared | old)]
    parts += ["## Keys of the file, a project or a repository\n", _table(schema_shared.Shared, words)]
    for title, kind in (
        ("projects.&lt;key&gt;", schema.Project),
        ("projects.&lt;key&gt;.statuses", schema.Statuses),
        ("projects.&lt;key&gt;.repos[]", schema.Repo),
        ("agents.&lt;name&gt;", schema.Agent),
        ("agents.&lt;name&gt;.price", schema.Price),
        ("agents.&lt;name&gt;.limits", schema.Limits),
        ("agents.&lt;name&gt;.budget", schema.AgentBudget),
        ("github", schema.GitHub),
        ("github.app", schema.App),
        ("telegram", schema.Telegram),
        ("retention", schema.Retention),
        ("budgets", schema_shared.Budget),
        ("gate", schema_shared.Gate),
        ("gate.banned[]", schema_shared.Banned),
        ("planning_research", schema_evidence.Research),
        ("planning_research.sources[]", schema_evidence.ResearchSource),
        ("production_feedback", schema_evidence.Feedback),
        ("production_feedback.inputs[]", schema_evidence.FeedbackInput),
        ("outcome_attribution", schema_evidence.Attribution),
        ("outcome_attribution.checks[]", schema_evidence.OutcomeCheck),
    ):
        parts += [f"## {title}\n", f"{inspect.getdoc(kind)}\n", _table(kind, words, leave_out=shared)]
    parts += [
        "## The older spelling\n",
        "Still read; `check-config` warns of each use. Without a `test_command` we verify nothing there.\n",
        _table(schema_seed.SeedKeys, words, leave_out=shared),
        "### github_projects.&lt;key&gt;\n",
        _table(schema_seed.SeedProject, words, leave_out=shared),
        "### repos[] and github_projects.&lt;key&gt;.repos[]\n",
        _table(schema_seed.SeedRepo, words, leave_out=shared),
        "### repo_configs.&lt;path or name&gt;\n",
        _table(schema_seed.SeedRepoConfig, words),
    ]
    return "\n".join(parts)


def _chains() -> str:
    rows = [f"| {kind.value} | {', '.join(names)} |" for kind, names in agents.BUILT_IN.items()]
    return "\n".join(
        [
            "## Agents, in the order they are tried\n",
            "The built-in order. With an `agents` section: those of the row that stand in it, then its others.\n",
            "| task type | agents |",
            "|---|---|",
            *rows,
            "",
        ]
    )


def _table(
    kind: type[schema_evidence.Block], words: dict[tuple[str, str], str], leave_out: set[str] | None = None
) -> str:
    info = types.type_info(kind)
    assert isinstance(info, types.StructType)
    rows = []
    for field in info.fields:
        if leave_out and field.name in leave_out:
            continue
        meaning = next(w for c in kind.__mro__ if (w := words.get((c.__name__, field.name))) is not None)
        must = " Required." if field.default is NODEFAULT else ""
        rows.append(
            f"| `{field.encode_name}` | {explain.expected(field.type)} | {meaning}{must} |".replace("<", "&lt;")
        )
    return "\n".join(["| key | value | meaning |", "|---|---|---|", *rows, ""])


def meanings() -> dict[tuple[str, str], str]:
    """By class and field: the text under each field, which Python itself throws away."""
    found = {}
    for module in (schema, schema_seed, schema_shared, schema_evidence):
        for node in ast.parse(inspect.getsource(module)).body:
            if isinstance(node, ast.ClassDef):
                for field, below in zip(node.body, node.body[1:], strict=False):
                    if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr):
                        name = ast.unparse(field.target)
                        found[node.name, name] = " ".join(ast.literal_eval(below.value).split())
    return found


if __name__ == "__main__":
    sys.stdout.write(text())
