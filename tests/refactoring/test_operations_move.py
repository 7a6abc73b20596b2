"""move_symbols and merge_modules: the code, the imports on both sides, the importers, cycles, refusals.

Every result is verified and imported by a real interpreter.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from repo_index import Index
from v4cli.errors import NothingToDo, Refused
from v4cli.refactoring.operations.merge_modules import MergeModules
from v4cli.refactoring.operations.move_symbols import MoveSymbols
from v4cli.refactoring.verify import verify
from v4cli.refactoring.workspace import Workspace

MakeRepository = Callable[[Mapping[str, str | bytes]], Path]
Run = Callable[..., tuple[Workspace, list[str]]]


@pytest.fixture
def run(make_repository: MakeRepository, tmp_path: Path) -> Run:
    """run(files, operation, *modules) -> the workspace and the notes; the modules are imported afterwards."""

    def go(
        files: Mapping[str, str | bytes], operation: MoveSymbols | MergeModules, *modules: str
    ) -> tuple[Workspace, list[str]]:
        contents = {p: dedent(c) if isinstance(c, str) else c for p, c in files.items()}
        root = make_repository(contents)
        ws = Workspace(Index.open(root, cache_dir=tmp_path / "cache").refresh())
        outcome = operation.apply(ws)
        failed = [c for c in verify(ws.base, ws.index, ws.changed().keys(), ws.moves) if not c.passed]
        assert failed == []
        for path, data in ws.changed().items():
            if data is None:
                (root / path).unlink()
            else:
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(data)
        for module in modules:
            done = subprocess.run([sys.executable, "-c", f"import {module}"], cwd=root, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
        return ws, outcome.notes

    return go


def move(names: str, source: str, target: str, **fields: object) -> MoveSymbols:
    symbols = [f"{source}::{n}" for n in names.split()]
    return MoveSymbols.model_validate({"symbols": symbols, "target": target, **fields})


PACKAGE = {
    "pkg/__init__.py": "from .shapes import Circle, area\n",
    "pkg/shapes.py": '''\
        """Shapes."""

        from __future__ import annotations

        import math
        import os
        from typing import TYPE_CHECKING

        from .base import Shape, register

        if TYPE_CHECKING:
            from .draw import Canvas

        __all__ = ["Circle", "area", "Square"]

        PI = math.pi


        def _round(x):
            return round(x, 2)


        # Round things
        @register
        class Circle(Shape):
            """A circle of :class:`pkg.shapes.Circle`."""

            def draw(self, canvas: Canvas) -> None:
                canvas.put(self)

            def size(self) -> float:
                return _round(PI)


        class Square(Shape):
            def fits(self, other: Circle) -> bool:
                return isinstance(other, Circle)


        def area(shape: Shape) -> float:
            return shape.size()


        def folder():
            return os.getcwd()
        ''',
    "pkg/base.py": "class Shape:\n    pass\n\n\ndef register(cls):\n    return cls\n",
    "pkg/draw.py": "class Canvas:\n    def put(self, shape):\n        pass\n",
    "use.py": """\
        from pkg import shapes
        from pkg.shapes import (
            Circle,
            Square as Box,
        )
        import pkg.shapes
        import pkg.shapes as s
        from unittest.mock import patch

        patch("pkg.shapes.Circle")
        print(shapes.Circle, shapes.Square, Circle, Box, pkg.shapes.Circle, s.Circle, s.Square)
        """,
    "docs/shapes.md": "Use `pkg.shapes.Circle`:\n\n    from pkg.shapes import Circle, Square\n\nor `pkg.shapes.Square`.\n",
}


def test_move_to_a_new_module(run: Run) -> None:
    ws, notes = run(PACKAGE, move("Circle", "pkg/shapes.py", "pkg/circle.py"), "pkg", "pkg.circle", "pkg.shapes", "use")
    circle = ws.text("pkg/circle.py")
    assert circle == dedent(
        '''\
        from __future__ import annotations

        from typing import TYPE_CHECKING

        from .base import Shape, register
        from .shapes import PI

        if TYPE_CHECKING:
            from .draw import Canvas

        __all__ = ["Circle"]


        def _round(x):
            return round(x, 2)


        # Round things
        @register
        class Circle(Shape):
            """A circle of :class:`pkg.circle.Circle`."""

            def draw(self, canvas: Canvas) -> None:
                canvas.put(self)

            def size(self) -> float:
                return _round(PI)
        '''
    )
    assert ws.text("pkg/shapes.py") == dedent(
        '''\
        """Shapes."""

        from __future__ import annotations

        import math
        import os
        from typing import TYPE_CHECKING

        from .base import Shape

        if TYPE_CHECKING:
            from .circle import Circle

        __all__ = ["area", "Square"]

        PI = math.pi


        class Square(Shape):
            def fits(self, other: Circle) -> bool:
                from .circle import Circle

                return isinstance(other, Circle)


        def area(shape: Shape) -> float:
            return shape.size()


        def folder():
            return os.getcwd()
        '''
    )
    assert ws.text("pkg/__init__.py") == "from .circle import Circle\nfrom .shapes import area\n"
    use = ws.text("use.py")
    assert "from pkg import circle, shapes\n" in use and "from pkg.circle import Circle\n" in use
    assert "from pkg.shapes import Square as Box\n" in use
    assert "import pkg.circle\n" in use and 'patch("pkg.circle.Circle")' in use
    assert "print(circle.Circle, shapes.Square, Circle, Box, pkg.circle.Circle, circle.Circle, s.Square)" in use
    docs = ws.text("docs/shapes.md")
    assert "`pkg.circle.Circle`" in docs and "`pkg.shapes.Square`" in docs
    assert "    from pkg.shapes import Square\n    from pkg.circle import Circle\n" in docs
    assert any("_round" in n for n in notes)


def test_move_to_an_existing_module(run: Run) -> None:
    ws, _ = run(PACKAGE, move("area folder", "pkg/shapes.py", "pkg/draw.py"), "pkg", "pkg.draw", "use")
    draw = ws.text("pkg/draw.py")
    assert draw == (
        "from __future__ import annotations\n\nimport os\n\nfrom .base import Shape\n\n\nclass Canvas:\n    def put(self, shape):\n        pass\n\n\n"
        "def area(shape: Shape) -> float:\n    return shape.size()\n\n\ndef folder():\n    return os.getcwd()\n"
    ) or draw.startswith("import os\n\nfrom .base import Shape\n\n\nclass Canvas")
    assert "import os" not in ws.text("pkg/shapes.py")
    assert ws.text("pkg/__init__.py") == "from .draw import area\nfrom .shapes import Circle\n"


def test_constants_dataclasses_and_keep_alias(run: Run) -> None:
    files = {
        "conf.py": "from dataclasses import dataclass, field\n\nLIMIT = 3\n'''How many.'''\nOTHER = 4\n\n\n@dataclass\nclass Settings:\n    n: int = field(default=LIMIT)\n",
        "use.py": "from conf import LIMIT, OTHER, Settings\n\nprint(LIMIT, OTHER, Settings)\n",
    }
    ws, _ = run(files, move("LIMIT", "conf.py", "limits.py"), "use", "conf", "limits")
    assert ws.text("limits.py") == "LIMIT = 3\n'''How many.'''\n"
    assert ws.text("conf.py").startswith(
        "from dataclasses import dataclass, field\n\nfrom limits import LIMIT\n\nOTHER = 4\n\n\n@dataclass"
    )
    assert (
        ws.text("use.py")
        == "from conf import OTHER, Settings\nfrom limits import LIMIT\n\nprint(LIMIT, OTHER, Settings)\n"
    )
    ws, _ = run(files, move("LIMIT", "conf.py", "limits.py", keep_alias=True), "use", "conf", "limits")
    assert "from limits import LIMIT\n" in ws.text("conf.py")
    ws, _ = run(files, move("OTHER", "conf.py", "limits.py", keep_alias=True), "use", "conf", "limits")
    assert "from limits import OTHER as OTHER\n" in ws.text("conf.py")


def test_both_ways_needs_lazy_imports(run: Run) -> None:
    files = {
        "a.py": "def first():\n    return second()\n\n\ndef second():\n    return LIMIT\n\n\nLIMIT = 2\n",
        "b.py": "from a import second\n\n\ndef third():\n    return second()\n",
    }
    ws, notes = run(files, move("second", "a.py", "b.py"), "a", "b")
    a, b = ws.text("a.py"), ws.text("b.py")
    assert "def first():\n    from b import second\n\n    return second()" in a
    assert b.startswith("from a import LIMIT\n") and "def third():\n    return second()" in b
    assert any("inside functions" in n for n in notes)


def test_cycle_that_cannot_be_broken_is_refused(run: Run) -> None:
    files = {
        "a.py": "class Base:\n    pass\n\n\nclass Mid(Base):\n    pass\n\n\nclass Last(Mid):\n    pass\n",
        "b.py": "",
    }
    with pytest.raises(Refused, match=r"a.py.*b.py"):
        run(files, move("Mid", "a.py", "b.py"))


def test_target_that_used_the_name_at_import_time(run: Run) -> None:
    files = {
        "a.py": "import os\n\n\nclass Base:\n    here = os.sep\n",
        "b.py": "from a import Base\nimport sys\n\n\nclass Sub(Base):\n    x = sys\n",
    }
    ws, _ = run(files, move("Base", "a.py", "b.py"), "a", "b")
    b = ws.text("b.py")
    assert "from a import" not in b and b.index("class Base") < b.index("class Sub")
    assert ws.text("a.py").strip() == ""


def test_licence_and_plain_imports(run: Run) -> None:
    head = "# Copyright Someone\n# Licence: MIT\n"
    files = {
        "pkg/__init__.py": head,
        "pkg/a.py": head
        + "\nimport xml.dom\nimport xml.sax\n\n\ndef f():\n    return xml.dom.Node\n\n\ndef g():\n    return xml.sax.parse\n",
    }
    ws, _ = run(files, move("f", "pkg/a.py", "pkg/b.py"), "pkg.a", "pkg.b")
    assert ws.text("pkg/b.py") == head + "\nimport xml.dom\n\n\ndef f():\n    return xml.dom.Node\n"
    assert "xml.dom" not in ws.text("pkg/a.py") and "import xml.sax" in ws.text("pkg/a.py")


def test_conditional_imports_are_taken_from_the_source(run: Run) -> None:
    files = {
        "a.py": "try:\n    import ujson as json\nexcept ImportError:\n    import json\n\n\ndef load(s):\n    return json.loads(s)\n\n\ndef dump(s):\n    return json.dumps(s)\n"
    }
    ws, _ = run(files, move("load", "a.py", "b.py"), "a", "b")
    assert ws.text("b.py") == "from a import json\n\n\ndef load(s):\n    return json.loads(s)\n"


def test_crlf_and_no_final_newline(run: Run) -> None:
    files: dict[str, str | bytes] = {
        "a.py": b"import os\r\n\r\n\r\ndef f():\r\n    return os\r\n\r\n\r\ndef g():\r\n    return 1",
        "b.py": b"x = 1",
    }
    ws, _ = run(files, move("f", "a.py", "b.py"), "a", "b")
    assert ws.read("a.py") == b"def g():\r\n    return 1"
    ws, _ = run(files, move("g", "a.py", "c.py"), "a", "c")
    assert ws.read("a.py") == b"import os\r\n\r\n\r\ndef f():\r\n    return os\r\n"
    assert ws.read("c.py") == b"def g():\r\n    return 1\r\n"


@pytest.mark.parametrize(
    ("files", "operation", "error", "message"),
    [
        ({"a.py": "x = y = 1\n"}, move("x", "a.py", "b.py"), Refused, "together"),
        ({"a.py": "def f(): pass\n", "b.py": "f = 1\n"}, move("f", "a.py", "b.py"), Refused, "bound there already"),
        (
            {"a.py": "import os\n\n\ndef f():\n    return os\n", "b.py": "os = 1\n"},
            move("f", "a.py", "b.py"),
            Refused,
            "something else",
        ),
        ({"a.py": "n = 0\n\n\ndef f():\n    global n\n    n += 1\n"}, move("f", "a.py", "b.py"), Refused, "global"),
        (
            {"a.py": "from os.path import *\n\n\ndef f():\n    return join\n"},
            move("f", "a.py", "b.py"),
            Refused,
            "star",
        ),
        ({"a.py": "class A:\n    def f(self): pass\n"}, move("A.f", "a.py", "b.py"), Refused, "module level"),
        ({"a.py": "def f(): pass\n"}, move("f", "a.py", "a.py"), NothingToDo, "already"),
        ({"a.py": "def f(): pass\n"}, move("f", "a.py", "b.js"), Refused, "another language"),
        ({"a.py": "def f(): pass\n"}, move("g", "a.py", "b.py"), NothingToDo, "g"),
        (
            {"p/__init__.py": "def b(): pass\n", "p/a.py": "def f(): pass\n"},
            move("f", "p/a.py", "p/b.py"),
            Refused,
            "take its place",
        ),
        (
            {"a.py": "x = 1\n", "b.py": "x = 2\n"},
            MergeModules(source="a.py", target="b.py"),
            Refused,
            "bound there already",
        ),
        ({"a.py": "x = 1\n"}, MergeModules(source="a.py", target="c.py"), NothingToDo, "no such file"),
        ({"p/__init__.py": "", "b.py": ""}, MergeModules(source="p/__init__.py", target="b.py"), Refused, "package"),
    ],
)
def test_refusals(run: Run, files, operation, error, message) -> None:
    with pytest.raises(error, match=message):
        run(files, operation)


MERGE = {
    "pkg/__init__.py": "from . import consts, main\nfrom .consts import LIMIT as LIMIT\n",
    "pkg/consts.py": '''\
        """Constants."""

        import os
        import sys

        from .deep import d

        # The limit
        LIMIT = 3

        # Where we are

        if sys.platform == "win32":
            HERE = os.sep
        else:
            HERE = d


        def f():
            return os, LIMIT
        ''',
    "pkg/deep.py": "d = 1\n",
    "pkg/main.py": """\
        import os

        from . import consts
        from .consts import HERE, f as eff
        from .deep import d


        def g():
            return consts.LIMIT, HERE, eff(), os, d


        if __name__ == "__main__":
            g()
        """,
    "use.py": "import pkg.consts\nfrom pkg import consts\nfrom pkg.consts import f, LIMIT\n\nprint(pkg.consts.f, consts.LIMIT, f, LIMIT)\n",
    "doc.md": "See `pkg.consts.LIMIT` in pkg/consts.py.\n",
}


def test_merge(run: Run) -> None:
    ws, _ = run(MERGE, MergeModules(source="pkg/consts.py", target="pkg/main.py"), "pkg", "pkg.main", "use")
    assert not ws.exists("pkg/consts.py")
    assert ws.text("pkg/main.py") == dedent(
        """\
        import os
        import sys

        from .deep import d


        def g():
            return LIMIT, HERE, f(), os, d


        # The limit
        LIMIT = 3

        # Where we are

        if sys.platform == "win32":
            HERE = os.sep
        else:
            HERE = d


        def f():
            return os, LIMIT


        if __name__ == "__main__":
            g()
        """
    )
    assert ws.text("pkg/__init__.py") == "from . import main\nfrom .main import LIMIT as LIMIT\n"
    assert ws.text("use.py") == (
        "import pkg.main\nfrom pkg import main\nfrom pkg.main import f, LIMIT\n\nprint(pkg.main.f, main.LIMIT, f, LIMIT)\n"
    )
    assert ws.text("doc.md") == "See `pkg.main.LIMIT` in pkg/main.py.\n"


def test_decorators_get_their_lazy_import_in_the_wrapper(run: Run) -> None:
    files = {
        "pkg/__init__.py": "from .store import current\n",
        "pkg/store.py": "current = {}\n",
        "pkg/deco.py": "from .store import current\n\n\ndef wrap(f):\n    def inner():\n        return current, f()\n\n    return inner\n",
        "pkg/main.py": "from .deco import wrap\n\n\n@wrap\ndef go():\n    pass\n",
    }
    ws, _ = run(files, MergeModules(source="pkg/store.py", target="pkg/main.py"), "pkg", "pkg.deco", "pkg.main")
    assert "    def inner():\n        from .main import current\n" in ws.text("pkg/deco.py")


def test_quoted_annotations_and_type_aliases_follow(run: Run) -> None:
    files = {
        "pkg/__init__.py": "",
        "pkg/a.py": 'from typing import Callable, List\n\nAlias = Callable[["Thing"], None]\n\n\nclass Thing:\n    pass\n\n\ndef f() -> "List[Thing]":\n    return []\n',
        "use.py": 'from pkg import a\n\nx: "list[a.Thing]" = []\ny: "a.Alias"\n',
    }
    ws, _ = run(files, move("Thing", "pkg/a.py", "pkg/b.py"), "pkg.a", "pkg.b", "use")
    assert ws.text("use.py") == 'from pkg import a, b\n\nx: "list[b.Thing]" = []\ny: "a.Alias"\n'
    assert "from typing import TYPE_CHECKING, Callable, List\n" in ws.text("pkg/a.py")
    assert "if TYPE_CHECKING:\n    from pkg.b import Thing\n" in ws.text("pkg/a.py")


def test_star_imports_of_the_source(run: Run) -> None:
    files = {
        "pkg/__init__.py": "from .a import *\nfrom .c import other\n",
        "pkg/a.py": '__all__ = ["f", "g"]\n\n\ndef f():\n    pass\n\n\ndef g():\n    pass\n\n\ndef h():\n    pass\n',
        "pkg/c.py": "other = 1\n",
        "use.py": "from pkg import f, g\n",
    }
    ws, _ = run(files, move("f h", "pkg/a.py", "pkg/b.py"), "pkg", "use")
    assert ws.text("pkg/__init__.py") == "from .a import *\nfrom .b import f\nfrom .c import other\n"
    with pytest.raises(Refused, match="belongs to its module"):
        run(files, move("__all__", "pkg/a.py", "pkg/b.py"))
