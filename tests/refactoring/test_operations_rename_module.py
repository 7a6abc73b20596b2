"""rename_module: files and packages moved, with every form of import that leads to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from repo_index import Index
from v4cli.errors import NothingToDo, Refused
from v4cli.refactoring.operations.rename_module import RenameModule
from v4cli.refactoring.verify import verify
from v4cli.refactoring.workspace import Workspace

MakeRepository = Callable[[Mapping[str, str | bytes]], Path]


@pytest.fixture
def move(make_repository: MakeRepository, tmp_path: Path) -> Callable[..., tuple[Workspace, list[str]]]:
    """move(files, path, new_path) -> the workspace, verified, and "path:line reason" of what was left alone."""

    def run(
        files: Mapping[str, str | bytes], path: str, new_path: str, **fields: object
    ) -> tuple[Workspace, list[str]]:
        contents = {p: dedent(c) if isinstance(c, str) else c for p, c in files.items()}
        ws = Workspace(Index.open(make_repository(contents), cache_dir=tmp_path / "cache").refresh())
        outcome = RenameModule.model_validate({"path": path, "new_path": new_path, **fields}).apply(ws)
        for changed, data in ws.changed().items():
            if data is not None and changed.endswith(".py"):
                compile(data, changed, "exec", dont_inherit=True)
        failed = [c for c in verify(ws.base, ws.index, ws.changed().keys(), ws.moves) if not c.passed]
        assert failed == []
        return ws, [f"{left.path}:{left.line} {left.reason}" for left in outcome.left_alone]

    return run


PROJECT = {
    "pkg/__init__.py": 'from . import old, other\nfrom .old import thing as thing\n\n__all__ = ["old", "other", "thing"]\n',
    "pkg/old.py": "from . import other\nfrom .other import value\n\n\ndef thing():\n    return other, value\n",
    "pkg/other.py": "value = 1\n",
    "pkg/sub/__init__.py": "",
    "pkg/sub/user.py": "from .. import old as o\nfrom ..old import (\n    thing,  # it\n)\n\no.thing(thing)\n",
    "app.py": """\
        import pkg
        import pkg.old
        import pkg.old as direct
        from pkg import old, other
        from unittest.mock import patch


        def f(x: "old.thing") -> None:
            patch("pkg.old.thing")
            pkg.old.thing(old.thing, direct.thing, other)
        """,
    "clash.py": "from pkg import old\n\n\ndef f(new):\n    return old.thing(new)\n",
    "lazy.py": "def f():\n    from pkg import old\n\n    return old.thing()\n",
    "docs/index.rst": ".. automodule:: pkg.old\n\nSee ``pkg/old.py`` and `old.py`, not an old story.\n",
    "pyproject.toml": '[project.scripts]\nrun = "pkg.old:thing"\n',
    "CHANGELOG.md": "pkg.old is new\n",
}


def test_rename_beside(move):
    ws, left = move(PROJECT, "pkg/old.py", "pkg/new.py")
    assert ws.moves == {"pkg/new.py": "pkg/old.py"} and not ws.exists("pkg/old.py")
    assert ws.text("pkg/__init__.py") == (
        'from . import new, other\nfrom .new import thing as thing\n\n__all__ = ["new", "other", "thing"]\n'
    )
    assert (
        ws.text("pkg/sub/user.py")
        == "from .. import new as o\nfrom ..new import (\n    thing,  # it\n)\n\no.thing(thing)\n"
    )
    app = ws.text("app.py")
    assert "import pkg.new\nimport pkg.new as direct\nfrom pkg import new, other\n" in app
    assert 'x: "new.thing"' in app and 'patch("pkg.new.thing")' in app
    assert "pkg.new.thing(new.thing, direct.thing, other)" in app
    assert ws.text("clash.py") == "from pkg import new as old\n\n\ndef f(new):\n    return old.thing(new)\n"
    assert ws.text("lazy.py") == "def f():\n    from pkg import new\n\n    return new.thing()\n"
    assert (
        ws.text("docs/index.rst") == ".. automodule:: pkg.new\n\nSee ``pkg/new.py`` and `new.py`, not an old story.\n"
    )
    assert ws.text("pyproject.toml") == '[project.scripts]\nrun = "pkg.new:thing"\n'
    assert any(line.startswith("CHANGELOG.md") for line in left)


def test_move_to_another_package(move):
    ws, _ = move({k: v for k, v in PROJECT.items() if k != "app.py"}, "pkg/old.py", "pkg/sub/new.py")
    assert ws.text("pkg/sub/new.py").startswith("from .. import other\nfrom ..other import value\n")
    init = ws.text("pkg/__init__.py")
    assert (
        "from .sub import new" in init
        and "from . import other" in init
        and "from .sub.new import thing as thing" in init
    )
    assert (
        ws.text("pkg/sub/user.py")
        == "from . import new as o\nfrom .new import (\n    thing,  # it\n)\n\no.thing(thing)\n"
    )
    assert ws.text("clash.py").startswith("from pkg.sub import new as old\n")
    assert "pkg.sub.new:thing" in ws.text("pyproject.toml") and "automodule:: pkg.sub.new" in ws.text("docs/index.rst")


def test_move_makes_new_folders_packages(move):
    files = {"pkg/__init__.py": "", "pkg/a.py": "from .b import x\n", "pkg/b.py": "x = 1\n"}
    ws, _ = move(files, "pkg/a.py", "pkg/deep/er/a.py")
    assert ws.exists("pkg/deep/__init__.py") and ws.exists("pkg/deep/er/__init__.py")
    assert ws.text("pkg/deep/er/a.py") == "from ...b import x\n"


def test_rename_a_package(move):
    files = {
        "src/lib/__init__.py": "",
        "src/lib/old/__init__.py": "from .part import x\nfrom lib.old.part import y\n",
        "src/lib/old/part.py": "from . import helper\nfrom ..base import z\n\nx = y = helper.h + z\n",
        "src/lib/old/helper.py": "h = 1\n",
        "src/lib/old/data.txt": "lib.old\n",
        "src/lib/base.py": "z = 1\n",
        "tests/test_it.py": "import lib.old.part\nfrom lib import old\nfrom lib.old import helper\n\nlib.old.part.x\nold.helper\nhelper.h\n",
        "README.md": "Files in `src/lib/old/` hold `lib.old.part.x`.\n",
    }
    ws, _ = move(files, "src/lib/old", "src/lib/fresh")
    assert ws.text("src/lib/fresh/__init__.py") == "from .part import x\nfrom lib.fresh.part import y\n"
    assert ws.text("src/lib/fresh/part.py") == "from . import helper\nfrom ..base import z\n\nx = y = helper.h + z\n"
    assert ws.text("tests/test_it.py") == (
        "import lib.fresh.part\nfrom lib import fresh\nfrom lib.fresh import helper\n\nlib.fresh.part.x\nfresh.helper\nhelper.h\n"
    )
    assert ws.text("README.md") == "Files in `src/lib/fresh/` hold `lib.fresh.part.x`.\n"
    assert ws.text("src/lib/fresh/data.txt") == "lib.fresh\n"


def test_top_level_modules(move):
    files = {
        "helpers.py": "def f():\n    pass\n",
        "main.py": "import helpers\nfrom helpers import f\n\nhelpers.f(f)\n",
        "other.py": "import helpers\n\n\ndef g(tools):\n    helpers.f(tools)\n",
        "test_main.py": 'from unittest.mock import patch\n\npatch("helpers.f")\nhelpers = "helpers"\n',
    }
    ws, _ = move(files, "helpers.py", "tools.py")
    assert ws.text("main.py") == "import tools\nfrom tools import f\n\ntools.f(f)\n"
    assert ws.text("other.py") == "import tools as helpers\n\n\ndef g(tools):\n    helpers.f(tools)\n"
    assert ws.text("test_main.py") == 'from unittest.mock import patch\n\npatch("tools.f")\nhelpers = "helpers"\n'


def test_names_that_other_modules_share(move):
    files = {
        "pkg/__init__.py": "",
        "pkg/utils.py": "a = 1\n",
        "pkg/web/__init__.py": "",
        "pkg/web/utils.py": "b = 1\n",
        "use.py": "from pkg import utils\nfrom pkg.web import utils as web\nfrom pkg.web.utils import b\n# pkg.utils.a, web.utils.b and utils.py\n",
    }
    ws, _ = move(files, "pkg/web/utils.py", "pkg/web/tools.py")
    assert ws.text("use.py") == (
        "from pkg import utils\nfrom pkg.web import tools as web\nfrom pkg.web.tools import b\n# pkg.utils.a, web.tools.b and utils.py\n"
    )


def test_stub_moves_along_and_bytes_stay(move):
    files: dict[str, str | bytes] = {
        "pkg/__init__.py": "",
        "pkg/old.py": b"# -*- coding: latin-1 -*-\r\nx = '\xe9'\r\n",
        "pkg/old.pyi": "x: str\n",
        "use.py": b"\xef\xbb\xbffrom pkg import old;  y = old.x\r\nz = old",
    }
    ws, _ = move(files, "pkg/old.py", "pkg/new.py")
    assert ws.read("pkg/new.py") == files["pkg/old.py"] and ws.exists("pkg/new.pyi")
    assert ws.read("use.py") == b"\xef\xbb\xbffrom pkg import new;  y = new.x\r\nz = new"


@pytest.mark.parametrize(
    ("path", "new_path", "error", "message"),
    [
        ("pkg/old.py", "pkg/other.py", Refused, "exists already"),
        ("pkg/old.py", "pkg/class.py", Refused, "import"),
        ("pkg/old.py", "pkg/not-a-name.py", Refused, "import"),
        ("pkg/old.py", "pkg/taken.py", Refused, "hide the module"),
        ("pkg/__init__.py", "pkg/x.py", Refused, "package"),
        ("pkg/none.py", "pkg/x.py", NothingToDo, "no such file"),
        ("pkg/old.py", "pkg/old.py", NothingToDo, "already"),
        ("a.rb", "b.rb", Refused, "works on"),
    ],
)
def test_refusals(move, path, new_path, error, message):
    files = {
        "pkg/__init__.py": "from .old import x\n\n\ndef taken():\n    pass\n",
        "pkg/old.py": "x = 1\n",
        "pkg/other.py": "",
        "a.rb": "A = 1\n",
    }
    with pytest.raises(error, match=message):
        move(files, path, new_path)
