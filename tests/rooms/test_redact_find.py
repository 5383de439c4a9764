"""Where a change holds secrets: told by kind and line; nothing that a person made up; no value in the answer."""

from __future__ import annotations

import random
import time

import pytest

from orchestrator.redact import Hit, Redactor

AN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
KNOWN = "the-operators-own-9-word"
redact = Redactor(known=(KNOWN,))


def _draw(seed: object, n: int, alphabet: str = AN) -> str:
    chance = random.Random(str(seed))
    return "".join(chance.choice(alphabet) for _ in range(n))


FOUND = {
    "github_token": "gh" + "p_" + _draw(1, 36),
    "anthropic_key": "sk-" + "ant-api03-" + _draw(2, 95),
    "aws_key_id": "AK" + "IA" + _draw(3, 16, AN[:26]),
    "telegram_token": "5550001112" + ":" + _draw(4, 35),
    "value": "DB_PASSWORD=" + _draw(5, 20) + "9x",
    "url_password": "postgres://app:" + _draw(6, 20) + "7z@db.internal.net/x",
    "authorization": "Authorization: Bearer " + _draw(7, 40) + "8y",
    "known": f"word = '{KNOWN}'",
}


@pytest.mark.parametrize("kind", FOUND)
def test_a_secret_is_found_with_its_kind_and_line(kind: str) -> None:
    text = f"first\n\nthird {FOUND[kind]} end\nlast"
    assert redact.find(text) == (Hit(kind=kind, line=3),)


def test_several_on_one_line_and_on_many() -> None:
    text = f"{FOUND['github_token']} {FOUND['aws_key_id']}\nfine\n{FOUND['github_token']} {FOUND['github_token']}"
    assert redact.find(text) == (
        Hit(kind="github_token", line=1), Hit(kind="aws_key_id", line=1), Hit(kind="github_token", line=3),
    )  # fmt: skip


def test_a_private_key_is_found_where_it_begins_and_its_head_alone_is_none() -> None:
    body = "\n".join(_draw(n, 64) for n in range(5))
    head, foot = "-----BEGIN RSA PRIVATE" + " KEY-----", "-----END RSA PRIVATE" + " KEY-----"
    assert redact.find(f"a\n{head}\n{body}\n{foot}\n") == (Hit(kind="private_key", line=2),)
    assert redact.find(f"if text.startswith({head!r}):\n    return 1") == ()


def test_a_known_value_hides_in_no_spelling_and_in_no_placeholder() -> None:
    split = "\u200b".join(KNOWN)
    assert redact.find(f"a\nb {split}") == (Hit(kind="known", line=2),)
    assert redact.find(KNOWN.encode().hex()) == (Hit(kind="known", line=1),)
    assert Redactor(known=("your-key-here-1",)).find("x = your-key-here-1") == (Hit(kind="known", line=1),)


MADE_UP = (
    "aws_access_key_id = AK" + "IAIOSFODNN7EXAMPLE",
    "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "OPENAI_API_KEY=your-key-here-0000",
    "OPENAI_API_KEY=sk-" + "your-openai-api-key-goes-here-1",
    "token = 'gh" + "p_" + "a" * 36 + "'",
    "token = 'gh" + "p_" + "0123456789abcdefghijklmnopqrstuvwxyz" + "'",
    "ANTHROPIC_API_KEY=sk-" + "ant-test-" + "x" * 40,
    "key: sk-" + "ant-api03-" + "REPLACE_ME_" * 4,
    "secret = 'deadbeefdeadbeefdeadbeefdeadbeef'",
    "password: hunter2-hunter2",
    "DATABASE_URL=postgres://user:pass1word@localhost:5432/app",
    "redis://:s3cretpw@127.0.0.1:6379/0",
    "Authorization: Bearer test-token-1234567890",
    "Authorization: Basic dXNlcjpwYXNz",
    "api_key = os.environ['API_KEY_2']",
    "password = getpass.getpass('Password 1: ')",
    "integrity sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
    '"token": "<your token>"',
    "max_tokens = 128000",
)


@pytest.mark.parametrize("line", MADE_UP)
def test_what_a_person_made_up_is_none(line: str) -> None:
    assert redact.find(line) == ()


def test_no_answer_repeats_the_secret() -> None:
    for text in FOUND.values():
        assert not any(part in repr(redact.find(text)) for part in (text, text[-12:]))


def test_it_takes_hostile_text_as_it_comes() -> None:
    """An eighth of the text against all of it: a ratio, so that a slow machine does not matter."""
    for unit in ("token=", "-----BEGIN PRIVATE KEY-----", "a\u200b", "http://a:", "sk-" + "ant-" + "b" * 20 + "\n"):
        text = unit * (160_000 // len(unit))

        def cost(part: str) -> float:
            began = time.process_time()
            redact.find(part)
            return time.process_time() - began

        cost("warm")
        assert min(cost(text) for _ in range(2)) < 24 * min(cost(text[:20_000]) for _ in range(3)) + 0.05, unit
    assert redact.find("\ud800 PASSWORD=\udfffq7w1kz93 x")[0].kind == "value"
