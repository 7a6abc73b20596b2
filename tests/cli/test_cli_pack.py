"""v4 pack from the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Make = Callable[[Mapping[str, str | bytes]], Path]
V4 = Callable[..., "subprocess.CompletedProcess[str]"]

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" * 2
FILES = {
    "app.py": "from lib import helper\n\n\ndef main():\n    return helper(1)\n",
    "lib.py": "def helper(x):\n    '''Help with x.'''\n    return x  # \x1b[31m\n",
    "conf.py": f'TOKEN = "{TOKEN}"\n',
    ".env": "SECRET=1\n",
    "crlf.txt": "one\r\ntwo\r\n",
}


@pytest.fixture
def root(make_repository: Make) -> Path:
    return make_repository(FILES)


def pack(v4: V4, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    done = v4("pack", "--tokenizer", "bytes", *arguments, **options)
    assert "Traceback" not in done.stderr
    return done


def test_the_pack_goes_to_standard_output_and_the_rest_to_standard_error(root: Path) -> None:
    command = [sys.executable, "-m", "v4cli.main", "pack", "--tokenizer", "bytes"]
    done = subprocess.run(command, cwd=root, capture_output=True)
    assert done.returncode == 0
    text = done.stdout.decode()
    assert text.startswith("===== lib.py:1-3 =====\n" + FILES["lib.py"] + "===== app.py:1-5 =====\n")
    assert "one\r\ntwo\r\n" in text and TOKEN not in text and "SECRET" not in text
    assert done.stderr.decode().splitlines()[1:] == [
        "left out: 1 environment file (--json names them)",
        "masked: 1 secret",
    ]


def test_the_manifest(root: Path, v4: V4) -> None:
    found = json.loads(pack(v4, "--json", "--for", "what does helper do", cwd=root).stdout)
    assert (found["schema"], found["command"], found["tokenizer"], found["order"]) == (1, "pack", "bytes", "dsa")
    assert found["budget"] == 1_000_000 and 0 < found["tokens"] <= found["budget"]
    assert found["left_out"] == [{"path": ".env", "reason": "environment file: may hold secrets", "form": None}]
    last = found["segments"][-1]
    assert (last["path"], last["form"], last["part"]) == ("lib.py", "excerpt", "question")
    shown = found["text"][last["character_start"] : last["character_end"]]
    assert shown.startswith("===== lib.py:1-3 (excerpt) =====\ndef helper(x):")


def test_the_budget_comes_from_the_flag_then_the_settings(root: Path, v4: V4) -> None:
    (root / ".v4.toml").write_text('budget = "40"\n')
    assert json.loads(pack(v4, "--json", cwd=root).stdout)["budget"] == 40
    found = json.loads(pack(v4, "--json", "--budget", "1k", cwd=root).stdout)
    assert found["budget"] == 1000


def test_stats_compare_the_orders(root: Path, v4: V4) -> None:
    found = json.loads(pack(v4, "--stats", "--json", cwd=root).stdout)["stats"]
    assert list(found["orders"]) == ["dsa", "path", "change"] and found["edges"] == 1 and found["uses"] == 1
    assert found["orders"]["dsa"]["edges_before"] == 1.0 and found["orders"]["path"]["edges_before"] == 0.0
    lines = pack(v4, "--stats", cwd=root).stdout.splitlines()
    assert lines[1].split() == ["dsa", "path", "change"]
    assert lines[2].split()[-3:] == ["100.0%", "0.0%", "0.0%"]


def test_out_writes_a_file_that_the_next_pack_leaves_out(root: Path, v4: V4) -> None:
    first = pack(v4, "--out", "pack.txt", cwd=root)
    assert first.returncode == 0 and first.stdout == ""
    text = (root / "pack.txt").read_bytes()
    assert pack(v4, "--out", "pack.txt", cwd=root).returncode == 0
    assert (root / "pack.txt").read_bytes() == text
    assert sorted(os.listdir(root)) == sorted([*FILES, ".git", "pack.txt"])


def test_globs_and_orders(root: Path, v4: V4) -> None:
    done = pack(v4, "--order", "path", "--include", "*.py", "--exclude", "conf.py", "--quiet", cwd=root)
    heads = [line for line in done.stdout.splitlines() if line.startswith("=====")]
    assert heads == ["===== app.py:1-5 =====", "===== lib.py:1-3 ====="] and done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--budget", "lots"], 2, "v4: --budget: 'lots' is not a number"),
        (["--budget", "3"], 2, "v4: --budget: 3 tokens hold not even a line of the map"),
        (["--include", "nothing/*"], 1, "v4: nothing to pack"),
        (["--out", "no/such/folder/x"], 2, "v4: --out: there is no folder no/such/folder"),
        (["--out", "."], 2, "v4: --out: . is a folder"),
    ],
)
def test_one_line_says_what_is_wrong(root: Path, v4: V4, arguments: list[str], code: int, message: str) -> None:
    done = pack(v4, *arguments, "--quiet", cwd=root)
    assert done.returncode == code and done.stderr.startswith(message) and done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_without_the_model_file_it_says_how_to_get_one(root: Path, v4: V4, tmp_path: Path) -> None:
    environment = os.environ | {"V4_CACHE_DIR": str(tmp_path / "empty"), "XDG_CACHE_HOME": str(tmp_path / "empty")}
    done = v4("pack", cwd=root, env=environment)
    assert done.returncode == 4 and "v4 model pull" in done.stderr and done.stdout == ""


@pytest.mark.model
def test_the_budget_is_counted_by_the_tokeniser_of_the_model(root: Path, v4: V4) -> None:
    from model_runtime import load_tokenizer

    count = load_tokenizer("qwen2.5-coder-0.5b").count
    for budget in ("60", "1m"):
        done = v4("pack", "--model", "qwen2.5-coder-0.5b", "--budget", budget, "--json", cwd=root)
        found = json.loads(done.stdout)
        assert found["tokens"] == count(found["text"]) <= found["budget"]
        assert [s["tokens"] for s in found["segments"]] == [
            count(found["text"][s["character_start"] : s["character_end"]]) for s in found["segments"]
        ]


def test_an_empty_repository(make_repository: Make, v4: V4) -> None:
    done = pack(v4, cwd=make_repository({}))
    assert (done.returncode, done.stdout) == (1, "") and done.stderr.startswith("v4: nothing to pack")


def test_a_base_keeps_the_prefix(root: Path, v4: V4) -> None:
    clean = pack(v4, "--base", "HEAD", cwd=root).stdout
    (root / "lib.py").write_text("def helper(x):\n    return -x\n")
    edited = pack(v4, "--base", "HEAD", cwd=root)
    assert edited.stdout.startswith(clean) and edited.stdout.endswith("return -x\n")
    assert "1 changed and 0 deleted since the base" in edited.stderr
    refused = pack(v4, "--base", "nowhere", cwd=root)
    assert refused.returncode == 2 and "--base" in refused.stderr
