"""Free edits by the model: instructions that no operation covers, on functions of real releases, judged by running.

    python -m benchmarks.free_edits [--model NAME ...] [--only TEXT] [--threads N]

For each instruction the model rewrites the named definition (v4cli/refactoring/planning/free_edit.py). `taken`: an
answer passed the gates; `right`: that answer also passes assertions that the model never sees, run on the changed
package; `with check`: the assertions are given as the user's --check, so that the first of five candidates that
passes them is taken. `candidates refused` counts wrong candidates that the gates found. With
--model only that model's entry of the results is made anew. Sources are pinned releases from
PyPI (benchmarks/releases.py) without dependencies of their own; the script needs the models (v4 model pull).
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import RESULTS, machine
from benchmarks.releases import PINNED, repository
from repo_index import Index
from v4cli.errors import NothingToDo, Refused
from v4cli.refactoring.changes import FileChange
from v4cli.refactoring.check_command import run_check
from v4cli.refactoring.plan import Plan
from v4cli.refactoring.planning.free_edit import Draft, write_draft
from v4cli.refactoring.run import execute

MODELS = ("qwen2.5-coder-1.5b", "qwen2.5-coder-0.5b")


@dataclass(frozen=True, slots=True)
class Task:
    release: str
    symbol: str
    instruction: str
    assertions: str


_RAISES = """
def raises(kind, function, *a, **k):
    try:
        function(*a, **k)
    except kind:
        return True
    return False
