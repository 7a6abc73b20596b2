"""Does an answer suffer when its prompt begins with the passages of an earlier question?

Run: python -m benchmarks.ask_order [--model NAME] [--pairs N] [--budget TOKENS]

Pairs of documented functions and methods of the same file of Scrapy 2.12.0, drawn with a fixed seed. The question about
each is the first sentence of its docstring. The second is put twice: over its own passages as retrieved, and over
those arranged behind the passages of the first (v4cli/answering/readings.py) as `v4 ask` does when the first was asked
before. The model then ranks, by their probability as the beginning of its answer, the names of all definitions in the
second question's passages; the right one should be first. Pairs whose passages are not arranged anew, or that lack the
right definition, do not count. Writes benchmarks/results/ask_order.json.
"""

from __future__ import annotations

import argparse
import ast
import itertools
import json
import random
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import RESULTS, machine
from .releases import repository

SEED = 20261123


def sentence(text: str) -> str:
    """The first sentence of a docstring, on one line."""
    return re.split(r"(?<=[.!?])\s|\n\s*\n", text.strip())[0].replace("\n", " ").strip()


def documented(root: Path) -> list[list[tuple[str, str]]]:
    """For each file (name, question) of its documented functions and methods, in order."""
    found = []
    for path in sorted((root / "scrapy").rglob("*.py")):
        entries = []
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (text := ast.get_docstring(node)):
                words = sentence(text)
                if len(words.split()) > 5 and not node.name.startswith("__"):
                    question = f"Which function or method does this: {words}"
                    entries.append((node.lineno, node.name, question))
        found.append([(name, question) for _, name, question in sorted(entries)])
    return found


def names(index: Any, sources: Sequence[Any]) -> list[str]:
    """Names of the functions and methods that begin in a passage."""
    found = []
    for source in sources:
        place = source.citation
        for symbol in index.symbols(place.path):
            if symbol.kind in ("function", "method") and place.start_line <= symbol.line <= place.end_line:
                found.append(symbol.name)
    return sorted(set(found))


def rank(
    model: Any, session: Any, question: str, sources: Sequence[Any], choices: list[str], right: str
) -> tuple[int, float]:
    """Place of the right name among the choices (0: first), and its log-probability per token."""
    from model_runtime.generate import score_choices
    from model_runtime.generate.reading import prompt_ids
    from v4cli.answering import prompt

    ids = prompt_ids(prompt.messages(question, sources), model.tokenizer)
    scores = score_choices(session, ids, [f"`{name}`" for name in choices], model.tokenizer)
    order = sorted(scores, key=lambda score: -score.per_token)
    mine = next(score for score in scores if score.text == f"`{right}`")
    return order.index(mine), mine.per_token


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="qwen2.5-coder-0.5b")
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--budget", type=int, default=1800)
    asked = parser.parse_args()
    from model_runtime import load_model
    from repo_index import Index
    from v4cli.answering.readings import MOST_UNWANTED, arrange
    from v4cli.answering.retrieve import retrieve

    model = load_model(asked.model)
    count = model.tokenizer.count
    rows: list[dict[str, Any]] = []
    tried = 0
    with tempfile.TemporaryDirectory() as folder:
        root = repository("scrapy", Path(folder) / "scrapy")
        index = Index.open(root).refresh()
        pairs = [pair for entries in documented(root) for pair in itertools.pairwise(entries)]
        random.Random(SEED).shuffle(pairs)
        session = model.session()
        for (_, before), (right, question) in pairs:
            if len(rows) == asked.pairs:
                break
            tried += 1
            wanted = retrieve(question, index, asked.budget, count)
            earlier = retrieve(before, index, asked.budget, count)
            arranged = arrange(wanted, [earlier], int(MOST_UNWANTED * asked.budget), count, lambda sources: 10**9)
            choices = names(index, wanted)
            if arranged == wanted or right not in choices or len(choices) < 3:
                continue
            own = rank(model, session, question, wanted, choices, right)
            behind = rank(model, session, question, arranged, choices, right)
            rows.append({"question": question, "name": right, "choices": len(choices), "own": own, "behind": behind})
    print(f"{asked.model}: {len(rows)} pairs of {tried} drawn are arranged anew")
    print(f"{'passages':<28} {'right name first':>16} {'mean log-probability':>21}")
    for key, label in (("own", "as retrieved"), ("behind", "behind an earlier question's")):
        first = sum(row[key][0] == 0 for row in rows)
        mean = sum(row[key][1] for row in rows) / max(1, len(rows))
        print(f"{label:<28} {first:>16} {mean:>21.3f}")
    report = {"machine": machine(), "model": asked.model, "budget": asked.budget, "tried": tried, "rows": rows}
    (RESULTS / "ask_order.json").write_text(json.dumps(report, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
