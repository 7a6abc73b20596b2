"""Damaged sources through every language of the index: byte flips, swapped and deleted tokens, cut and random files.

Seeds are real files that lie on this machine (system headers, shell scripts, pinned releases and packages that other
measurements fetched into .cache, tests' sources). For every file: no exception, no more than two seconds, spans inside
the file, facts equal after encoding and decoding. At the end an index over a repository of a sample of the files
answers edges, symbols and references without an exception, as a fresh index does, after a change as well.

Run: python -m benchmarks.fuzz_grammars [--files 2000]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks import RESULTS, machine
from repo_index import Index, codec
from repo_index.facts import FileFacts
from repo_index.languages import for_path, languages
from repo_index.languages.base import Language

FILES = 2000
SEED = 20261122
SECONDS = 2.0
_LARGEST = 40_000
_SEEDS = 60
_TOKEN = re.compile(rb"\w+|\s+|[^\w\s]")


def folders() -> list[Path]:
    """Where real sources may lie."""
    here = Path(__file__).parent.parent
    known = [here / ".cache", Path.home() / ".cache" / "v4-benchmarks", here / "tests", here / "repo_index"]
    return [p for p in (*known, Path("/usr/share"), Path("/usr/include"), Path("/usr/lib"), Path("/etc")) if p.is_dir()]


def seeds() -> dict[str, list[bytes]]:
    """Language -> real files, the same for the same machine; what is too large is cut at a line."""
    found: dict[str, list[bytes]] = {language.name: [] for language in languages()}
    for folder in folders():
        for where, inner, names in os.walk(folder):
            inner[:] = sorted(n for n in inner if not n.startswith(".git"))
            for name in sorted(names):
                language = for_path(name)
                if language is None or len(found[language.name]) >= _SEEDS:
                    continue
                try:
                    content = (Path(where) / name).read_bytes()[:_LARGEST]
                except OSError:
                    continue
                if len(content) > 200:
                    found[language.name].append(content)
    return found


def mutated(source: bytes, draw: random.Random) -> bytes:
    """A damaged copy of a file."""
    kind = draw.randrange(6)
    if kind == 0:  # flipped bytes
        changed = bytearray(source)
        for _ in range(draw.randint(1, 30)):
            if changed:
                changed[draw.randrange(len(changed))] = draw.randrange(256)
        return bytes(changed)
    if kind == 1:  # cut
        return source[: draw.randrange(len(source) + 1)]
    if kind == 2 and len(source) < 1:
        return source
    tokens = _TOKEN.findall(source)
    if kind == 2:  # a part left out
        at = draw.randrange(len(tokens) + 1)
        return b"".join(tokens[:at] + tokens[at + draw.randint(1, 40) :])
    if kind == 3 and tokens:  # swapped tokens
        for _ in range(draw.randint(1, 40)):
            a, b = draw.randrange(len(tokens)), draw.randrange(len(tokens))
            tokens[a], tokens[b] = tokens[b], tokens[a]
        return b"".join(tokens)
    if kind == 4:  # tokens left out here and there
        return b"".join(t for t in tokens if draw.random() > 0.03)
    if draw.random() < 0.5:  # a token many times
        token = draw.choice(tokens) if tokens else b"("
        at = draw.randrange(len(tokens) + 1)
        return b"".join(tokens[:at]) + token * draw.randint(100, 3000) + b"".join(tokens[at:])
    return draw.randbytes(draw.randint(0, 4000))


def check(facts: FileFacts, source: bytes) -> list[str]:
    """What is wrong with the facts of a file."""
    wrong = []
    spans = [(d.span, d.name) for d in facts.definitions] + [(d.name_span, d.name) for d in facts.definitions]
    spans += [(o.span, o.name) for o in facts.occurrences] + [(s, "error") for s, _ in facts.errors]
    spans += [(i.statement_span, i.module) for i in facts.imports] + [(i.module_span, i.module) for i in facts.imports]
    spans += [(c.arguments_span, "call") for c in facts.calls] + [((a, b), "text") for a, b, _ in facts.texts]
    for (start, end), name in spans:
        if not 0 <= start <= end <= len(source):
            wrong.append(f"span {start}:{end} of {name!r} outside a file of {len(source)} bytes")
            break
    lines = source.count(b"\n") + 1
    if any(not 1 <= d.line <= d.end_line <= lines for d in facts.definitions):
        wrong.append("lines of a definition outside the file")
    again = FileFacts(facts.language)
    codec.decode_outline(codec.encode_outline(facts), again)
    codec.decode_definitions(codec.encode_definitions(facts), again)
    codec.decode_uses(codec.encode_uses(facts), again)
    codec.decode_texts(codec.encode_texts(facts), again)
    for field in (
        "definitions",
        "imports",
        "exports",
        "occurrences",
        "calls",
        "errors",
        "texts",
        "namespace",
        "ambient",
    ):
        if getattr(again, field) != getattr(facts, field):
            wrong.append(f"{field} differ after encoding and decoding")
    return wrong


class _Slow(Exception):
    pass


def _late(number: int, frame: FrameType | None) -> None:
    raise _Slow


def examine(language: Language, source: bytes) -> tuple[float, list[str]]:
    """(seconds of processor time, what is wrong) of one file."""
    signal.signal(signal.SIGALRM, _late)
    signal.setitimer(signal.ITIMER_REAL, 10 * SECONDS)
    start = time.process_time()
    try:
        facts = language.extract(source, f"a{language.extensions[0]}")
        took = time.process_time() - start
        return took, check(facts, source) + ([f"{took:.1f} s"] if took > SECONDS else [])
    except _Slow:
        return time.process_time() - start, ["hangs"]
    except Exception as error:
        return time.process_time() - start, [f"{type(error).__name__}: {str(error)[:100]}"]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def files(language: Language, real: list[bytes], count: int) -> Iterator[bytes]:
    draw = random.Random(f"{SEED} {language.name}")
    for _ in range(count):
        source = mutated(draw.choice(real) if real else draw.randbytes(2000), draw)
        for _ in range(draw.choice((0, 0, 1, 3))):
            source = mutated(source, draw)
        yield source[: 4 * _LARGEST]


def answers(index: Index) -> dict[str, Any]:
    """What an index says of a sample: all edges and symbols, references of some symbols."""
    symbols = sorted(index.symbols(), key=lambda s: s.id)
    some = random.Random(SEED).sample(symbols, min(60, len(symbols)))
    return {
        "edges": [e.as_json() for e in index.edges()],
        "symbols": [s.as_json() for s in symbols],
        "references": {s.id: [r.as_json() for r in index.references(s)] for s in some},
        "cycles": index.cycles(),
    }


def index_intact(sources: dict[str, bytes], scratch: Path) -> list[str]:
    """What is wrong with an index over damaged files: exceptions, and answers that are not a fresh index's."""
    root = scratch / "repository"
    for path, content in sources.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    subprocess.run(["git", "-C", str(root), "add", "-A", "-f"], check=True)
    try:
        index = Index.open(root, cache_dir=scratch / "cache").refresh()
        before = answers(index)
        names = sorted(sources)
        for a, b in zip(names[::7], names[3::7], strict=False):
            (root / a).write_bytes(sources[b])
        changed = answers(index.refresh())
        fresh = answers(Index.open(root, cache_dir=scratch / "fresh").refresh())
        for name in names[::7]:
            (root / name).write_bytes(sources[name])
        after = answers(index.refresh())
    except Exception as error:
        return [f"index: {type(error).__name__}: {str(error)[:200]}"]
    wrong = [f"index: {k} differ from a fresh index's" for k in changed if changed[k] != fresh[k]]
    return wrong + [f"index: {k} differ after a change and back" for k in before if before[k] != after[k]]


