"""What a change breaks in other files: imports, names, calls, members."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from v4cli.review import changes, engine
from v4cli.review.findings import Finding
from v4cli.review.git import Git

Review = Callable[[Mapping[str, str], Mapping[str, str | None]], list[Finding]]


@pytest.fixture
def review(make_repository: Callable[[Mapping[str, str]], Path]) -> Review:
    """review(files, {path: new text or None}) -> findings of that change in the work tree."""

    def run(files: Mapping[str, str], edits: Mapping[str, str | None]) -> list[Finding]:
        root = make_repository(files)
        for path, text in edits.items():
            full = root / path
            if text is None:
                full.unlink()
            else:
                full.parent.mkdir(parents=True, exist_ok=True)
                full.write_text(text)
        git = Git(root)
        return engine.review(git, changes.work_tree(git, 1_000_000)).findings

    return run


def brief(findings: list[Finding]) -> list[str]:
    return [f"{f.path}:{f.line}: {f.level} {f.rule}" for f in findings]


PACKAGE = {
    "app/__init__.py": "",
    "app/text.py": "def slug(x):\n    return x\n\n\ndef other(x):\n    return x\n\n\nLIMIT = 1\n",
    "app/views.py": "from app.text import slug\n\n\ndef view():\n    return slug('a')\n",
}


# imports


def test_a_deleted_module(review: Review) -> None:
    files = PACKAGE | {
        "app/a.py": "from . import text\ntext.slug(1)\n",
        "app/b.py": "import app.text\n",
        "app/c.py": "import app.text as t, os\n",
        "app/d.py": "def f():\n    from .text import slug\n",
        "free.py": "import os\n",
    }
    found = review(files, {"app/text.py": None})
    assert brief(found) == [
        "app/a.py:1: error broken-import",
        "app/b.py:1: error broken-import",
        "app/c.py:1: error broken-import",
        "app/d.py:2: error broken-import",
        "app/views.py:1: error broken-import",
    ]
    assert found[4].message == "import of app.text leads nowhere: app/text.py is gone"


def test_a_renamed_module_says_where_it_went(review: Review) -> None:
    found = review(PACKAGE, {"app/text.py": None, "app/words.py": PACKAGE["app/text.py"]})
    assert brief(found) == ["app/views.py:1: error broken-import"]
    assert found[0].message.endswith("now app/words.py")


def test_a_complete_rename_is_silent(review: Review) -> None:
    edits = {
        "app/text.py": None,
        "app/words.py": PACKAGE["app/text.py"],
        "app/views.py": PACKAGE["app/views.py"].replace("app.text", "app.words"),
    }
    assert review(PACKAGE, edits) == []


def test_a_module_that_becomes_a_package_is_silent(review: Review) -> None:
    assert review(PACKAGE, {"app/text.py": None, "app/text/__init__.py": PACKAGE["app/text.py"]}) == []


def test_a_new_import_of_what_the_same_change_deletes(review: Review) -> None:
    found = review(PACKAGE, {"app/text.py": None, "app/views.py": None, "app/new.py": "from .text import slug\n"})
    assert brief(found) == ["app/new.py:1: error broken-import"]


def test_a_vendored_copy_that_becomes_a_dependency(review: Review) -> None:
    files = {"six.py": "x = 1\n", "toml.py": "x = 1\n", "a.py": "import six\nimport toml\n"}
    found = review(files, {"six.py": None, "toml.py": None, "requirements.txt": "Six>=1\n"})
    assert brief(found) == ["a.py:2: error broken-import"]


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    from app.text import slug\nexcept ImportError:\n    slug = None\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from app.text import slug\n",
    ],
)
def test_an_optional_import_is_a_warning(review: Review, text: str) -> None:
    found = review(PACKAGE | {"app/views.py": text}, {"app/text.py": None})
    assert brief(found) == ["app/views.py:2: warning broken-import"] or brief(found) == [
        "app/views.py:3: warning broken-import"
    ]


def test_an_import_that_never_led_anywhere_is_left_alone(review: Review) -> None:
    files = PACKAGE | {"app/old.py": "from .gone import x\nfrom .text import never\nimport numpy\n"}
    assert review(files, {"app/old.py": files["app/old.py"] + "\nx = 1\n"}) == []


def test_new_imports(review: Review) -> None:
    text = "from .gone import x\nfrom .text import never\nimport numpy\nfrom . import _compiled\n"
    assert brief(review(PACKAGE, {"app/new.py": text})) == [
        "app/new.py:1: warning broken-import",
        "app/new.py:2: error missing-name",
        "app/new.py:4: warning missing-name",
    ]


def test_files_that_become_a_submodule(make_repository: Callable[[Mapping[str, str]], Path]) -> None:
    git = Git(make_repository({"lib/x.py": "y = 1\n", "a.py": "from lib.x import y\n"}))
    git.run("rm", "-q", "lib/x.py")
    head = git.run("rev-parse", "HEAD").decode().strip()
    git.run("update-index", "--add", "--cacheinfo", f"160000,{head},lib")
    assert engine.review(git, changes.staged(git, 1_000_000)).findings == []


# names


def test_a_removed_function(review: Review) -> None:
    files = PACKAGE | {
        "app/api.py": "from .text import slug as s\nfrom .text import other\n",
        "app/attr.py": "from app import text\nimport app.text\n\nx = text.slug\ny = app.text.slug(1)\nz = text.other\n",
        "app/use.py": "from app.api import s\n",
        "app/local.py": "def f(text):\n    return text.slug\n",
    }
    found = review(files, {"app/text.py": files["app/text.py"].replace("slug", "slugify")})
    assert brief(found) == [
        "app/api.py:1: error missing-name",
        "app/attr.py:4: error missing-name",
        "app/attr.py:5: error missing-name",
        "app/views.py:1: error missing-name",
    ]
    assert found[3].message == "cannot import 'slug' from app.text: app/text.py does not define it"
    assert found[1].message == "text.slug does not exist: app/text.py does not define 'slug'"


def test_a_moved_name_says_where_it_went(review: Review) -> None:
    edits = {"app/text.py": "LIMIT = 1\n", "app/words.py": "def slug(x):\n    return x\n"}
    found = review(PACKAGE, edits)
    assert brief(found) == ["app/views.py:1: error missing-name"]
    assert found[0].message.endswith("(now in app/words.py)")


def test_a_name_that_is_still_there_by_other_means(review: Review) -> None:
    for text in (
        "from .words import slug\n",
        "from .words import *\n",
        "def __getattr__(name):\n    return 1\n",
        "globals().update(slug=1)\n",
        "from elsewhere import *\n",
        "import slug\n",
        "try:\n    slug = 1\nexcept Exception:\n    pass\n",
        "for slug in (1,):\n    pass\n",
        "with open('x') as slug:\n    pass\n",
        "if (slug := 1):\n    pass\n",
        "def init():\n    global slug\n    slug = 1\n",
        "a, (slug, *b) = 1, (2, 3)\n",
        "class slug: ...\n",
    ):
        edits = {"app/text.py": text, "app/words.py": "def slug(x):\n    return x\n"}
        assert review(PACKAGE, edits) == [], text


def test_names_that_star_imports_pass_on(review: Review) -> None:
    files = PACKAGE | {
        "app/__init__.py": "from .text import *\n",
        "app/views.py": "x = 1\n",
        "a.py": "from app import slug, other\n",
        "b.py": "import app\n\napp.slug(1)\n",
    }
    found = review(files, {"app/text.py": "def other(x):\n    return x\n"})
    assert brief(found) == ["a.py:1: error missing-name", "b.py:3: error missing-name"]


def test_dunder_all(review: Review) -> None:
    files = PACKAGE | {"app/text.py": "__all__ = [\n    'slug',\n]\n" + PACKAGE["app/text.py"], "app/views.py": ""}
    found = review(files, {"app/text.py": files["app/text.py"].replace("def slug", "def slugify")})
    assert brief(found) == ["app/text.py:2: error missing-name"]


def test_assigning_an_attribute_is_no_use(review: Review) -> None:
    files = PACKAGE | {"app/views.py": "from app import text\n\ntext.LIMIT = 3\ntext.LIMIT == 3\n"}
    found = review(files, {"app/text.py": PACKAGE["app/text.py"].replace("LIMIT = 1\n", "")})
    assert brief(found) == ["app/views.py:4: error missing-name"]


def test_undefined_names(review: Review) -> None:
    files = {"a.py": "import os\nimport re\n\nprint(os.sep, old)\n"}
    text = "import re\n\nprint(os.sep, old)\n\ndef f(x):\n    y = x\n    return y, missing, __file__, re\n"
    found = review(files, {"a.py": text, "b.py": "print(nothing)\n", "c.py": "from x import *\nprint(y)\n"})
    assert brief(found) == [
        "a.py:3: warning undefined-name",
        "a.py:7: warning undefined-name",
        "b.py:1: warning undefined-name",
    ]
    assert found[0].message == "'os' is used and no longer defined"


# calls


@pytest.mark.parametrize(
    ("signature", "reason"),
    [
        ("slug(x, y)", "lacks the argument 'y'"),
        ("slug(x, *, y)", "lacks the argument 'y'"),
        ("slug()", "takes 0 positional arguments, 1 given"),
        ("slug(*, x)", "takes 0 positional arguments, 1 given"),
        ("slug(x, y=1)", ""),
        ("slug(*args)", ""),
        ("slug(y)", ""),
        ("slug(x, /, **kw)", ""),
    ],
)
def test_a_changed_signature(review: Review, signature: str, reason: str) -> None:
    text = PACKAGE["app/text.py"].replace("slug(x)", signature).replace("return x", "return 1")
    found = review(PACKAGE, {"app/text.py": text})
    if not reason:
        assert found == []
        return
    assert brief(found) == ["app/views.py:5: error broken-call"]
    assert found[0].message == f"call of slug() {reason}; it is defined in app/text.py:1"


def test_a_renamed_parameter(review: Review) -> None:
    files = {
        "m.py": "def f(old, b=1): ...\n",
        "a.py": "from m import f\nimport m\n\nf(old=1)\nf(1)\nm.f(b=2, old=1)\nf(**{})\nf(*x, old=1)\nf\n",
    }
    found = review(files, {"m.py": "def f(new, b=1): ...\n"})
    calls = [f for f in found if f.rule == "broken-call"]
    assert brief(calls) == [f"a.py:{n}: error broken-call" for n in (4, 6, 8)]
    assert calls[0].message == "call of f() has no parameter 'old'; it is defined in m.py:1"


def test_methods_and_constructors(review: Review) -> None:
    files = {
        "m.py": (
            "class C:\n"
            "    def __init__(self, a): ...\n"
            "    def run(self, a): ...\n"
            "    @classmethod\n"
            "    def make(cls, a): ...\n"
            "    @staticmethod\n"
            "    def help(a): ...\n"
            "    def again(self):\n"
            "        self.run(1)\n"
        ),
        "a.py": (
            "from m import C\n\n"
            "c = C(1)\n"
            "c.run(1)\n"
            "C.run(c, 1)\n"
            "C.make(1)\n"
            "C.help(1)\n"
            "def f(x: C, y):\n"
            "    x.run(1)\n"
            "    y.run(1)\n"
            "class D(C):\n"
            "    def __init__(self):\n"
            "        super().__init__(1)\n"
            "        C.__init__(self, 1)\n"
        ),
    }
    found = review(files, {"m.py": files["m.py"].replace("a): ...", "a, b): ...")})
    lines = [f"a.py:{n}: error broken-call" for n in (3, 4, 5, 6, 7, 9, 13, 14)]
    assert brief(found) == [*lines, "m.py:9: error broken-call"]
    assert found[0].message.startswith("call of C() lacks the argument 'b'")


def test_calls_that_nothing_certain_can_be_said_about(review: Review) -> None:
    files = {
        "m.py": (
            "import functools, typing\n"
            "def deco(f): return f\n"
            "@deco\n"
            "def f(a): ...\n"
            "try:\n    def g(a): ...\nexcept Exception:\n    def g(a, b): ...\n"
            "class Base:\n"
            "    def run(self, a): ...\n"
            "    def go(self):\n        self.run(1)\n"
            "class Derived(Base):\n"
            "    def run(self, a): ...\n"
        ),
        "a.py": "from m import f, g\nf(1)\ng(1)\n",
    }
    text = files["m.py"].replace("f(a)", "f(a, b)").replace("g(a)", "g(a, c)").replace("run(self, a)", "run(self)", 1)
    assert review(files, {"m.py": text}) == []


def test_a_call_that_never_fitted_is_left_alone(review: Review) -> None:
    files = {"m.py": "def f(a): ...\n", "a.py": "from m import f\nf()\nf(1)\n"}
    assert brief(review(files, {"m.py": "def f(a, b): ...\n"})) == ["a.py:3: error broken-call"]


def test_calls_that_are_meant_to_fail(review: Review) -> None:
    text = (
        "import pytest\nfrom m import f\n\n"
        "def test():\n"
        "    with pytest.raises(TypeError):\n        f()\n"
        "    with pytest.raises(ValueError):\n        f()\n"
        "    f()  # type: ignore[call-arg]\n"
        "    f()  # type: ignore\n"
    )
    found = review({"m.py": "def f(a): ...\n"}, {"test_m.py": text})
    assert brief(found) == ["test_m.py:8: error broken-call", "test_m.py:10: error broken-call"]


def test_added_calls(review: Review) -> None:
    files = {"m.py": "def f(a): ...\nclass C:\n    def __init__(self, x): ...\n", "a.py": "from m import f, C\nf()\n"}
    found = review(files, {"a.py": files["a.py"] + "f(1, 2)\nC()\nC(1)\nf(1)\nlen(1, 2)\n"})
    assert brief(found) == ["a.py:3: error broken-call", "a.py:4: error broken-call"]


# members


def test_a_removed_method(review: Review) -> None:
    files = {
        "m.py": "class C:\n    def run(self): ...\n    def go(self):\n        self.run()\n",
        "a.py": "from m import C\n\nc = C()\nc.run()\n\ndef f(x):\n    x.run()\n",
    }
    found = review(files, {"m.py": "class C:\n    def start(self): ...\n    def go(self):\n        self.run()\n"})
    assert brief(found) == ["a.py:4: error missing-name", "m.py:4: error missing-name"]
    assert found[0].message == "C.run does not exist: m.py no longer defines it"


@pytest.mark.parametrize(
    "text",
    [
        "class C:\n    def __getattr__(self, name): ...\n",
        "from x import B\nclass C(B):\n    pass\n",
        "class B:\n    def run(self): ...\nclass C(B):\n    pass\n",
        "class C:\n    def __init__(self):\n        self.run = 1\n",
        "def deco(c): return c\n@deco\nclass C:\n    pass\n",
    ],
)
def test_a_removed_method_that_may_still_be_there(review: Review, text: str) -> None:
    files = {"m.py": "class C:\n    def run(self): ...\n", "a.py": "from m import C\n\nc = C()\nc.run()\n"}
    assert review(files, {"m.py": text}) == []


# JavaScript and TypeScript


def test_javascript_modules(review: Review) -> None:
    files = {
        "src/util.js": "export function slug(x) { return x; }\nexport const other = 1;\nexport default 3;\n",
        "src/a.js": "import { slug } from './util';\nimport d from './util.js';\nslug(d);\n",
        "src/b.js": "import * as u from './util';\nu.slug(1);\nu.other;\n",
        "src/index.js": "export { slug } from './util';\nexport * from './util';\n",
        "src/c.js": "import { slug, other } from '.';\n",
        "src/old.cjs": "const { slug } = require('./util');\n",
    }
    text = "export function slugify(x) { return x; }\nexport const other = 1;\nexport default 3;\n"
    found = brief(review(files, {"src/util.js": text}))
    assert "src/a.js:1: error missing-name" in found
    assert "src/b.js:2: error missing-name" in found
    assert "src/index.js:1: error missing-name" in found
    assert not any(line.startswith(("src/b.js:3", "src/a.js:2")) for line in found)
    found = brief(review(files, {"src/util.js": None}))
    for line in ("src/a.js:1", "src/a.js:2", "src/b.js:1", "src/index.js:1", "src/index.js:2"):
        assert f"{line}: error broken-import" in found


def test_typescript_modules(review: Review) -> None:
    files = {
        "src/types.ts": "export interface User { name: string }\nexport type Id = string;\nexport enum E { A }\n",
        "src/a.ts": "import type { User } from './types';\nimport { Id, E } from './types';\n",
        "src/b.tsx": "import { User } from './types.js';\n",
    }
    found = brief(review(files, {"src/types.ts": files["src/types.ts"].replace("User", "Person")}))
    assert [line.split(": ")[0] for line in found] == ["src/a.ts:1", "src/b.tsx:1"]
    assert (
        review(
            {"src/a.ts": files["src/a.ts"], "src/types.ts": files["src/types.ts"]},
            {"src/types.ts": None, "src/types/index.ts": files["src/types.ts"]},
        )
        == []
    )


def test_a_lost_binding_in_javascript(review: Review) -> None:
    files = {"a.js": "import { x } from 'lib';\nconsole.log(x, window);\n"}
    found = review(files, {"a.js": "console.log(x, window);\nnewGlobal();\n"})
    assert brief(found) == ["a.js:1: warning undefined-name"]


# the whole


def test_files_that_do_not_parse_are_not_judged_further(review: Review) -> None:
    found = review(PACKAGE, {"app/text.py": "def slug(x:\n    return x\n"})
    assert brief(found) == ["app/text.py:1: error syntax-error"]


def test_a_finding_elsewhere_can_be_ignored(review: Review) -> None:
    files = PACKAGE | {"app/views.py": "from app.text import slug  # v4: ignore[broken-import]\n"}
    assert review(files, {"app/text.py": None}) == []


def test_an_initial_commit(make_repository: Callable[[Mapping[str, str]], Path], tmp_path: Path) -> None:
    root = make_repository(PACKAGE)
    git = Git(root)
    git.run("update-ref", "-d", "HEAD")
    report = engine.review(git, changes.staged(git, 1_000_000))
    assert (report.findings, report.files) == ([], 3)


def test_many_changed_files_use_the_trees_of_git(make_repository: Callable[[Mapping[str, str]], Path]) -> None:
    files = PACKAGE | {f"app/n{n}.py": "from .text import slug\nx = 1\n" for n in range(50)}
    root = make_repository(files)
    for n in range(50):
        (root / f"app/n{n}.py").write_text("from .text import slug\nx = 2\n")
    (root / "app/text.py").write_text("y = 1\n")
    git = Git(root)
    git.run("add", "-A")
    staged = engine.review(git, changes.staged(git, 1_000_000)).findings
    git.run("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "m")
    committed = engine.review(git, changes.between(git, "HEAD~1..HEAD", 1_000_000)).findings
    assert staged == committed
    assert len(staged) == 51 and {f.rule for f in staged} == {"missing-name"}
