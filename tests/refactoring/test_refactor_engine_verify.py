"""The checks: what a change breaks is found, what was broken before or is none of its doing is not."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from repo_index import Index
from v4cli.refactoring.import_order import components
from v4cli.refactoring.verify import verify

Files = dict[str, str | None]


@dataclass
class Case:
    """`after` says what differs from `before`; `fails` maps the checks that must fail to a part of their detail."""

    before: Files
    after: Files
    fails: dict[str, str] = field(default_factory=dict)
    moves: dict[str, str] = field(default_factory=dict)
    notes: str = ""


PKG: Files = {
    "pkg/__init__.py": "from .core import load\n",
    "pkg/core.py": "LIMIT = 3\n\n\ndef load(name):\n    return name\n\n\nclass Loader:\n    pass\n",
    "pkg/use.py": "from pkg.core import load, LIMIT\nimport pkg.core as core\ndef go():\n    return load(core.LIMIT)\n",
    "tests/test_core.py": "import pkg.core\nfrom pkg import load\n\n\ndef test():\n    assert pkg.core.load(load(1))\n",
}
GOOD_RENAME: Files = {
    "pkg/__init__.py": "from .core import read\n",
    "pkg/core.py": "LIMIT = 3\n\n\ndef read(name):\n    return name\n\n\nclass Loader:\n    pass\n",
    "pkg/use.py": "from pkg.core import read, LIMIT\nimport pkg.core as core\ndef go():\n    return read(core.LIMIT)\n",
    "tests/test_core.py": "import pkg.core\nfrom pkg import read\n\n\ndef test():\n    assert pkg.core.read(read(1))\n",
}


def but(files: Files, **changes: str | None) -> Files:
    names = {name.rsplit("/", 1)[-1].removesuffix(".py"): name for name in files}
    return {**files, **{names[key]: value for key, value in changes.items()}}


CASES = {
    "complete rename": Case(PKG, GOOD_RENAME),
    "import forgotten": Case(
        PKG,
        but(GOOD_RENAME, use=PKG["pkg/use.py"]),
        {"imported names": "pkg/use.py:1: load (imported from pkg.core) does not exist"},
    ),
    "re-export forgotten": Case(
        PKG, but(GOOD_RENAME, __init__=PKG["pkg/__init__.py"]), {"imported names": "pkg/__init__.py:1: load"}
    ),
    "use through the module forgotten": Case(
        PKG,
        but(GOOD_RENAME, test_core="import pkg.core\n\n\ndef test():\n    assert pkg.core.load(1)\n"),
        {"imported names": "tests/test_core.py:5: pkg.core.load does not exist"},
    ),
    "use in the file forgotten": Case(
        {"a.py": "def f():\n    return 1\n\n\nx = f()\n"},
        {"a.py": "def g():\n    return 1\n\n\nx = f()\n"},
        {"undefined names": "a.py:5: f is not defined"},
    ),
    "__all__ forgotten": Case(
        {"a.py": '__all__ = ["f"]\n\n\ndef f():\n    pass\n'},
        {"a.py": '__all__ = ["f"]\n\n\ndef g():\n    pass\n'},
        {"imported names": "f (listed in __all__)"},
    ),
    "star import forgotten": Case(
        {"a.py": "def f():\n    pass\n", "b.py": "from a import *\n\nf()\n"},
        {"a.py": "def g():\n    pass\n"},
        {"undefined names": "b.py:3: f is not defined"},
    ),
    "star import passed on": Case(
        {"a.py": "def f():\n    pass\n", "b.py": "from a import *\n", "c.py": "from b import f\n"},
        {"a.py": "def g():\n    pass\n"},
        {"imported names": "c.py:1: f"},
    ),
    "star import complete": Case(
        {"a.py": "def f():\n    pass\n", "b.py": "from a import *\n\nf()\n"},
        {"a.py": "def g():\n    pass\n", "b.py": "from a import *\n\ng()\n"},
    ),
    "module renamed, import forgotten": Case(
        {"a.py": "x = 1\n", "b.py": "import a\n\na.x\n"},
        {"a.py": None, "c.py": "x = 1\n"},
        {"imports": "b.py:1: import of a leads nowhere"},
        {"c.py": "a.py"},
    ),
    "module of a package renamed, import forgotten": Case(
        PKG,
        {"pkg/core.py": None, "pkg/heart.py": PKG["pkg/core.py"], "pkg/__init__.py": "from .heart import load\n"},
        {"imports": "pkg.core leads nowhere"},
        {"pkg/heart.py": "pkg/core.py"},
    ),
    "module renamed completely": Case(
        {"a.py": "x = 1\n", "b.py": "import a\n\na.x\n"},
        {"a.py": None, "c.py": "x = 1\n", "b.py": "import c\n\nc.x\n"},
        {},
        {"c.py": "a.py"},
    ),
    "moved file with a relative import": Case(
        {"p/__init__.py": "", "p/a.py": "from .b import x\n", "p/b.py": "x = 1\n", "q/__init__.py": ""},
        {"p/a.py": None, "q/a.py": "from .b import x\n"},
        {"imports": "q/a.py:1: import of .b leads nowhere"},
        {"q/a.py": "p/a.py"},
    ),
    "import of what nobody has": Case(
        {"a.py": "import os\nimport requests\n"},
        {"a.py": "import json\nimport requests\nimport nowhere.at_all\n"},
        {"imports": "nowhere.at_all"},
    ),
    "was broken before": Case(
        {"a.py": "from b import gone\nimport missing_thing\n\nundefined()\n", "b.py": "x = 1\n"},
        {"a.py": "from b import gone\nimport missing_thing\n\n\nundefined()\n", "b.py": "y = 1\n"},
    ),
    "syntax": Case({"a.py": "x = 1\n"}, {"a.py": "x = (1\n"}, {"syntax": "a.py"}),
    "syntax that only the compiler sees": Case(
        {"a.py": "def f():\n    return 1\n"}, {"a.py": "return 1\n"}, {"syntax": "a.py:1: 'return' outside function"}
    ),
    "syntax was broken before": Case({"a.py": "x = (1\ny = 2\n"}, {"a.py": "x = (1\nz = 2\n"}),
    "new file does not parse": Case({"a.py": ""}, {"b.py": "def\n"}, {"syntax": "b.py"}),
    "TOML": Case({"p.toml": "[a]\nx = 1\n"}, {"p.toml": "[a]\nx = \n"}, {"syntax": "p.toml"}),
    "JSON": Case({"p.json": "{}"}, {"p.json": "{"}, {"syntax": "p.json"}),
    "name taken in the file": Case(
        {"a.py": "def f():\n    pass\n\n\ndef g():\n    pass\n"},
        {"a.py": "def g():\n    pass\n\n\ndef g():\n    pass\n"},
        {"collisions": "a.py:5: g is defined twice"},
    ),
    "name taken by an import": Case(
        {"a.py": "from os import path\n\n\ndef f():\n    return path\n"},
        {"a.py": "from os import path\n\n\ndef path():\n    return path\n"},
        {"collisions": "path is defined twice (import and function)"},
    ),
    "method taken": Case(
        {"a.py": "class A:\n    def f(self):\n        pass\n\n    def g(self):\n        pass\n"},
        {"a.py": "class A:\n    def g(self):\n        pass\n\n    def g(self):\n        pass\n"},
        {"collisions": "A.g"},
    ),
    "property and overloads moved": Case(
        {
            "a.py": "class A:\n    @property\n    def v(self):\n        return 1\n\n"
            "    @v.setter\n    def v(self, x):\n        pass\n",
        },
        {
            "a.py": "",
            "b.py": "class B:\n    @property\n    def w(self):\n        return 1\n\n"
            "    @w.setter\n    def w(self, x):\n        pass\n",
        },
    ),
    "cycle that fails": Case(
        {"p/__init__.py": "", "p/a.py": "from p.b import y\n\nx = y\n", "p/b.py": "y = 1\n"},
        {"p/b.py": "from p.a import x\n\ny = 1\n"},
        {"import cycles": "importing x from p/a.py fails"},
    ),
    "cycle that works": Case(
        {"p/__init__.py": "", "p/a.py": "import p.b\n\nx = 1\n", "p/b.py": "y = 1\n"},
        {"p/b.py": "import p.a\n\ny = 1\n"},
        notes="p/a.py -> p/b.py -> p/a.py",
    ),
    "cycle for types only": Case(
        {"a.py": "from b import y\n", "b.py": "y = 1\n"},
        {"b.py": "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from a import y as z\n\ny = 1\n"},
        notes="no new cycle",
    ),
    "cycle inside a function": Case(
        {"a.py": "from b import y\n", "b.py": "y = 1\n"},
        {"b.py": "y = 1\n\n\ndef f():\n    from a import y as z\n\n    return z\n"},
        notes="no new cycle",
    ),
    "cycle through the package": Case(
        {"p/__init__.py": "from .a import A\n\nVERSION = 1\n", "p/a.py": "A = 1\n"},
        {"p/a.py": "from . import VERSION\n\nA = VERSION\n"},
        {"import cycles": "importing VERSION from p/__init__.py fails"},
    ),
    "submodule through a package still being imported": Case(
        {"p/__init__.py": "from .a import A\n", "p/a.py": "A = 1\n", "p/b.py": "B = 1\n"},
        {"p/a.py": "from . import b\n\nA = b.B\n"},
    ),
    "cycle that failed before": Case(
        {"a.py": "from b import y\n\nx = 1\n", "b.py": "from a import x\n\ny = 1\n"},
        {"b.py": "from a import x\n\ny = 2\n"},
    ),
    "submodules and names in one statement": Case(
        {"p/__init__.py": "x = 1\n", "p/a.py": "A = 1\n", "p/b.py": "", "c.py": "from p import a, x\n"},
        {"p/a.py": "", "p/b.py": "A = 1\n", "c.py": "from p import a, b, x\n\nb.A\n"},
    ),
    "definitions and globals of modules": Case(
        {"a.py": "x = 1\n"},
        {"a.py": "x = __name__, __file__\n\n\nclass A:\n    y = __qualname__\n\n    def f(self):\n        __class__\n"},
    ),
    "module with __getattr__": Case(
        {"a.py": "def __getattr__(name):\n    return name\n\n\nx = 1\n", "b.py": "from a import x, anything\n"},
        {"a.py": "def __getattr__(name):\n    return name\n"},
    ),
    "TypeScript import forgotten": Case(
        {
            "src/a.ts": "export function load(): number { return 1 }\n",
            "src/b.ts": "import { load } from './a'\nload()\n",
        },
        {"src/a.ts": "export function read(): number { return 1 }\n"},
        {"imported names": "src/b.ts:1: load"},
    ),
    "TypeScript rename": Case(
        {
            "src/a.ts": "export function load(): number { return 1 }\n",
            "src/b.ts": "import { load } from './a'\nload(window)\n",
        },
        {
            "src/a.ts": "export function read(): number { return 1 }\n",
            "src/b.ts": "import { read } from './a'\nread(window)\n",
        },
    ),
    "TypeScript file moved, import forgotten": Case(
        {"src/a.ts": "export const x = 1\n", "src/b.ts": "import { x } from './a'\nx\n"},
        {"src/a.ts": None, "src/c.ts": "export const x = 1\n"},
        {"imports": "src/b.ts:1: import of ./a leads nowhere"},
        {"src/c.ts": "src/a.ts"},
    ),
    "JavaScript use forgotten": Case(
        {"a.js": "function f() {}\nf()\nconsole.log(1)\n"},
        {"a.js": "function g() {}\nf()\nconsole.log(1)\n"},
        {"undefined names": "a.js:2: f is not defined"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_checks(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for path, text in case.before.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text or "")
    base = Index.open(tmp_path, cache_dir=tmp_path / ".git/cache").refresh()
    changes = {p: None if text is None else text.encode() for p, text in case.after.items()}
    checks = verify(base, base.with_changes(changes), changes, case.moves)
    assert [check.name for check in checks] == [
        "syntax",
        "imports",
        "imported names",
        "undefined names",
        "collisions",
        "import cycles",
    ]
    failed = {check.name: check.detail for check in checks if not check.passed}
    assert failed.keys() == case.fails.keys(), failed
    for check, part in case.fails.items():
        assert part in failed[check]
    assert case.notes in checks[-1].detail
    assert all(check.detail for check in checks)


def test_the_same_files_pass(tmp_path: Path) -> None:
    """The failures that an import really has are those that are foretold."""
    import sys

    for name, case in CASES.items():
        if "cycle" not in name or "TypeScript" in name:
            continue
        root = tmp_path / name.replace(" ", "_")
        for path, text in {**case.before, **case.after}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text or "")
        modules = [p.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for p in case.before]
        program = "import importlib, sys\nfor m in sys.argv[1:]:\n    importlib.import_module(m)"
        results = [subprocess.run([sys.executable, "-c", program, m], cwd=root, capture_output=True) for m in modules]
        really = any(done.returncode for done in results)
        assert really == (bool(case.fails) or "failed before" in name), (name, results)


def test_components() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": {"d"}, "f": {"f", "a"}}
    assert components(graph) == [["a", "b", "c"], ["d", "e"]]
    deep = {str(n): {str(n + 1)} for n in range(20_000)} | {"20000": {"0"}}
    assert len(components(deep)[0]) == 20_001
