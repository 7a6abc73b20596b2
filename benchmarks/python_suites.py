"""Python releases whose own test suites pass here, and how to run them on a changed tree.

Each suite runs in a virtual environment of its own in the user's cache folder, made with pip at first use. The release
is installed there too, for its metadata alone: the tree under test comes first on the path.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path

from . import releases

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "v4-benchmarks" / "python-suites"
#: seconds after which a suite counts as failed (the slowest takes 12 s alone on two cores)
TIMEOUT = 600.0


@dataclass(frozen=True, slots=True)
class Suite:
    """`package`: the folder of the code that symbols are drawn from. `root`: what goes on the path.

    `options` leave out tests that need what is not here (`live servers`), whatever the change.
    """

    package: str
    root: str
    requirements: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


SUITES = {
    "click": Suite("src/click", "src"),
    "jinja2": Suite("src/jinja2", "src", ("trio==0.35.0", "MarkupSafe==3.0.4")),
    "marshmallow": Suite("src/marshmallow", "src", ("simplejson==4.3.0",)),
    "sqlparse": Suite("sqlparse", "."),
    "tomlkit": Suite("tomlkit", ".", ("PyYAML==6.0.2",)),
    # the live servers of test_serving.py reload when a file below them changes
    "werkzeug": Suite(
        "src/werkzeug",
        "src",
        ("MarkupSafe==3.0.4", "cryptography==50.0.2", "ephemeral-port-reserve==1.1.4", "pytest-timeout==2.4.0"),
        ("--ignore=tests/test_serving.py",),
    ),
}


def python(name: str, requirements: tuple[str, ...]) -> Path:
    """The interpreter of an environment with the pinned `requirements`; made at first use."""
    root = CACHE / name
    if not (root / "complete").is_file():
        venv.create(root, with_pip=True, clear=True)
        command = [str(root / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*command, *requirements], check=True)
        (root / "complete").touch()
    return root / "bin/python"


def interpreter(name: str) -> Path:
    version = releases.PINNED[name][0]
    return python(f"{name}-{version}", (f"{name}=={version}", "pytest==8.3.4", *SUITES[name].requirements))


def repository(name: str, target: Path) -> Path:
    """The release in a fresh git repository whose status does not show bytecode."""
    root = releases.repository(name, target)
    (root / ".git/info/exclude").write_text("__pycache__/\n", encoding="utf-8")
    return root


def run(name: str, root: Path) -> tuple[str, str]:
    """How the suite of the release `name` ends on the tree `root`: "" or what failed, and the counts of pytest."""
    suite = SUITES[name]
    command = [str(interpreter(name)), "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *suite.options]
    # fixed, since the order of sets decides the ids of some parametrised tests
    variables = os.environ | {"PYTHONPATH": str(root / suite.root), "PYTHONHASHSEED": "0", "COLUMNS": "200"}
    with tempfile.TemporaryFile() as output:
        try:
            done = subprocess.run(
                command,
                cwd=root,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=TIMEOUT,
            )
        except subprocess.TimeoutExpired:
            return f"more than {TIMEOUT:.0f} s", ""
        output.seek(0)
        lines = output.read().decode("utf-8", "replace").strip().splitlines()
    counts = lines[-1].rpartition(" in ")[0] if lines else ""
    if done.returncode == 0:
        return "", counts
    told = [line for line in lines if line.startswith(("E  ", "FAILED", "ERROR"))]
    return "\n".join((told or lines)[-12:]) or f"exit code {done.returncode}", counts


def restore(root: Path) -> None:
    """The repository's files as committed, and nothing else but ignored bytecode."""
    for arguments in (["reset", "-q", "--hard"], ["clean", "-fdq"]):
        subprocess.run(["git", "-C", str(root), *arguments], check=True)


def is_clean(root: Path) -> bool:
    """Whether every file holds, byte for byte, what was committed."""
    command = ["git", "-C", str(root), "status", "--porcelain", "--untracked-files=all"]
    return not subprocess.run(command, check=True, capture_output=True).stdout


def versions() -> dict[str, str]:
    pinned = {name: releases.PINNED[name][0] for name in SUITES}
    return pinned | {"python": sys.version.split()[0], "pytest": "8.3.4"}
