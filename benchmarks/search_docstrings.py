"""Search quality: the first paragraph of a docstring has to find the function that it was taken from.

From each of ten wheels from PyPI fifty functions are drawn (seeded) whose docstring begins with a full sentence that no
other function of the release has. The docstrings of all functions are blanked in the copy that is indexed; with
`--others` only those of the drawn ones, so that fifty functions without a description stand among many with one.
A hit counts when it is the function itself: its path and its lines. Beside it, over files and so with an easier task:
BM25 over the words of each file, and the number of words of the query that a file holds (grep).

A second set of ten, drawn with another seed, is for development: nothing is tuned on the first.

Run: python -m benchmarks.search_docstrings [--development] [--others] [--misses]
"""

from __future__ import annotations

import argparse
import ast
import json
import math
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import RESULTS, machine
from repo_index import Index

from .archives import check

CACHE = Path(".cache/search")
EACH = 50
SEED = 20261122
DEVELOPMENT_SEED = 7

#: name -> (version, SHA-256 of the wheel)
PINNED: dict[str, tuple[str, str]] = {
    "arrow": ("1.3.0", "c728b120ebc00eb84e01882a6f5e7927a53960aa990ce7dd2b10f39005a67f80"),
    "astroid": ("3.3.5", "a9d1c946ada25098d790e079ba2a1b112157278f3fb7e718ae6a9252f5835dc8"),
    "asyncssh": ("2.18.0", "ee09081200753eca137c893995ce3b95f8e157945aa8bda455ea810b30762d96"),
    "babel": ("2.16.0", "368b5b98b37c06b7daf6696391c3240c938b37767d4584413e8438c5c435fa8b"),
    "beautifulsoup4": ("4.12.3", "b80878c9f40111313e55da8ba20bdba06d8fa3969fc68304167741bbf9e082ed"),
    "boltons": ("24.1.0", "a1776d47fdc387fb730fba1fe245f405ee184ee0be2fb447dd289773a84aed3b"),
    "marshmallow": ("3.23.1", "fece2eb2c941180ea1b7fcbd4a83c51bfdd50093fdd3ad2585ee5e1df2508491"),
    "more-itertools": ("10.5.0", "037b0d3203ce90cca8ab1defbbdac29d5f993fc20131f3664dc8d6acfa872aef"),
    "paramiko": ("3.5.0", "1fedf06b085359051cd7d0d270cebe19e755a8a921cc2ddbfa647fb0cd7d68f9"),
    "pyparsing": ("3.2.0", "93d9577b88da0bbea8cc8334ee8b918ed014968fd2ec383e868fb8afb1ccef84"),
}
DEVELOPMENT: dict[str, tuple[str, str]] = {
    "docutils": ("0.21.2", "dafca5b9e384f0e419294eb4d2ff9fa826435bf15f15b7bd45723e8ad76811b2"),
    "ipython": ("8.29.0", "0188a1bd83267192123ccea7f4a8ed0a78910535dbaa3f37671dca76ebd429c8"),
    "jinja2": ("3.1.4", "bc5dd2abb727a5319567b7a813e6a2e7318c39f4f487cfe6c89c6f9c7d25197d"),
    "nltk": ("3.9.1", "4fa26829c5b00715afe3061398a8989dc643b92ce7dd93fb4585a70930d168a1"),
    "prompt-toolkit": ("3.0.48", "f49a827f90062e411f1ce1f854f2aedb3c23353244f8108b89283587397ac10e"),
    "python-dateutil": ("2.9.0.post0", "a8b2bc7bffae282281c8140a97d3aa9c14da0b136dfe83f850eea9a5f7470427"),
    "toolz": ("1.0.0", "292c8f1c4e7516bf9086f8850935c799a874039c8bcf959d47b600e4c44a6236"),
    "traitlets": ("5.14.3", "b74e89e397b1ed28cc831db7aea759ba6640cb3de13090ca145426688ff1ac4f"),
    "trio": ("0.27.0", "68eabbcf8f457d925df62da780eff15ff5dc68fd6b367e2dde59f7aaf2a0b884"),
    "werkzeug": ("3.1.3", "54b78bf3716d19a65be4fceccc0d1d7b89e608834989dfae50ea87564639213e"),
}
_SKIPPED = re.compile(r"(^|/)(tests?|testing|docs?|examples?|benchmarks?|vendor|_vendor)(/|$)|(^|/)(test_|conftest)")
_SENTENCE = re.compile(r"[A-Z`\"'].*[.!?]['\")`]*$", re.S)
_WORDS = re.compile(r"\w+")


