"""Secrets: files left out by name, tokens masked in place. The samples are put together here, so that this file
holds nothing that looks like one."""

from __future__ import annotations

import pytest

from repo_index.secrets import redact, secret_file


@pytest.mark.parametrize(
    "path",
    """.env deploy/.env.production prod.env .envrc certs/server.pem id_rsa .ssh/id_ed25519 app.key keys.p12 .netrc
    home/.aws/credentials infra/terraform.tfstate service-account-prod.json""".split(),
)
def test_secret_files_are_known_by_name(path: str) -> None:
    assert secret_file(path)


@pytest.mark.parametrize(
    "path", [".env.example", ".env.sample", "env.py", "id_rsa.pub", "keyboard.py", "environment.ts", "secrets.py"]
)
def test_other_files_are_not_secret(path: str) -> None:
    assert not secret_file(path)


LETTERS = "aZ3bY4cX5dW6eV7fU8gT9hS0iR1jQ2kP3lO4mN5nM6oL7pK8qJ9"
BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"


@pytest.mark.parametrize(
    ("kind", "token"),
    [
        ("AWS key id", "AKIA" + "IOSFODNN7EXAMPLE"),
        ("GitHub token", "ghp_" + LETTERS[:36]),
        ("GitHub token", "github_pat_" + LETTERS + LETTERS[:20]),
        ("GitLab token", "glpat-" + LETTERS[:20]),
        ("Slack token", "xoxb-" + "123456789012-" + LETTERS[:24]),
        ("Google API key", "AIza" + LETTERS[:35]),
        ("Stripe key", "sk_live_" + LETTERS[:24]),
        ("API key", "sk-" + "proj-" + LETTERS[:40]),
        ("npm token", "npm_" + LETTERS[:36]),
        ("JSON web token", "eyJ" + LETTERS[:20] + ".eyJ" + LETTERS[:20] + "." + LETTERS[:43]),
    ],
)
def test_tokens_are_masked_in_place(kind: str, token: str) -> None:
    text = f'first = 1\nkey = "{token}"  # comment\nlast = 2\n'
    masked, found = redact(text)
    assert token not in masked and len(masked) == len(text)
    assert masked.startswith('first = 1\nkey = "REDACTED') and masked.endswith('"  # comment\nlast = 2\n')
    assert [(r.line, r.kind) for r in found] == [(2, kind)]


def test_a_private_key_keeps_its_lines() -> None:
    dashes = "-" * 5
    text = f"x\n{dashes}BEGIN RSA PRIVATE KEY{dashes}\n{BODY}\n{BODY}\n{dashes}END RSA PRIVATE KEY{dashes}\ny\n"
    masked, found = redact(text)
    assert BODY not in masked and masked.count("\n") == text.count("\n") and len(masked) == len(text)
    assert masked.endswith(f"{dashes}END RSA PRIVATE KEY{dashes}\ny\n")
    assert [r.kind for r in found] == ["private key"]


def test_a_private_key_cut_short_is_masked_too() -> None:
    masked, _ = redact("-" * 5 + "BEGIN PRIVATE KEY" + "-" * 5 + "\n" + BODY + "\n" + BODY)
    assert BODY not in masked


def test_assigned_secrets_and_passwords_in_addresses_are_masked() -> None:
    assert LETTERS[:32] not in redact(f'API_KEY = "{LETTERS[:32]}"')[0]
    assert "s3cretpw9" not in redact("postgres://admin:" + "s3cretpw9" + "@db.internal/x")[0]


@pytest.mark.parametrize(
    "text",
    [
        'header = "-----BEGIN PRIVATE KEY-----"\n',
        'password = os.environ["APP_PASSWORD"]\n',
        'token = "the_name_of_the_token_field_here"\n',
        "postgres://user:password@localhost/db\n",
        "http://user:${PASSWORD}@host/\n",
        "ghp_short and sk-learn and AKIA\n",
        "sk-estimator-checks-with-a-long-hyphenated-name\n",
        "",
    ],
)
def test_ordinary_code_is_left_alone(text: str) -> None:
    assert redact(text) == (text, [])


def test_long_hostile_text_is_quick() -> None:
    for text in ("eyJ" + "a" * 200_000, "x://" + "a" * 200_000, "-----BEGIN PRIVATE KEY-----" + "A" * 200_000):
        redact(text)
    redact("password=" * 50_000 + "-----BEGIN PRIVATE KEY-----" * 5_000)
