"""The versions of the programs that the adapters were tested with: the one place where they are pinned.

Another version may work; this one was run through every scenario of `bin/test-agents`. To go to a newer one: change it
here, run `bin/test-agents --record NAME`, look at what changed in the golden files, commit both.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Pin:
    """One program as its maker publishes it."""

    package: str
    version: str
    npm: bool = True
    """From npm; else from PyPI."""
    program: str
    """What it is called once it is installed."""
    also: tuple[str, ...] = ()
    """Packages that it needs beside it, with their versions."""
    node: bool = False
    """It needs a newer Node than a machine may have, so it comes with its own (among `also`)."""


PINS: dict[str, Pin] = {
    "claude": Pin(package="@anthropic-ai/claude-code", version="2.1.329", program="claude"),
    "codex": Pin(package="@openai/codex", version="0.169.0", program="codex"),
    "gemini": Pin(package="@google/gemini-cli", version="0.61.0", program="gemini"),
    "opencode": Pin(package="opencode-ai", version="1.18.33", program="opencode"),
    "qwen": Pin(package="@qwen-code/qwen-code", version="0.24.4", program="qwen"),
    "copilot": Pin(package="@github/copilot", version="1.0.102", program="copilot"),
    "grok": Pin(package="@xai-official/grok", version="1.0.41", program="grok"),
    "kimi": Pin(
        package="@moonshot-ai/kimi-code", version="2.1.0", program="kimi", also=("node@22.22.0",), node=True
    ),
    "cline": Pin(package="cline", version="3.0.65", program="cline"),
    "aider": Pin(package="aider-chat", version="0.86.2", npm=False, program="aider"),
    "mini-swe-agent": Pin(
        package="mini-swe-agent", version="2.4.6", npm=False, program="mini", also=("mcp==2.3.0", "litellm==1.110.2")
    ),
}  # fmt: skip
"""By adapter. `cursor` is missing: its real program is in no registry, so it was never run here."""

TESTED: dict[str, str] = {name: pin.version for name, pin in PINS.items()}