@dataclass(frozen=True)
class Question:
    path: str
    name: str
    first_line: int
    line: int
    end_line: int
    #: lines of the docstring
    doc: tuple[int, int]
    text: str


def fetch(name: str, version: str, digest: str) -> Path:
    """The unpacked wheel; downloads it with pip at first use. Raises ValueError for an archive that is not pinned.

    Wheels of plain Python are sources that nothing has to be run for.
    """
    root = CACHE / f"{name}-{version}"
    if root.is_dir():
        return root
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        command += ["--disable-pip-version-check", "--dest", scratch, f"{name}=={version}"]
        subprocess.run(command, check=True)
        archive = next(Path(scratch).glob("*.whl"))
        check(archive, digest)
        with zipfile.ZipFile(archive) as unpacked:
            unpacked.extractall(Path(scratch) / "x")
        (Path(scratch) / "x").rename(root)
    return root


def questions(root: Path) -> list[Question]:
    """Every function that may be drawn, by path and line."""
    found: list[Question] = []
    for file in sorted(root.rglob("*.py")):
        path = file.relative_to(root).as_posix()
        if _SKIPPED.search(path):
            continue
        try:
            tree = ast.parse(file.read_bytes())
        except (SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (doc := ast.get_docstring(node)):
                text = " ".join(doc.strip().split("\n\n", 1)[0].split())
                place = node.body[0]
                if len(_WORDS.findall(text)) >= 5 and _SENTENCE.match(text) and place.end_lineno is not None:
                    first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
                    span = (place.lineno, place.end_lineno)
                    if node.lineno < place.lineno:
                        found.append(Question(path, node.name, first, node.lineno, node.end_lineno or 0, span, text))
    often = Counter(q.text for q in found)
    return [q for q in found if often[q.text] == 1]


def blanked(root: Path, target: Path, drawn: Iterable[Question], others: bool) -> None:
    """A copy as a git repository, the docstrings of all functions replaced by `pass` and empty lines; with `others`
    only those of the drawn functions."""
    shutil.copytree(root, target, symlinks=True)
    asked_of = {(q.path, q.line) for q in drawn}
    for file in sorted(target.rglob("*.py")):
        path, content = file.relative_to(target).as_posix(), file.read_bytes()
        try:
            tree = ast.parse(content)
        except (SyntaxError, ValueError):
            continue
        lines = content.split(b"\n")
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or ast.get_docstring(node) is None:
                continue
            doc = node.body[0]
            first, last = doc.lineno, doc.end_lineno or doc.lineno
            if node.lineno < first and (not others or (path, node.lineno) in asked_of):
                rest = lines[last - 1][doc.end_col_offset or 0 :]
                lines[first - 1 : last] = [b" " * doc.col_offset + b"pass" + rest, *[b""] * (last - first)]
        file.write_bytes(b"\n".join(lines))
    for arguments in (["init", "-q"], ["add", "-A", "-f"]):
        subprocess.run(["git", "-C", str(target), *arguments], check=True, capture_output=True)


class Files:
    """Plain ranking of files: BM25 (k1 1.2, b 0.75) over words in lower case, and the count of words held."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.counts = {path: Counter(w.lower() for w in _WORDS.findall(text)) for path, text in texts.items()}
        self.lengths = {path: sum(c.values()) for path, c in self.counts.items()}
        self.mean = sum(self.lengths.values()) / max(1, len(self.lengths))
        self.held: Counter[str] = Counter()
        for counted in self.counts.values():
            self.held.update(counted.keys())

    def bm25(self, query: str) -> list[str]:
        words = {w.lower() for w in _WORDS.findall(query)}
        scores: dict[str, float] = {}
        for path, counted in self.counts.items():
            score = 0.0
            for word in words & counted.keys():
                rare = math.log(1 + (len(self.counts) - self.held[word] + 0.5) / (self.held[word] + 0.5))
                often = counted[word]
                score += rare * often * 2.2 / (often + 1.2 * (0.25 + 0.75 * self.lengths[path] / self.mean))
            scores[path] = score
        return sorted(scores, key=lambda p: (-scores[p], p))

    def grep(self, query: str) -> list[str]:
        words = {w.lower() for w in _WORDS.findall(query)}
        return sorted(self.counts, key=lambda p: (-len(words & self.counts[p].keys()), p))


def place(ranked: Sequence[Any], right: Any) -> int:
    """Position from 1, 0 where it is not there."""
    return ranked.index(right) + 1 if right in ranked else 0


def measures(positions: Sequence[int]) -> dict[str, float]:
    count = max(1, len(positions))
    return {
        "recall@1": round(sum(p == 1 for p in positions) / count, 4),
        "recall@5": round(sum(0 < p <= 5 for p in positions) / count, 4),
        "mrr": round(sum(1 / p for p in positions if p) / count, 4),
    }


def asked(
    root: Path, drawn: Sequence[Question], scratch: Path, misses: bool, others: bool
) -> tuple[dict[str, list[int]], list[float]]:
    """Positions by method, and seconds of each search."""
    blanked(root, scratch / "repository", drawn, others)
    index = Index.open(scratch / "repository", cache_dir=scratch / "cache").refresh()
    texts = {r.path: index.text(r.path) for r in index.files() if not r.skipped and r.language != "binary"}
    files = Files(texts)
    found: dict[str, list[int]] = {n: [] for n in ("function", "file", "bm25 over files", "grep over files")}
    seconds = []
    index.search("warm up", limit=1)
    for question in drawn:
        start = time.perf_counter()
        hits = index.search(question.text, limit=50)
        seconds.append(time.perf_counter() - start)
        at = 0
        for number, hit in enumerate(hits, 1):
            lines = hit.start_line in (question.first_line, question.line) and hit.end_line == question.end_line
            if hit.path == question.path and lines and hit.symbol is not None:
                at = number
                break
        found["function"].append(at)
        found["file"].append(place(list(dict.fromkeys(h.path for h in hits)), question.path))
        found["bm25 over files"].append(place(files.bm25(question.text), question.path))
        found["grep over files"].append(place(files.grep(question.text), question.path))
        if misses and (at == 0 or at > 5):
            print(f"  {at:3} {question.path}:{question.line} {question.name}: {question.text[:150]}")
            print("      ", [h.symbol or f"{h.path}:{h.start_line}" for h in hits[:4]])
    return found, seconds


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--development", action="store_true", help="the set that may be tuned on")
    options.add_argument("--misses", action="store_true", help="show what was not found")
    options.add_argument(
        "--others", action="store_true", help="leave the docstrings of functions that are not asked for"
    )
    given = options.parse_args()
    pinned, seed = (DEVELOPMENT, DEVELOPMENT_SEED) if given.development else (PINNED, SEED)
    positions: dict[str, list[int]] = {}
    seconds: list[float] = []
    rows: dict[str, Any] = {}
    for name, (version, digest) in sorted(pinned.items()):
        root = fetch(name, version, digest)
        every = questions(root)
        drawn = sorted(
            random.Random(f"{seed} {name}").sample(every, min(EACH, len(every))), key=lambda q: (q.path, q.line)
        )
        with tempfile.TemporaryDirectory() as scratch:
            found, took = asked(root, drawn, Path(scratch), given.misses, given.others)
        seconds += took
        for method, its in found.items():
            positions.setdefault(method, []).extend(its)
        rows[name] = {"version": version, "functions": len(every), "drawn": len(drawn), **measures(found["function"])}
        print(f"{name:20} {version:12} of {len(every):5}: {measures(found['function'])}")
    results = {method: measures(its) for method, its in positions.items()}
    for method, row in results.items():
        print(f"{method:20} {row}")
    seconds.sort()
    milliseconds = round(1000 * seconds[len(seconds) // 2], 1)
    print(f"{len(positions['function'])} questions, median {milliseconds} ms")
    path = RESULTS / "search_docstrings.json"
    kept = json.loads(path.read_text()) if path.is_file() else {}
    what = "development" if given.development else "drawn"
    kept[f"{what}, other docstrings stay" if given.others else what] = {
        "machine": machine(), "seed": seed, "questions": len(positions["function"]), "packages": rows,
        "median_ms": milliseconds, "results": results,
    }  # fmt: skip
    path.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
