"""Evidence from outside: named https addresses on allowed hosts, and files below known roots. Nothing else is read.

    found = sources.read(metric.source, reach.rules(services, repo, domains=block.allowed_domains, most_chars=4000))

Never raises for a source's sake: what cannot be read is an `Unread` that says why, and the run goes on. What was read
is foreign text: data, to be quoted, never to be obeyed.
"""

from __future__ import annotations

from orchestrator.model.objective import Source
from orchestrator.model.planning import SourceType
from orchestrator.sources import files
from orchestrator.sources.files import confined
from orchestrator.sources.rules import Read, Rules, Unread

__all__ = ["Read", "Rules", "Unread", "confined", "read"]


def read(source: Source, rules: Rules) -> Read | Unread:
    """The text of one source. Takes `rules.seconds` at most for the web; a file is read in one go."""
    if source.type is SourceType.FILE:
        return files.read(source.path, rules)
    from orchestrator.sources import web  # TLS and HTTP are loaded by those who read from the web

    return web.read(source.url, rules)
