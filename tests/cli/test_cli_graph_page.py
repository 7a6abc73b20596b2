"""v4 graph export --format html: one page, no network, nothing of the repository runs."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from repo_index import Index
from v4cli.graph_page import page
from v4cli.graph_page.layout import place, tree
from v4cli.graph_page.page import LIBRARY, LIBRARY_SHA256

Make = Callable[[Mapping[str, str | bytes]], Path]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
EVIL = "a/<\\script><script>document.title='alert'<"
FILES = {
    "pkg/__init__.py": "",
    "pkg/a.py": "import pkg.b\n\n\ndef f():\n    pass\n",
    "pkg/b.py": "import pkg.a\n",
    "deep/er/c.py": "import pkg.a\n",
    f"{EVIL}.py": "import pkg.a\n",
    "@@script@@.py": "",
    "readme.md": "# text\n",
}


def made(make_repository: Make) -> str:
    index = Index.open(make_repository(FILES)).refresh()
    chosen = {r.path for r in index.files()}
    text = page(index, chosen)
    assert text == page(index, chosen), "the same graph gives the same page"
    return text


def test_the_page_holds_everything_and_asks_for_nothing(make_repository: Make) -> None:
    text = made(make_repository)
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL)
    assert len(scripts) == 3 and len(re.findall("</script", text)) == 3
    data = json.loads(scripts[0])
    assert [f["p"] for f in data["files"]] == sorted(p for p in FILES if p.endswith(".py"))
    assert {data["files"][i]["p"] for i, f in enumerate(data["files"]) if f["c"] >= 0} == {"pkg/a.py", "pkg/b.py"}
    assert {f["p"] for f in data["folders"]} >= {"", "pkg", "deep/er"} and data["others"] == 1
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None and policy[1].startswith("default-src 'none'; script-src 'sha256-")
    assert "connect-src" not in policy[1] and "unsafe-eval" not in policy[1]
    assert not re.search(r"<(?:script|img|link|iframe)[^>]*(?:src|href)=[\"']?(?:https?:)?//", text)


def test_the_library_is_the_published_file() -> None:
    content = files("v4cli.graph_page").joinpath("assets", LIBRARY).read_bytes()
    assert hashlib.sha256(content).hexdigest() == LIBRARY_SHA256


def test_circles_lie_inside_their_folder_and_apart() -> None:
    paths = [f"d{i % 4}/f{i}.py" for i in range(60)] + ["top.py"]
    links = {(paths[i], paths[(i * 7) % 60]): 1 for i in range(60) if paths[i] != paths[(i * 7) % 60]}
    circles = place(tree(paths), dict.fromkeys(paths, 6.0), links)
    for path in paths:
        x, y, r = circles[path]
        fx, fy, fr = circles[path.rpartition("/")[0]]
        assert np.hypot(x - fx, y - fy) + r <= fr + 0.2
    middles = np.array([circles[p][:2] for p in paths])
    gaps = np.hypot(*(middles[:, None] - middles[None]).transpose(2, 0, 1)) + 1e3 * np.eye(len(paths))
    assert gaps.min() > 12


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
def test_a_browser_draws_it_and_runs_nothing_of_the_repository(make_repository: Make, tmp_path: Path) -> None:
    out = tmp_path / "graph.html"
    out.write_text(made(make_repository), encoding="utf-8")
    flags = "--headless --no-sandbox --disable-gpu --disable-background-networking --no-first-run"
    flags += " --disable-component-update --disable-sync --dump-dom --virtual-time-budget=3000"
    command = [str(CHROMIUM), *flags.split(), f"--user-data-dir={tmp_path / 'profile'}", out.as_uri()]
    dom = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
    assert "<canvas" in dom and "1 import cycle" in dom and ">import cycle<" in dom
    title = re.search(r"<title>([^<]*)</title>", dom)
    assert title is not None and title[1].endswith(": imports")
