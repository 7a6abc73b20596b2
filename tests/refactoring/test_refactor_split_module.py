"""split_module: into siblings or a package, re-exports, the rest, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from carrying_out import carry_out, contents

from repo_index import Index
from v4cli.errors import Refused
from v4cli.refactoring.operations.split_module import SplitModule
from v4cli.refactoring.plan import Plan
from v4cli.refactoring.run import execute

MakeRepository = Callable[[Mapping[str, str | bytes]], Path]

FILES = {
    "pkg/__init__.py": "from .io import read, write\n",
    "pkg/fmt.py": "def clean(text):\n    return text.strip()\n",
    "pkg/io.py": '''\
        """Reading and writing."""

        import json
        from .fmt import clean

        LIMIT = 10


        def read(text):
            return _cut(json.loads(clean(text)))


        def write(value):
            return json.dumps(_cut(value))


        def _cut(value):
            return value[:LIMIT]


        class Both:
            def round(self, text):
                return write(read(text))
        ''',
    "use.py": """\
        import pkg.io
        from pkg.io import Both, read

        print(pkg.io.write([1]), read(" [2] "), Both().round("[3]"), pkg.io.LIMIT)
        """,
}
SCRIPT = "import use, pkg; assert pkg.read('[1]') == [1] and pkg.io.LIMIT == 10"
PARTS = {"reader": ["read"], "writer": ["write"]}


def test_into_a_package(make_repository: MakeRepository) -> None:
    root = make_repository(contents(FILES))
    done = carry_out(root, SplitModule(path="pkg/io.py", parts=PARTS, package=True, rest="common"), SCRIPT)
    assert not (root / "pkg/io.py").exists() and (root / "pkg/io/common.py").exists()
    assert "from ..fmt import clean" in done.text("pkg/io/reader.py")
    assert "from .reader import read as read" in done.text("pkg/io/__init__.py").replace(
        "import read\n", "import read as read\n"
    )


def test_into_siblings_without_reexport(make_repository: MakeRepository) -> None:
    root = make_repository(contents(FILES))
    script = "import use, pkg, pkg.io; assert pkg.read('[1]') == [1] and not hasattr(pkg.io, '_cut')"
    parts = {"reader": ["read"], "pkg/limits.py": ["_cut", "LIMIT"], "writer": ["write"]}
    files = {**FILES, "use.py": FILES["use.py"].replace(", pkg.io.LIMIT", "")}
    root = make_repository(contents(files))
    done = carry_out(root, SplitModule(path="pkg/io.py", parts=parts, reexport=False), script)
    assert "from .limits import _cut" in done.text("pkg/writer.py")
    assert "import pkg.writer" in done.text("use.py")


def test_all_of_it_leaves_no_file(make_repository: MakeRepository) -> None:
    use = "from pkg.io import Both, LIMIT, read\n\nprint(read(' [2] '), Both().round('[3]'), LIMIT)\n"
    root = make_repository(contents({**FILES, "use.py": use}))
    operation = SplitModule(path="pkg/io.py", parts=PARTS, rest="common", reexport=False)
    carry_out(root, operation, "import use, pkg; assert pkg.write([1]) == '[1]'")
    assert not (root / "pkg/io.py").exists()


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"a": ["read"], "b": ["read"]}, "several parts"),
        ({"a": ["json"]}, "not defined"),
        ({"io": ["read"]}, "the module itself"),
    ],
)
def test_refusals(make_repository: MakeRepository, parts: dict[str, list[str]], reason: str) -> None:
    root = make_repository(contents(FILES))
    with pytest.raises(Refused) as error:
        execute(Plan([SplitModule(path="pkg/io.py", parts=parts)]), Index.open(root).refresh())
    assert reason in str(error.value)
