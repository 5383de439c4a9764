"""config.yaml to `Settings`: read with lines, checked whole, resolved once. Nothing runs on a bad file.

    settings = load(path, env=os.environ, root=root, known_agents=..., adapters=...)

Read with `yamlread`. Parts: `schema` (the shape and its words), `placed` and `seed` (both spellings in one form),
`agents`, `evidence`, `hosts`, `resolve` (precedence), `crontab`, `reference`; `objective` reads files of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from orchestrator.model.settings import Settings
from orchestrator.yamlread.problems import ConfigError, Problem

__all__ = ["ConfigError", "Problem", "known_secrets", "load", "locate", "sounds_secret"]

CONFIG_ENV = "AGENT_OS_CONFIG"
ROOT_ENV = "ORCH_ROOT"
_EXAMPLE = "a configuration; `agent-os init` writes one, or copy example.config.yaml to this place and edit it"


def locate(env: Mapping[str, str], *, checkout: Path) -> tuple[Path, Path]:
    """(root, config file): `ORCH_ROOT` over the checkout, `AGENT_OS_CONFIG` over `<root>/config.yaml`."""
    root = Path(env.get(ROOT_ENV) or checkout).expanduser().absolute()
    return root, Path(env.get(CONFIG_ENV) or root / "config.yaml").expanduser().absolute()


def load(
    path: Path,
    *,
    env: Mapping[str, str],
    root: Path,
    known_agents: frozenset[str],
    adapters: frozenset[str] | None = None,
    text: str | None = None,
) -> Settings:
    """Reads and resolves the configuration.

    `known_agents`: names that may stand in chains without an entry under `agents`. `adapters`: what
    `agents.<name>.adapter` may say beside them (default: the same names). `text`: judged as if it stood in the file.
    Raises ConfigError naming every problem by file, line, key, value and what was expected; also when the file is
    missing.
    """
    from orchestrator.config.placed import Notes
    from orchestrator.config.resolve import settings
    from orchestrator.config.schema import Config
    from orchestrator.yamlread.explain import ONE_AT_A_TIME, typed
    from orchestrator.yamlread.lines import read

    document = read(_text(path) if text is None else text, path.name)
    with ONE_AT_A_TIME:
        config = typed(document, Config)
        return settings(
            config,
            Notes(document=document),
            path=path,
            root=root,
            env=env,
            known_agents=known_agents,
            adapters=known_agents if adapters is None else adapters,
        )


def known_secrets(
    settings: Settings, env: Mapping[str, str], *, variables: Iterable[str] = (), login_files: Iterable[str] = ()
) -> tuple[str, ...]:
    """Every secret this configuration leads to, for the redactor: literals, the environment, the files it names.

    `variables`: those that usually hold providers' keys. `login_files`: what makes a login, below an agent's login
    folder. Files that cannot be read are left out: whoever needs them says so.
    """
    from orchestrator.config.secret import logins, values

    github, telegram = settings.github, settings.telegram
    found = [telegram.token, env.get(telegram.token_env, "")]
    found += [token.partition(":")[2] for token in found]  # a bot's number is no secret, what follows it is one alone
    found += [env.get(name, "") for name in (github.token_env, "GITHUB_TOKEN", "GH_TOKEN")]
    found += [env.get(name, "").strip() for name in variables]
    for agent in settings.agents:
        found += [env.get(agent.key_env, "").strip() if agent.key_env else ""]
        found += values(Path(agent.secrets_file)) if agent.secrets_file else ()
        found += logins(Path(agent.login), login_files) if agent.login else ()
        found += [env.get(name, "") for name in agent.env if sounds_secret(name)]
    for file in (github.token_file, github.app_private_key_file):
        try:
            found.append(Path(file).read_text().strip() if file else "")
        except (OSError, UnicodeDecodeError):
            continue
    return tuple(dict.fromkeys(s for s in found if len(s) >= 8))


def sounds_secret(name: str) -> bool:
    """Is a variable of that name likely to hold a secret?"""
    return any(word in name.upper() for word in ("KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL", "AUTH"))


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
        return data.decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError([Problem(file=path.name, line=0, key="", value="no file", expected=_EXAMPLE)]) from None
    except OSError as error:
        why = error.strerror or "unreadable"
        raise ConfigError([Problem(file=path.name, line=0, key="", value=why, expected=_EXAMPLE)]) from None
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError([Problem(file=path.name, line=line, key="", value="", expected="UTF-8 text")]) from None
