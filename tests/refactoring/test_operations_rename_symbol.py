"""rename_symbol: what it touches, what it leaves alone, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from repo_index import Index
from v4cli.errors import NothingToDo, Refused
from v4cli.refactoring.operations.rename_symbol import RenameSymbol
from v4cli.refactoring.workspace import Workspace

MakeRepository = Callable[[Mapping[str, str | bytes]], Path]


@pytest.fixture
def rename(make_repository: MakeRepository, tmp_path: Path) -> Callable[..., tuple[Workspace, list[str]]]:
    """rename(files, symbol, new_name, **options) -> the workspace, and "path:line reason" of what was left alone."""

    def run(
        files: Mapping[str, str | bytes], symbol: str, new_name: str, **options: object
    ) -> tuple[Workspace, list[str]]:
        contents = {p: dedent(c) if isinstance(c, str) else c for p, c in files.items()}
        ws = Workspace(Index.open(make_repository(contents), cache_dir=tmp_path / "cache").refresh())
        outcome = RenameSymbol(symbol=symbol, new_name=new_name, **options).apply(ws)  # type: ignore[arg-type]
        for path in ws.changed():
            if path.endswith(".py"):
                compile(ws.read(path), path, "exec", dont_inherit=True)
        return ws, [f"{left.path}:{left.line} {left.reason}" for left in outcome.left_alone]

    return run


def test_imports_aliases_attributes_and_all(rename):
    ws, _ = rename(
        {
            "pkg/__init__.py": "from .core import load_file as load_file\nfrom .core import load_file as loader\n",
            "pkg/core.py": """\
                __all__ = ["load_file", "other"]


                def load_file(path):
                    return load_file


                def other():
                    return "load_file"
                """,
            "pkg/user.py": """\
                from . import core
                from .core import (
                    load_file,  # the loader
                    other,
                )
                import pkg.core as c


                def f(load_files):
                    return load_file(1), core.load_file(2), c.load_file(3), load_files, other
                """,
            "pkg/aliased.py": "from pkg.core import load_file as lf\n\nlf(1)\n",
            "outside.py": "import pkg\n\npkg.load_file(1)\npkg.loader(2)\npkg.core.load_file(3)\n",
        },
        "pkg/core.py::load_file",
        "read_file",
    )
    assert (
        ws.text("pkg/__init__.py")
        == "from .core import read_file as read_file\nfrom .core import read_file as loader\n"
    )
    core = ws.text("pkg/core.py")
    assert '__all__ = ["read_file", "other"]' in core and "return read_file" in core
    assert 'return "load_file"' in core
    user = ws.text("pkg/user.py")
    assert "    read_file,  # the loader\n" in user
    assert "return read_file(1), core.read_file(2), c.read_file(3), load_files, other" in user
    assert ws.text("pkg/aliased.py") == "from pkg.core import read_file as lf\n\nlf(1)\n"
    assert ws.text("outside.py") == "import pkg\n\npkg.read_file(1)\npkg.loader(2)\npkg.core.read_file(3)\n"


def test_text_patches_and_annotations(rename):
    ws, left = rename(
        {
            "app/models.py": """\
                class HTTPThing:
                    def clone(self) -> "HTTPThing":
                        # An HTTPThing copies itself.
                        return HTTPThing()
                """,
            "app/use.py": """\
                from __future__ import annotations

                from typing import TYPE_CHECKING
                from unittest import mock

                if TYPE_CHECKING:
                    from .models import HTTPThing


                def f(x: "list[HTTPThing]", y: HTTPThing) -> None:
                    mock.patch("app.models.HTTPThing")
                    return {"HTTPThing": 1}
                """,
            "docs/api.rst": ".. autoclass:: app.models.HTTPThing\n\nSee :class:`~app.models.HTTPThing` or ``HTTPThing()``.\n",
            "CHANGES.md": "- Add HTTPThing\n",
            "test_it.py": "from app.models import HTTPThing\n\n\nclass TestHTTPThing:\n    def test_HTTPThing_x(self):\n        HTTPThing()\n",
        },
        "app/models.py::HTTPThing",
        "WebThing",
    )
    assert ws.text("app/models.py").count("WebThing") == 4
    use = ws.text("app/use.py")
    assert "from .models import WebThing" in use and '"list[WebThing]", y: WebThing' in use
    assert 'mock.patch("app.models.WebThing")' in use
    assert '{"HTTPThing": 1}' in use
    assert any("use.py:12" in line and "data" in line for line in left)
    assert "HTTPThing" not in ws.text("docs/api.rst")
    assert ws.text("CHANGES.md") == "- Add HTTPThing\n"
    assert any("CHANGES.md" in line for line in left)
    test = ws.text("test_it.py")
    assert "class TestHTTPThing:" in test and "test_HTTPThing_x" in test and "        WebThing()" in test


def test_method_family_and_unknown_receivers(rename):
    files = {
        "base.py": "class Base:\n    def run_it(self):\n        return self.run_it\n",
        "sub.py": """\
            from base import Base


            class Sub(Base):
                def run_it(self):
                    return super().run_it()


            def use(sub: Sub, thing):
                sub.run_it()
                thing.run_it()
                Base.run_it(sub)
                getattr(sub, "run_it")
            """,
    }
    ws, _ = rename(files, "base.py::Base.run_it", "execute")
    assert "run_it" not in ws.text("base.py") + ws.text("sub.py")
    files["other.py"] = "class Other:\n    def run_it(self):\n        pass\n"
    ws, left = rename(files, "sub.py::Sub.run_it", "execute")
    assert "thing.run_it()" in ws.text("sub.py") and "    sub.execute()" in ws.text("sub.py")
    assert "def run_it" in ws.text("other.py")
    assert any(line.startswith("sub.py:11 ") for line in left)


def test_constant_and_class_attribute(rename):
    files = {
        "conf.py": "LIMIT = 3\n\n\nclass Settings:\n    max_size = LIMIT\n\n    def f(self):\n        return self.max_size\n",
        "use.py": "import conf\nfrom conf import LIMIT, Settings\n\nprint(conf.LIMIT, LIMIT, Settings.max_size)\n",
    }
    ws, _ = rename(files, "conf.py::LIMIT", "MAXIMUM")
    assert (
        ws.text("use.py")
        == "import conf\nfrom conf import MAXIMUM, Settings\n\nprint(conf.MAXIMUM, MAXIMUM, Settings.max_size)\n"
    )
    ws, _ = rename(files, "conf.py::Settings.max_size", "size_limit")
    assert "self.size_limit" in ws.text("conf.py") and "Settings.size_limit" in ws.text("use.py")


def test_keep_public_through_packages(rename):
    ws, left = rename(
        {
            "src/lib/__init__.py": 'from .impl import fetch_all as fetch_all\n\n__all__ = ["fetch_all"]\n',
            "src/lib/impl.py": 'def fetch_all():\n    """Call :func:`lib.impl.fetch_all`."""\n',
            "src/lib/user.py": "from .impl import fetch_all\n\nfetch_all()\n",
            "src/lib/second.py": "from . import fetch_all\n\nfetch_all()\n",
            "tests/test_it.py": "import lib\nfrom lib import fetch_all\nfrom lib.impl import fetch_all as raw\n\nlib.fetch_all()\nfetch_all()\nraw()\nlib.impl.fetch_all()\n",
            "docs/use.rst": ":func:`lib.fetch_all` is made by ``lib.impl.fetch_all``.\n",
        },
        "src/lib/impl.py::fetch_all",
        "fetch_everything",
        keep_public=True,
    )
    assert (
        ws.text("src/lib/__init__.py") == 'from .impl import fetch_everything as fetch_all\n\n__all__ = ["fetch_all"]\n'
    )
    assert "def fetch_everything" in ws.text("src/lib/impl.py") and "lib.impl.fetch_everything" in ws.text(
        "src/lib/impl.py"
    )
    assert ws.text("src/lib/user.py") == "from .impl import fetch_everything\n\nfetch_everything()\n"
    assert "src/lib/second.py" not in ws.changed()
    assert ws.text("tests/test_it.py") == (
        "import lib\nfrom lib import fetch_all\nfrom lib.impl import fetch_everything as raw\n\n"
        "lib.fetch_all()\nfetch_all()\nraw()\nlib.impl.fetch_everything()\n"
    )
    assert ws.text("docs/use.rst") == ":func:`lib.fetch_all` is made by ``lib.impl.fetch_everything``.\n"
    assert any("docs/use.rst:1" in line for line in left)


@pytest.mark.parametrize(
    ("files", "new", "where"),
    [
        ({"a.py": "def old():\n    pass\n\n\ndef new():\n    pass\n"}, "new", "a.py:5"),
        (
            {"a.py": "def old():\n    pass\n", "b.py": "from a import old\n\n\ndef f(new):\n    return old()\n"},
            "new",
            "b.py:5",
        ),
        (
            {
                "a.py": "def old():\n    pass\n",
                "b.py": "from a import old\nfrom c import new\n\nold()\n",
                "c.py": "new = 1\n",
            },
            "new",
            "b.py:2",
        ),
        ({"a.py": "def old(x):\n    return len(x)\n"}, "len", "a.py:2"),
        ({"a.py": "def old():\n    pass\n"}, "class", "reserved"),
        ({"a.py": "def old():\n    pass\n"}, "not a name", "identifier"),
        ({"a.py": "def old():\n    return [new for new in range(3) if old]\n"}, "new", "a.py:2"),
    ],
)
def test_collisions_are_refused(rename, files, new, where):
    with pytest.raises(Refused, match=where):
        rename(files, "a.py::old", new)


def test_member_collisions_are_refused(rename):
    files = {
        "a.py": "class A:\n    def old_one(self):\n        pass\n",
        "b.py": "from a import A\n\n\nclass B(A):\n    def __init__(self):\n        self.new_one = 1\n",
    }
    with pytest.raises(Refused, match="new_one"):
        rename(files, "a.py::A.old_one", "new_one")
    with pytest.raises(Refused, match="Python itself"):
        rename({"a.py": "class A:\n    def __len__(self):\n        return 1\n"}, "a.py::A.__len__", "size")


def test_unknown_and_unchanged_names(rename):
    with pytest.raises(NothingToDo):
        rename({"a.py": "x_y = 1\n"}, "a.py::nothing_here", "z")
    with pytest.raises(NothingToDo):
        rename({"a.py": "x_y = 1\n"}, "a.py::x_y", "x_y")


def test_bytes_outside_of_the_edits_stay(rename):
    latin = "# -*- coding: latin-1 -*-\r\nname_of = 'caf\xe9'  # na\xefve name_of\r\nprint('\xe9', name_of)\r\n".encode(
        "latin-1"
    )
    ws, _ = rename({"a.py": latin}, "a.py::name_of", "title_of")
    assert ws.read("a.py") == latin.replace(b"name_of", b"title_of")
    bom = b"\xef\xbb\xbfname_of = 1\nprint(f'{name_of!r:>{name_of}}')"
    ws, _ = rename({"a.py": bom}, "a.py::name_of", "title_of")
    assert ws.read("a.py") == bom.replace(b"name_of", b"title_of")


def test_skip_paths_and_no_text(rename):
    ws, left = rename(
        {"a.py": "# use_me is good\ndef use_me():\n    pass\n", "old/b.py": "from a import use_me\n"},
        "a.py::use_me",
        "take_me",
        skip_paths=["old/*"],
        rename_in_text=False,
    )
    assert ws.text("a.py") == "# use_me is good\ndef take_me():\n    pass\n"
    assert "old/b.py" not in ws.changed()
    assert left == ["old/b.py:1 skipped as asked"]


def test_javascript(rename):
    ws, _ = rename(
        {
            "src/util.js": "export function makeThing(a) {\n  return makeThing;\n}\n",
            "src/main.js": 'import { makeThing, makeThing as mk } from "./util";\nconst o = { makeThing };\nmakeThing(o.makeThing, mk);\n',
            "src/index.js": 'export { makeThing } from "./util.js";\n',
        },
        "src/util.js::makeThing",
        "createThing",
    )
    assert ws.text("src/util.js") == "export function createThing(a) {\n  return createThing;\n}\n"
    main = ws.text("src/main.js")
    assert 'import { createThing, createThing as mk } from "./util";' in main
    assert "{ makeThing: createThing }" in main and "createThing(o.makeThing, mk)" in main
    assert "createThing" in ws.text("src/index.js")
    with pytest.raises(Refused, match="used there"):
        rename(
            {"a.ts": "export const oldName = 1;\nfunction f(newName: number) { return oldName + newName; }\n"},
            "a.ts::oldName",
            "newName",
        )


def test_a_name_that_an_import_or_an_assignment_binds(rename):
    code = "try:\n    import chardet\nexcept ImportError:\n    chardet = None\n\nprint(chardet)\n"
    ws, _ = rename({"a.py": code}, "a.py::chardet", "detector")
    assert ws.text("a.py") == code.replace("import chardet", "import chardet as detector").replace(
        "    chardet =", "    detector ="
    ).replace("print(chardet)", "print(detector)")
