"""The pages that people read of feedback and research, to the letter."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.model.planning import PlanningResearch
from orchestrator.policy import artifact, guarding
from orchestrator.policy.guarding import Rules
from tests.policy.builders import NOW, ago
from tests.policy.test_feedback import BLOCK, RULES, kept

HEAD = """# Production Feedback

- Generated: 2026-11-21T12:00:00Z
- Refresh after: 24h
- Default stale after: 72h
- Minimum trust: medium
- Allowed privacy: public, internal
- Scope: ada/app
"""
WEIGHS = f"""Checkout funnel

- Signal Class: analytics
- Source: evidence/checkout.yaml
- Observed At: {ago(hours=5)}
- Freshness: 5.0h old
- Freshness Policy: stale after 72h
- Provenance: GA4 export
- Trust: high (by hand)
- Privacy: internal (ours)
- Planning Use: included

### Signal Summary

conversion is 0.03.

### Key Evidence

> Payment page loses visitors.
> Payment fails for visitors with coupons.

### Planning Implications

- conversion is 0.03.
"""
GUARDED = f"""Old

- Signal Class: analytics
- Source: evidence/checkout.yaml
- Observed At: unknown
- Freshness: unknown
- Freshness Policy: stale after 72h
- Provenance: not told
- Trust: high
- Privacy: internal
- Planning Use: guarded (freshness unknown)

### Signal Summary

> {"w" * 200}

### Key Evidence

>{" "}
>{" "}
> {"w" * 300}
> last

### Planning Implications

- None: guarded evidence weighs nothing.
"""


def test_a_page_shows_what_weighs_and_what_does_not_and_why() -> None:
    given = [
        kept(trust_note="by hand", privacy_note="ours"),
        kept(name="Old", metric="", value=None, observed_at="", provenance="", text="\n\n" + "w" * 300 + "\nlast"),
        kept(name="Empty", metric="", text="", value=2.0),
        kept(name="None", metric="", text="", value=None),
    ]
    page = artifact.feedback(BLOCK, "ada/app", ago(), given, guarding.judged(given, RULES, NOW))
    head, first, second, third, fourth = page.split("\n## ")
    assert (head, first, second) == (HEAD, WEIGHS, GUARDED)
    assert "### Signal Summary\n\nEmpty is 2.\n\n### Key Evidence\n\nNothing is kept of it.\n" in third
    assert "### Signal Summary\n\nNothing is known of it.\n" in fourth


def test_a_page_of_research_and_an_empty_one() -> None:
    block = PlanningResearch(enabled=True, max_age_hours=10)
    given = [kept(kind="competitor")]
    page = artifact.research(block, "ada/app", ago(), given, guarding.judged(given, Rules(most=1), NOW))
    assert page.startswith(
        "# Planning Research\n\n- Generated: 2026-11-21T12:00:00Z\n- Refresh after: 10h\n- Default stale after: 30h\n"
        "- Scope: ada/app\n\n## Checkout funnel\n\n- Kind: competitor\n"
    )
    none = artifact.feedback(replace(BLOCK, allowed_privacy_levels=()), "ada/app", ago(), [], [])
    assert none.endswith("- Allowed privacy: none\n- Scope: ada/app\n\nNothing is configured to be read.\n")