def run(count: int, sample: int, real: dict[str, list[bytes]]) -> dict[str, Any]:
    """Per language: files, seeds, slowest, failures; and of the index over `sample` files of each."""
    results: dict[str, Any] = {}
    kept: dict[str, bytes] = {}
    for language in languages():
        slowest, failures = 0.0, []
        for number, source in enumerate(files(language, real.get(language.name, []), count)):
            took, wrong = examine(language, source)
            slowest = max(slowest, took)
            failures += [f"file {number}: {w}" for w in wrong]
            if number < sample:
                kept[f"{language.name}/f{number}{language.extensions[0]}"] = source
        row = {"files": count, "seeds": len(real.get(language.name, [])), "slowest_s": round(slowest, 3)}
        results[language.name] = {**row, "failures": len(failures), "first_failures": failures[:5]}
    with tempfile.TemporaryDirectory() as scratch:
        results["index"] = {"files": len(kept), "first_failures": index_intact(kept, Path(scratch))}
    return results


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--files", type=int, default=FILES)
    given = options.parse_args()
    results = run(given.files, 30, seeds())
    for name, row in results.items():
        print(f"{name:12} " + "  ".join(f"{k} {v}" for k, v in row.items()))
    (RESULTS / "fuzz_grammars.json").write_text(
        json.dumps({"machine": machine(), "seed": SEED, "languages": results}, indent=1) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
