"""Secrets in a repository: files that are left out of a pack, and tokens that are masked inside the others.

Only patterns that rarely mean anything else are masked; a mask has the length of what it hides, so lines and
columns stay where they are. This is a safety net, not a secret scanner.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from posixpath import basename

_FILES = {
    "environment file": (".env", ".env.*", "*.env", ".envrc", ".flaskenv"),
    "private key or key store": (
        *("*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "*.ppk", "*.p8", "*.asc.key"),
        *("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "*_rsa", "*_ed25519"),
    ),
    "credentials file": (
        *(".netrc", "_netrc", ".pypirc", ".htpasswd", ".pgpass", ".my.cnf", ".git-credentials", ".dockercfg"),
        *("credentials.json", "service-account*.json", "service_account*.json", "client_secret*.json"),
        *("secrets.yml", "secrets.yaml", "secrets.json", "secrets.toml", "*.tfstate", "*.tfstate.backup"),
    ),
}
_EXAMPLES = ("example", "sample", "template", "dist", "defaults")
_CREDENTIAL_PATHS = (".aws/credentials", ".docker/config.json", ".kube/config")


def secret_file(path: str) -> str:
    """Why the file at `path` (repository-relative) is taken for a secret, judged by its name; "" if it is not."""
    name = basename(path).lower()
    if name.rsplit(".", 1)[-1] in _EXAMPLES or any(f".{word}." in name for word in _EXAMPLES):
        return ""
    if any(path.lower().endswith(end) for end in _CREDENTIAL_PATHS):
        return "credentials file"
    for reason, patterns in _FILES.items():
        if any(fnmatchcase(name, pattern) for pattern in patterns):
            return reason
    return ""


@dataclass(frozen=True, slots=True)
class Redaction:
    """One masked place: the line (from 1) and what kind of secret it looked like."""

    line: int
    kind: str


#: (kind, text that must occur for the pattern to be tried, pattern whose group "secret" or whole match is masked)
_TOKENS: tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...] = tuple(
    (kind, tuple(marks.split("|")), re.compile(pattern))
    for kind, marks, pattern in (
        ("AWS key id", "AKIA|ASIA", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
        ("GitHub token", "ghp_|gho_|ghu_|ghs_|ghr_", r"\bgh[pousr]_[A-Za-z0-9]{36,}\b"),
        ("GitHub token", "github_pat_", r"\bgithub_pat_[A-Za-z0-9_]{60,}\b"),
        ("GitLab token", "glpat-", r"\bglpat-[A-Za-z0-9_-]{20,}"),
        ("Slack token", "xox", r"\bxox[abeoprs]-[A-Za-z0-9-]{20,}"),
        ("Slack webhook", "hooks.slack.com", r"hooks\.slack\.com/services/(?P<secret>T[\w/]{20,})"),
        ("Google API key", "AIza", r"\bAIza[A-Za-z0-9_-]{35}"),
        ("Google client secret", "GOCSPX-", r"\bGOCSPX-[A-Za-z0-9_-]{20,}"),
        ("Stripe key", "k_live_|k_test_", r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{20,}\b"),
        ("API key", "sk-", r"\bsk-(?=[\w-]{0,99}\d)(?=[\w-]{0,99}[A-Z])[\w-]{32,200}"),
        ("Hugging Face token", "hf_", r"\bhf_[A-Za-z]{30,}\b"),
        ("PyPI token", "pypi-AgE", r"\bpypi-AgE[A-Za-z0-9_-]{50,}"),
        ("npm token", "npm_", r"\bnpm_[A-Za-z0-9]{36}\b"),
        ("SendGrid key", "SG.", r"\bSG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}"),
        ("DigitalOcean token", "dop_v1_", r"\bdop_v1_[a-f0-9]{64}\b"),
        ("Azure storage key", "AccountKey=", r"AccountKey=(?P<secret>[A-Za-z0-9+/]{60,}={0,2})"),
        ("JSON web token", "eyJ", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}"),
        (
            "private key",
            "PRIVATE KEY",
            r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?P<secret>[A-Za-z0-9+/=\s:,\\\"'.-]{64,}?)"
            r"(?=-----END|\Z|[^A-Za-z0-9+/=\s:,\\\"'.-])",
        ),
        (
            "password in an address",
            "://",
            r"\b[a-z][a-z0-9+.-]*://[^\s:/@'\"]{1,64}:(?P<secret>(?=[^@\s]*\d)[^\s:/@'\"{}<>$%]{8,128})@(?=[\w\[])",
        ),
    )
)
#: quoted values first, and then what stands before them: a pattern that begins with the words is slow
_QUOTED = re.compile(r"[\"'](?P<secret>[A-Za-z0-9+/=_-]{20,200})(?=[\"'])")
_NAMED = re.compile(
    r"(?i)(?:passw(?:or)?d|secret|token|api_?-?key|access_?-?key|private_?-?key|auth_?-?key)[\w-]{0,16}[\"']?"
    r"\s{0,4}(?::|=>?)\s{0,4}\Z"
)
_LONGEST_NAME = 64


def _random_looking(value: str) -> bool:
    """Letters of both cases and digits, at 4 bits a character or more (a random 20-character key has 4.1)."""
    if not (re.search("[a-z]", value) and re.search("[A-Z]", value) and re.search("[0-9]", value)):
        return False
    counts = Counter(value).values()
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts) >= 4.0


def _mask(text: str) -> str:
    letters = iter("REDACTED")
    return "".join(c if c in "\r\n" else next(letters, "*") for c in text)


def redact(text: str) -> tuple[str, list[Redaction]]:
    """The text with secrets masked, length and line breaks kept, and what was masked, in order of lines."""
    spans: list[tuple[int, int, str]] = []
    for kind, marks, pattern in _TOKENS:
        if any(mark in text for mark in marks):
            for match in pattern.finditer(text):
                group = "secret" if "secret" in pattern.groupindex else 0
                spans.append((*match.span(group), kind))
    spans += (
        (*match.span("secret"), "assigned secret")
        for match in _QUOTED.finditer(text)
        if _random_looking(match["secret"])
        and _NAMED.search(text[max(0, match.start() - _LONGEST_NAME) : match.start()])
    )
    if not spans:
        return text, []
    pieces: list[str] = []
    found: list[Redaction] = []
    done = 0
    for start, end, kind in sorted(spans):
        if start < done:
            continue
        pieces += (text[done:start], _mask(text[start:end]))
        found.append(Redaction(text.count("\n", 0, start) + 1, kind))
        done = end
    return "".join((*pieces, text[done:])), found
