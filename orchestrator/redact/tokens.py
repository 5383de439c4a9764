"""Tokens that tell themselves by their form. One linear pass of google-re2 over all of them."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from orchestrator.redact import linear

_ARMOUR = r"(?:\s|\\[nr]|>|\\t)*"
_BODY = rf"(?:{_ARMOUR}(?:[A-Za-z0-9+/=]{{16,}}|(?:Proc-Type|DEK-Info|Version|Comment|Hash): ?[^\n\\]*))*"

RULES: tuple[tuple[str, str], ...] = (
    # (kind, pattern). Sources: the providers' own pages on token formats, and what leaked ones look like.
    ("private_key", (rf"-----BEGIN [A-Z0-9 ]{{0,30}}PRIVATE KEY[A-Z ]{{0,10}}-----{_BODY}"
                    rf"(?:{_ARMOUR}[A-Za-z0-9+/]{{1,15}}={{0,2}})?(?:{_ARMOUR}=[A-Za-z0-9+/]{{4}})?"
                    rf"(?:{_ARMOUR}-----END [A-Z0-9 ]{{0,30}}PRIVATE KEY[A-Z ]{{0,10}}-----)?")),
    ("private_key", (rf"(?:[A-Za-z0-9+/=]{{16,}}{_ARMOUR})+(?:[A-Za-z0-9+/]{{1,15}}={{0,2}}{_ARMOUR})?"
                    r"-----END [A-Z0-9 ]{0,30}PRIVATE KEY[A-Z ]{0,10}-----")),
    ("age_key", r"AGE-SECRET-KEY-1[0-9A-Z]{20,}"),
    # ghs_ tokens of 2026 are <app id>_<JWT>: dots and hyphens belong to them
    ("github_token", r"gh[pousr]_[A-Za-z0-9_.\-]{20,}"),
    ("github_token", r"github_pat_[A-Za-z0-9_]{20,}"),
    ("github_token", r"eC1hY2Nlc3MtdG9rZW46[A-Za-z0-9+/=_-]{8,}"),
    ("gitlab_token", r"gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat|ffct)-[A-Za-z0-9_.\-]{16,}"),
    ("anthropic_key", r"sk-ant-[A-Za-z0-9_\-]{16,}"),
    ("openrouter_key", r"sk-or-[A-Za-z0-9_\-]{20,}"),
    ("openai_key", r"sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_\-]{16,}"),
    ("stripe_key", r"\b(?:sk|rk|pk)_(?:live|test|prod)_[A-Za-z0-9]{10,}"),
    ("webhook_secret", r"\bwhsec_[A-Za-z0-9+/=]{20,}"),
    # Moonshot, DeepSeek, DashScope, NanoGPT, OpenCode and older OpenAI keys; the longer ones have hyphens in them
    ("api_key", r"\b[Ss][Kk]-(?:[A-Za-z0-9]{20}|[A-Za-z0-9_\-]{40})[A-Za-z0-9_\-]*"),
    ("google_key", r"AIza[0-9A-Za-z_\-]{30,}"),
    ("google_key", r"\bAQ\.[0-9A-Za-z_\-]{40,}"),
    ("google_token", r"\bya29\.[0-9A-Za-z_\-]{20,}"),
    ("google_secret", r"GOCSPX-[0-9A-Za-z_\-]{20,}"),
    ("npm_token", r"\bnpm_[A-Za-z0-9]{30,}"),
    ("pypi_token", r"\bpypi-[A-Za-z0-9_\-]{40,}"),
    ("rubygems_key", r"\brubygems_[a-f0-9]{40,}"),
    ("docker_token", r"dckr_(?:pat|oat)_[A-Za-z0-9_\-]{20,}"),
    ("slack_token", r"xox[a-z]-[A-Za-z0-9\-]{10,}|xoxe\.xox[bp]-[A-Za-z0-9\-]{10,}|xapp-[0-9]-[A-Za-z0-9\-]{10,}"),
    ("slack_webhook", r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_\-]{20,}"),
    ("discord_webhook", r"discord(?:app)?\.com/api/webhooks/[0-9]{10,}/[A-Za-z0-9_\-]{30,}"),
    ("discord_token", r"\b[MNO][A-Za-z0-9_\-]{23,27}\.[A-Za-z0-9_\-]{6}\.[A-Za-z0-9_\-]{27,40}"),
    ("telegram_token", r"(?:\b|bot)(?:[0-9]{8,10}:[A-Za-z0-9_\-]{35}|[0-9]{5,16}:A[A-Za-z0-9_\-]{34})"),
    ("huggingface_token", r"\b(?:hf|api_org)_[A-Za-z0-9]{30,}"),
    ("aws_key_id", r"\b(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AROA|AIPA|ANPA)[A-Z0-9]{16}\b"),
    ("bedrock_key", r"\bABSK[A-Za-z0-9+/]{60,}={0,2}|bedrock-api-key-[A-Za-z0-9+/=_\-]{20,}"),
    ("alibaba_key", r"\bLTAI[A-Za-z0-9]{12,}|\bSTS\.[A-Za-z0-9]{16,}|\bCAIS[A-Za-z0-9+/=_\-]{40,}"),
    ("jwt", r"eyJ[A-Za-z0-9_\-]{10,}\.eyJ[A-Za-z0-9_\-]{10,}(?:\.[A-Za-z0-9_\-]*)?"),
    ("azure_secret", r"[A-Za-z0-9_~.\-]{3}8Q~[A-Za-z0-9_~.\-]{31,}"),
    ("sendgrid_key", r"\bSG\.[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{32,}"),
    ("groq_key", r"\bgsk_[A-Za-z0-9]{40,}"),
    ("xai_key", r"\bxai-[A-Za-z0-9_\-]{60,}"),
    ("chutes_key", r"\bcpk_[A-Za-z0-9.]{40,}"),
    ("cursor_key", r"\b(?:key|crsr)_[a-f0-9]{60,}"),
    ("perplexity_key", r"\bpplx-[A-Za-z0-9]{40,}"),
    ("replicate_token", r"\br8_[A-Za-z0-9]{36,}"),
    ("digitalocean_token", r"\bdo[opr]_v1_[a-f0-9]{60,}"),
    ("shopify_token", r"\bshp(?:at|ss|ca|pa)_[A-Fa-f0-9]{30,}"),
    ("databricks_token", r"\bdapi[a-f0-9]{32}"),
    ("atlassian_token", r"\bATATT3[A-Za-z0-9_\-=]{100,}|\bATCTT3[A-Za-z0-9_\-=]{100,}"),
    ("vault_token", r"\bhv[sbr]\.[A-Za-z0-9_\-]{24,}"),
    ("tailscale_key", r"\btskey-[a-z]+-[A-Za-z0-9\-]{16,}"),
    ("linear_key", r"\blin_(?:api|oauth)_[A-Za-z0-9]{32,}"),
    ("notion_token", r"\bntn_[A-Za-z0-9]{40,}"),
    ("grafana_token", r"\bglsa_[A-Za-z0-9]{32}_[a-f0-9]{8}|\bglc_[A-Za-z0-9+/=]{32,}"),
    ("sentry_token", r"\bsntry[su]_[A-Za-z0-9+/=_\-]{40,}"),
    ("new_relic_key", r"\bNRAK-[A-Z0-9]{27}"),
    ("postman_key", r"\bPMAK-[a-f0-9]{24}-[a-f0-9]{34}"),
    ("doppler_token", r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9_.\-]{30,}"),
    ("supabase_key", r"\bsbp_[a-f0-9]{40}|\bsb_secret_[A-Za-z0-9_\-]{20,}"),
    ("square_token", r"\bsq0(?:atp|csp)-[A-Za-z0-9_\-]{22,}|\bEAAA[lE][A-Za-z0-9_\-]{56,}"),
    ("twilio_key", r"\bSK[0-9a-f]{32}\b"),
    ("mailgun_key", r"\bkey-[0-9a-f]{32}\b"),
)  # fmt: skip


def clean(text: bytes) -> bytes:
    return bytes(_pattern().sub(lambda match: f"[redacted:{_kind(match)}]".encode(), text))


def spans(text: bytes) -> Iterator[tuple[int, int, str]]:
    """(start, end, kind) of each token in the text."""
    for match in _pattern().finditer(text):
        yield match.start(), match.end(), _kind(match)


def _kind(match: Any) -> str:
    which: int = match.lastindex  # each rule is one group without groups inside; to look at all of them would be slow
    return RULES[which - 1][0]


@functools.cache
def _pattern() -> Any:
    return linear.compile("|".join(f"({rule})" for _, rule in RULES).encode())
