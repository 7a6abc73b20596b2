"""Packs under a budget: what fits, in which form and order, and what the manifest says of it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from repo_index import Index
from repo_index.pack import Pack, build_pack
from repo_index.side_store import TokenCounts

Make = Callable[[Mapping[str, str | bytes]], Path]

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" * 2
FILES: dict[str, str | bytes] = {
    "pkg/__init__.py": "from .service import Service\n",
    "pkg/service.py": '"""Service."""\nfrom . import base\nfrom .tools import join\n\n\nclass Service(base.Base):\n'
    '    """Runs things."""\n\n    def run(self, name):\n        """Run one thing by name."""\n'
    "        return join(self.items, name)\n",
    "pkg/base.py": "from .tools import split\n\n\nclass Base:\n    items = split('a b')\n"
    + "\n# filler text here\n" * 40,
    "pkg/tools.py": "def join(items, name):\n    return name.join(items)\n\n\n"
    "def split(text):\n    return text.split()\n",
    "tests/test_service.py": "from pkg import Service\n\n\ndef test_run():\n    assert Service().run(' ')\n",
    "README.md": "# Packing\n\nA library.\n\n## Use\n\nCall run.\n",
    "settings.py": f'TOKEN = "{TOKEN}"\n',
    ".env": "SECRET=1\n",
    "empty.py": "",
    "logo.png": b"\x89PNG\r\n\x1a\n\x00",
    "package-lock.json": "{}\n",
}


def count(text: str) -> int:
    return len(text.split())


@pytest.fixture
def index(make_repository: Make) -> Index:
    return Index.open(make_repository(FILES)).refresh()


def paths(pack: Pack) -> list[str]:
    return [s.path for s in pack.segments]


def test_everything_fits(index: Index) -> None:
    pack = build_pack(index, 10_000, count)
    order = paths(pack)
    assert {s.form for s in pack.segments} == {"whole"}
    assert order.index("pkg/tools.py") < order.index("pkg/base.py") < order.index("pkg/service.py")
    assert order.index("pkg/service.py") < order.index("pkg/__init__.py") < order.index("tests/test_service.py")
    assert order[-1] == "README.md"
    assert {x.path: x.reason for x in pack.left_out} == {
        ".env": "environment file: may hold secrets",
        "empty.py": "empty",
        "logo.png": "binary",
        "package-lock.json": "generated",
    }


def test_the_text_has_a_header_line_for_each_file(index: Index) -> None:
    text = build_pack(index, 10_000, count, include=["pkg/tools.py"]).render()
    assert text == "===== pkg/tools.py:1-6 =====\n" + str(FILES["pkg/tools.py"])


def test_the_manifest_says_where_everything_stands(index: Index) -> None:
    pack = build_pack(index, 10_000, count, question="how does run join")
    text = pack.render()
    manifest = pack.manifest()
    assert manifest["tokens"] == count(text) == manifest["segments"][-1]["token_end"]
    for row, segment in zip(manifest["segments"], pack.segments, strict=True):
        shown = text[row["character_start"] : row["character_end"]]
        assert shown == segment.render() and row["tokens"] == count(shown)
        assert row["blob"] == index.file(row["path"]).blob  # type: ignore[union-attr]
    assert manifest["segments"][-1]["part"] == "question"


@pytest.mark.parametrize("budget", [0, 1, 5, 20, 40, 80, 120, 160, 240, 400])
@pytest.mark.parametrize("question", [None, "how does run join the items"])
def test_the_budget_holds_and_every_file_is_accounted_for(index: Index, budget: int, question: str | None) -> None:
    pack = build_pack(index, budget, count, question=question)
    assert pack.tokens == count(pack.render()) <= budget
    shown = {s.path for s in pack.segments if s.form != "excerpt"}
    named = {x.path for x in pack.left_out}
    assert shown | named == set(FILES)
    for left in pack.left_out:
        assert left.reason
        assert (left.path in shown) == bool(left.form)


def test_files_degrade_before_they_are_left_out(index: Index) -> None:
    pack = build_pack(index, 150, count)
    forms = {s.path: s.form for s in pack.segments}
    assert forms["pkg/base.py"] != "whole" and forms["pkg/tools.py"] == "whole"
    reason = next(x for x in pack.left_out if x.path == "pkg/base.py")
    assert reason.reason.startswith("over the budget: ") and reason.form == forms["pkg/base.py"]


def test_signatures_carry_lines_and_the_map_names(index: Index) -> None:
    text = build_pack(index, 21, count, include=["pkg/service.py"]).render()
    assert "    6 class Service(base.Base)\n        # Runs things.\n    9   def run(self, name)\n" in text
    pack = build_pack(index, 12, count, include=["pkg/service.py"])
    assert pack.render() == "pkg/service.py:1-11  Service\n"


def test_a_question_ends_the_pack_and_leaves_the_rest_as_it_is(index: Index) -> None:
    plain = build_pack(index, 10_000, count)
    asked = build_pack(index, 10_000, count, question="how does the service run a thing by name?")
    assert asked.segments[: len(plain.segments)] == plain.segments
    best = asked.segments[-1]
    assert (best.path, best.start_line, best.end_line, best.form) == ("pkg/service.py", 6, 11, "excerpt")
    assert best.text.startswith("class Service(base.Base):")


def test_secrets_are_masked_in_every_form(index: Index) -> None:
    for budget in (10_000, 60):
        pack = build_pack(index, budget, count, question="TOKEN settings")
        assert TOKEN not in pack.render()
    whole = build_pack(index, 10_000, count)
    assert next(s for s in whole.segments if s.path == "settings.py").masked == 1


def test_globs_choose_paths(index: Index) -> None:
    assert paths(build_pack(index, 10_000, count, include=["*.md"])) == ["README.md"]
    chosen = build_pack(index, 10_000, count, include=["pkg"], exclude=["base.py", "pkg/__*"])
    assert paths(chosen) == ["pkg/tools.py", "pkg/service.py"]
    assert {x.path: x.reason for x in chosen.left_out} == {"pkg/base.py": "excluded", "pkg/__init__.py": "excluded"}


def test_orders(index: Index) -> None:
    assert paths(build_pack(index, 10_000, count, order="path")) == sorted(paths(build_pack(index, 10_000, count)))
    for number in range(2):
        (index.root / "pkg/tools.py").write_text(f"def join(items, name):\n    return {number}\n")
        subprocess.run(["git", "-C", str(index.root), "commit", "-qam", "change"], check=True)
    index.refresh()
    assert paths(build_pack(index, 10_000, count, order="change"))[-1] == "pkg/tools.py"
    with pytest.raises(ValueError, match="no such order"):
        build_pack(index, 10_000, count, order="size")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="negative"):
        build_pack(index, -1, count)


def test_an_edit_keeps_what_stands_before_it(index: Index) -> None:
    before = build_pack(index, 10_000, count)
    at = paths(before).index("pkg/service.py")
    text = str(FILES["pkg/service.py"]).replace("Runs things", "Runs other things")
    after = build_pack(index.with_changes({"pkg/service.py": text.encode()}), 10_000, count)
    assert after.segments[:at] == before.segments[:at] and after.segments[at] != before.segments[at]
    assert paths(after) == paths(before)


def test_segments_end_on_block_boundaries(index: Index) -> None:
    pack = build_pack(index, 10_000, count, block=16)
    assert all(s.tokens % 16 == 0 for s in pack.segments)
    assert pack.tokens == count(pack.render())


def test_a_tokeniser_that_merges_across_segments_stays_within_the_budget(index: Index) -> None:
    def uneven(text: str) -> int:  # counts more for the whole than for its parts
        return count(text) + 3 * text.count("\n=====")

    for budget in (60, 150, 300):
        pack = build_pack(index, budget, uneven)
        assert pack.tokens == uneven(pack.render()) <= budget


def test_the_same_repository_gives_the_same_pack(index: Index, make_repository: Make) -> None:
    other = Index.open(make_repository(dict(reversed(FILES.items())))).refresh()
    for question in (None, "join"):
        assert build_pack(index, 90, count, question=question) == build_pack(other, 90, count, question=question)


def test_counts_are_kept_by_content(index: Index) -> None:
    counts = TokenCounts(index, "words")
    build_pack(index, 10_000, count, counts=counts)
    counts.save()

    def never(text: str) -> int:
        raise AssertionError(text)

    again = build_pack(index, 10_000, never, counts=TokenCounts(index, "words"))
    assert again == build_pack(index, 10_000, count)
    assert not TokenCounts(index, "letters")


def test_lines_that_only_python_would_split_do_not_shift_excerpts(make_repository: Make) -> None:
    root = make_repository({"a.py": "x = '\u2028 \x0c'\n\n\ndef wanted():\n    return 1\n"})
    pack = build_pack(Index.open(root).refresh(), 1000, count, question="wanted")
    assert pack.segments[-1].text == "def wanted():\n    return 1"


def test_paths_that_are_not_utf8_can_be_packed(make_repository: Make) -> None:
    root = make_repository({"a.py": "a = 1\n"})
    (root / "caf\udce9.py").write_text("b = 2\n")
    text = build_pack(Index.open(root).refresh(), 1000, count).render()
    text.encode("utf-8")
    assert "===== caf\ufffd.py:1-1 =====\nb = 2\n" in text


def test_an_empty_repository_makes_an_empty_pack(make_repository: Make) -> None:
    pack = build_pack(Index.open(make_repository({})).refresh(), 1000, count, question="what is this")
    assert (pack.segments, pack.tokens, pack.render()) == ((), 0, "")


def test_text_that_decodes_to_lone_surrogates_can_be_packed(make_repository: Make) -> None:
    root = make_repository({"a.py": b"# coding: raw_unicode_escape\n# \xff\nx = '\\ud800'\n"})
    pack = build_pack(Index.open(root).refresh(), 1000, count, question="x")
    assert "x = " in pack.render().encode("utf-8").decode("utf-8")


def test_a_file_deleted_after_indexing_is_left_out(index: Index) -> None:
    fresh = Index.open(index.root).refresh()
    (index.root / "pkg/tools.py").unlink()
    pack = build_pack(fresh, 10_000, count, question="join")
    reasons = {x.path: x.reason for x in pack.left_out}
    assert reasons["pkg/tools.py"] == "cannot be read: No such file or directory"
    assert "pkg/service.py" in paths(pack)
