"""Bash: functions, variables, sourced scripts."""

from __future__ import annotations

import subprocess

import pytest

from repo_index import Index
from repo_index.languages import named

FILES = {
    "run.sh": '#!/bin/bash\nHERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"\nsource "$HERE/lib/log.sh"\n'
    '. "${BASH_SOURCE%/*}/lib/more.sh"\nmain() {\n  local level=2\n  _log "$level" "$LOG_FILE"\n}\nmain\n',
    "lib/log.sh": 'LOG_FILE=/tmp/x\nlevel=1\n_log() { echo "$level: $*" >> "$LOG_FILE"; }\n',
    "lib/more.sh": "more() { _log 1; }\n",
}


@pytest.fixture
def index(tmp_path):
    root = tmp_path / "repo"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return Index.open(root, cache_dir=tmp_path / "cache").refresh()


def places(index, spec):
    return [(r.path, r.line) for r in index.references(index.symbol(spec)) if r.certainty == "exact"]


def test_sourced_files(index):
    assert [(e.target, e.state) for e in index.imports("run.sh")] == [
        ("lib/log.sh", "resolved"), ("lib/more.sh", "resolved")
    ]  # fmt: skip


def test_functions_and_variables_across_files(index):
    assert places(index, "lib/log.sh::_log") == [("lib/log.sh", 3), ("run.sh", 7)]
    assert places(index, "lib/log.sh::LOG_FILE") == [("lib/log.sh", 1), ("lib/log.sh", 3), ("run.sh", 7)]
    assert places(index, "lib/log.sh::level") == [("lib/log.sh", 2), ("lib/log.sh", 3)]


def test_damaged_sources():
    bash = named("bash")
    for source in (b"", b"\xff", b"foo() {", b"if then", b"$(" * 3000, b"source", b'. "$X"'):
        bash.extract(source, "x.sh")
    assert bash.extract(b"foo() {", "x.sh").errors