"""

TASKS = (
    Task(
        "packaging",
        "src/packaging/utils.py::parse_sdist_filename",
        "Also accept file names that end in .tar.bz2.",
        "from packaging.utils import parse_sdist_filename as p\n"
        "assert str(p('a-1.0.tar.bz2')[1]) == '1.0' and str(p('a-1.0.zip')[1]) == '1.0'\n"
        "assert p('a-1.0.tar.gz')[0] == 'a'\n"
        "from packaging.utils import InvalidSdistFilename as E\n"
        "assert raises(E, p, 'a-1.0.rar')",
    ),
    Task(
        "packaging",
        "src/packaging/utils.py::is_normalized_name",
        "Return False when name is an empty string or None instead of raising.",
        "from packaging.utils import is_normalized_name as f\n"
        "assert f('a-b') is True and f('') is False and f(None) is False and f('A_b') is False",
    ),
    Task(
        "packaging",
        "src/packaging/utils.py::parse_wheel_filename",
        "Raise InvalidWheelFilename at the beginning if filename contains a slash.",
        "from packaging.utils import parse_wheel_filename as f, InvalidWheelFilename as E\n"
        "assert raises(E, f, 'a-1.0-py3-none-a/y.whl') and f('a-1.0-py3-none-any.whl')[0] == 'a'\n"
        "assert raises(E, f, 'a-1.0-py3-none-any.zip')",
    ),
    Task(
        "itsdangerous",
        "src/itsdangerous/encoding.py::base64_decode",
        "Raise BadData with the message 'Empty input' when string is empty.",
        "from itsdangerous.encoding import base64_decode as f, base64_encode as e\n"
        "from itsdangerous.exc import BadData\n"
        "assert f(e('hello')) == b'hello' and raises(BadData, f, '') and raises(BadData, f, 'a')",
    ),
    Task(
        "itsdangerous",
        "src/itsdangerous/encoding.py::want_bytes",
        "Accept bytearray and memoryview too and turn them into bytes.",
        "from itsdangerous.encoding import want_bytes as f\n"
        "r = f(bytearray(b'a')), f(memoryview(b'b'))\n"
        "assert r == (b'a', b'b') and all(type(x) is bytes for x in r) and f('c') == b'c' and f(b'd') == b'd'",
    ),
    Task(
        "itsdangerous",
        "src/itsdangerous/encoding.py::int_to_bytes",
        "Raise ValueError if num is negative.",
        "from itsdangerous.encoding import int_to_bytes as f\n"
        "assert raises(ValueError, f, -1) and f(258) == b'\\x01\\x02' and f(0) == b''",
    ),
    Task(
        "sqlparse",
        "sqlparse/utils.py::remove_quotes",
        "Return val unchanged when it is an empty string.",
        "from sqlparse.utils import remove_quotes as f\n"
        "assert f('') == '' and f('\"a\"') == 'a' and f(None) is None and f('b') == 'b'",
    ),
    Task(
        "sqlparse",
        "sqlparse/utils.py::consume",
        "Make n optional with None as its default.",
        "from sqlparse.utils import consume as f\n"
        "i = iter([1, 2, 3]); f(i); assert list(i) == []\n"
        "i = iter([1, 2, 3]); f(i, 1); assert list(i) == [2, 3]",
    ),
    Task(
        "sqlparse",
        "sqlparse/__init__.py::split",
        "Return a tuple instead of a list.",
        "import sqlparse\n"
        "assert sqlparse.split('select 1; select 2;') == ('select 1;', 'select 2;')\n"
        "assert sqlparse.split('select 1; select 2;', strip_semicolon=True) == ('select 1', 'select 2')",
    ),
    Task(
        "tinydb",
        "tinydb/operations.py::delete",
        "Do nothing when the document has no such field.",
        "from tinydb.operations import delete\n"
        "d = {'a': 1, 'b': 2}; delete('a')(d); delete('x')(d); assert d == {'b': 2}",
    ),
    Task(
        "tinydb",
        "tinydb/operations.py::increment",
        "Add a parameter n with default 1 and increment by n.",
        "from tinydb.operations import increment\n"
        "d = {'a': 1}; increment('a')(d); increment('a', 5)(d); assert d == {'a': 7}",
    ),
    Task(
        "tinydb",
        "tinydb/utils.py::LRUCache",
        "Add a method `pop_oldest` that removes and returns the least recently used key.",
        "from tinydb.utils import LRUCache\n"
        "c = LRUCache(capacity=3); c['a'] = 1; c['b'] = 2; c['a']\n"
        "assert c.pop_oldest() == 'b' and list(c) == ['a']",
    ),
    Task(
        "tinydb",
        "tinydb/utils.py::LRUCache.set",
        "Log the evicted key at debug level when the cache is full.",
        "import logging\n"
        "from tinydb.utils import LRUCache\n"
        "seen = []\n"
        "class H(logging.Handler):\n"
        "    def emit(self, record): seen.append(record.getMessage())\n"
        "logging.basicConfig(level=logging.DEBUG, handlers=[H()])\n"
        "logging.getLogger().setLevel(logging.DEBUG)\n"
        "c = LRUCache(capacity=1); c['first'] = 1; assert not seen; c['second'] = 2\n"
        "assert list(c) == ['second'] and len(seen) == 1 and 'first' in seen[0]",
    ),
    Task(
        "bottle",
        "bottle.py::html_escape",
        "Return an empty string when string is None.",
        "from bottle import html_escape as f\nassert f(None) == '' and f('<\"') == '&lt;&quot;'",
    ),
    Task(
        "bottle",
        "bottle.py::parse_auth",
        "Also return None when the header is empty or None.",
        "from bottle import parse_auth as f\n"
        "assert f('') is None and f(None) is None and f('Basic YTpi') == ('a', 'b')",
    ),
    Task(
        "markdown",
        "markdown/util.py::parseBoolValue",
        "Treat 'enabled' as true and 'disabled' as false.",
        "from markdown.util import parseBoolValue as f\n"
        "assert f('enabled') is True and f('Disabled') is False and f('yes') is True and f('off') is False\n"
        "assert raises(ValueError, f, 'x')",
    ),
    Task(
        "markdown",
        "markdown/util.py::code_escape",
        "Escape double quotes as &quot; as well.",
        "from markdown.util import code_escape as f\n"
        "assert f('<a href=\"x\">&') == '&lt;a href=&quot;x&quot;&gt;&amp;'",
    ),
    Task(
        "markdown",
        "markdown/util.py::nearing_recursion_limit",
        "Add a docstring line that says what the function returns, and use 150 instead of the present limit.",
        "import inspect\n"
        "from markdown import util\n"
        "text = inspect.getsource(util.nearing_recursion_limit)\n"
        "assert '150' in text and '100' not in text and 'eturn' in util.nearing_recursion_limit.__doc__\n"
        "assert util.nearing_recursion_limit() is False",
    ),
)


def command(task: Task) -> str:
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(_RAISES + task.assertions)}"


def changes_of(document: dict[str, Any], index: Index) -> list[FileChange]:
    return execute(Plan.from_json(json.dumps({"operations": [document]})), index).changes


def is_right(document: dict[str, Any] | None, index: Index, root: Path, task: Task) -> bool:
    if document is None:
        return False
    return run_check(root, changes_of(document, index), command(task), 60).passed


def measure(task: Task, model: Any, root: Path) -> dict[str, Any]:
    index = Index.open(root).refresh()
    began = time.perf_counter()
    try:
        first = write_draft(task.instruction, task.symbol, index, lambda: model)
    except (Refused, NothingToDo) as error:
        return {"symbol": task.symbol, "refused": str(error), "taken": False, "right": False, "with_check": False}
    seconds = time.perf_counter() - began
    right = is_right(first.document, index, root, task)
    again = Draft(first.document, first.tried)
    if not right:
        again = write_draft(task.instruction, task.symbol, index, lambda: model, command(task))
    return {
        "symbol": task.symbol,
        "instruction": task.instruction,
        "taken": first.document is not None,
        "right": right,
        "with_check": right or is_right(again.document, index, root, task),
        "candidates": len(first.tried),
        "caught": [t.problems[0] for t in first.tried if t.problems],
        "seconds": round(seconds, 1),
        "output_tokens": sum(t.tokens for t in first.tried),
        "written": (first.document or {}).get("replacement") or (first.document or {}).get("code") or "",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", help=f"default: {', '.join(MODELS)}")
    parser.add_argument("--only", default="", help="tasks whose symbol holds this text")
    parser.add_argument("--threads", type=int, default=0, help="of the model; default: the physical cores")
    options = parser.parse_args()
    from model_runtime import load_model

    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        roots = {name: repository(name, Path(folder) / name) for name in sorted({t.release for t in TASKS})}
        for name in options.model or MODELS:
            model = load_model(name, threads=options.threads or None)
            rows = []
            for task in TASKS:
                if options.only not in task.symbol:
                    continue
                row = measure(task, model, roots[task.release])
                rows.append(row)
                marks = " ".join(k if row[k] else "-" for k in ("taken", "right", "with_check"))
                print(
                    f"{name}  {task.symbol.rsplit('::')[-1]:28} {marks}  {row.get('caught', row.get('refused'))}",
                    flush=True,
                )
            figures = {k: sum(row[k] for row in rows) for k in ("taken", "right", "with_check")}
            figures["caught"] = sum(len(row.get("caught", ())) for row in rows)
            results[name] = {"tasks": len(rows), **figures, "rows": rows}
    print(f"\n{'model':22} tasks  taken  right  with check  candidates refused")
    for name, row in results.items():
        print(f"{name:22} {row['tasks']:5} {row['taken']:6} {row['right']:6} {row['with_check']:11} {row['caught']:19}")
    if options.only:
        return
    file = RESULTS / "free_edits.json"
    known = json.loads(file.read_text(encoding="utf-8"))["models"] if options.model and file.exists() else {}
    document = {
        "machine": machine(),
        "releases": {t.release: PINNED[t.release][0] for t in TASKS},
        "models": dict(sorted({**known, **results}.items())),
    }
    file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
