"""docs/commands.md says what --help says."""

from __future__ import annotations

from pathlib import Path

from benchmarks.command_docs import render
from v4cli.app import COMMANDS


def test_the_document_is_current() -> None:
    written = (Path(__file__).parents[2] / "docs/commands.md").read_text(encoding="utf-8")
    assert written == render(), "run `make docs`"


def test_every_command_has_its_section() -> None:
    document = render()
    for name in COMMANDS:
        assert f"\n### v4 {name}\n" in document
    assert "| `--budget TOKENS` | At most this many tokens: 8k, 200k, 1m. Default: 1m. |" in document
