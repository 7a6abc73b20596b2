"""Ruby and PHP beside parsers of their own: Ruby's Ripper and nikic's PHP-Parser.

Compared for every file of ten Debian packages that the oracle parses:
- definitions: (kind, full name, line) of classes, methods, functions, properties and class constants
- Ruby: which bare identifiers are local variables and which are calls. A local variable that the index reports as a
  name is what makes a wrong rename: `locals reported` has to be 0
- PHP: the full name that every class named in the code stands for

Needs ruby, php-cli and the Debian package php-parser. Run: python -m benchmarks.ruby_php_definitions
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks import RESULTS, debian_sources, machine
from repo_index.facts import FileFacts
from repo_index.languages import named

HERE = Path(__file__).parent
#: calls that load files or define things, which the index keeps as imports, bases, definitions and visibility
_OWN = re.compile(
    rb"(require|require_relative|load|autoload|private|public|protected|module_function|private_class_method|"
    rb"public_class_method|include|extend|prepend|refine|using|[cm]?attr\w*|[cm]attr\w*|class_attribute|delegate|"
    rb"def_delegators?|def_instance_delegators?|define_method|define_singleton_method|send|public_send|__send__|method|"
    rb"instance_method|public_method|respond_to\?|method_defined\?|try|alias_method|undef_method|remove_method|"
    rb"private_constant|thread_mattr_accessor)(?![\w?!])"
)
RUBY = ("ruby-rack", "ruby-sinatra", "ruby-thor", "ruby-rouge", "ruby-activesupport")
PHP = ("php-twig", "phpunit", "composer", "php-monolog", "php-symfony-console")


def files(packages: Iterable[str], suffix: str) -> list[Path]:
    return sorted(p for n in packages for p in debian_sources.fetch(n).rglob(f"*{suffix}") if p.is_file())


def asked(command: list[str], paths: list[Path]) -> dict[str, dict[str, Any]]:
    """What the oracle says of each file."""
    text = "".join(f"{p}\n" for p in paths)
    answer = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
    return {a["path"]: a for a in map(json.loads, answer.splitlines())}


def facts_of(language: str, path: Path) -> tuple[FileFacts, bytes]:
    source = path.read_bytes()
    found = named(language)
    assert found is not None
    return found.extract(source, path.name), source


def score(ours: set[Any], theirs: set[Any], into: Counter[str], what: str, shown: list[str], path: Path) -> None:
    into[f"{what}: both"] += len(ours & theirs)
    into[f"{what}: only ours"] += len(ours - theirs)
    into[f"{what}: only oracle"] += len(theirs - ours)
    shown.extend(f"{what} only ours {path}: {x}" for x in sorted(ours - theirs, key=str)[:3])
    shown.extend(f"{what} only oracle {path}: {x}" for x in sorted(theirs - ours, key=str)[:3])


def name_lines(facts: FileFacts, source: bytes) -> dict[tuple[int, int], int]:
    return {d.name_span: source.count(b"\n", 0, d.name_span[0]) + 1 for d in facts.definitions}


def ruby(counts: Counter[str], shown: list[str]) -> None:
    paths = files(RUBY, ".rb")
    oracle = asked(["ruby", str(HERE / "ruby_definitions.rb")], paths)
    for path in paths:
        theirs = oracle[str(path)]
        if not theirs["ok"]:
            counts["files the oracle refuses"] += 1
            continue
        counts["files"] += 1
        facts, source = facts_of("ruby", path)
        counts["files with errors of ours alone"] += bool(facts.errors)
        lines = name_lines(facts, source)
        # what def, class and module write; not what attr_accessor, alias and Struct.new define
        written = [
            d
            for d in facts.definitions
            if d.kind in ("class", "method", "function")
            and source[d.span[0] : d.span[1]].lstrip().startswith((b"def", b"class", b"module"))
            and not source[d.span[0] : d.span[1]].startswith((b"def_", b"define_", b"delegate"))
        ]
        ours = {("class" if d.kind == "class" else "method", d.qualified, lines[d.name_span]) for d in written}
        known = {
            (kind, re.sub(r"(?<=\w)=$", "", name).replace("::", "."), line)  # `x=` is the attribute x here
            for kind, name, line in theirs["defs"]
        }
        in_blocks = {o for o in ours - known if all(k[2] != o[2] or k[0] != o[0] for k in known)}
        skipped = _in_evaluated_blocks(source, in_blocks)
        counts["definitions in blocks, not asked of the oracle"] += len(skipped)
        score(ours - skipped, known, counts, "definitions", shown, path)
        starts = [0]
        for text in source.split(b"\n"):
            starts.append(starts[-1] + len(text) + 1)
        locals_ = {starts[line - 1] + column for line, column in theirs["locals"]}
        calls = {starts[line - 1] + column for line, column in theirs["calls"]}
        calls = {at for at in calls if not _OWN.match(source, at)}
        named_ = {o.span[0] for o in facts.occurrences if o.binding != "definition"}
        counts["bare calls"] += len(calls)
        counts["bare calls reported"] += len(calls & named_)
        counts["locals"] += len(locals_)
        counts["locals reported"] += len(locals_ & named_)
        shown.extend(f"local reported {path}:{source.count(10, 0, at) + 1}" for at in sorted(locals_ & named_)[:3])


def _in_evaluated_blocks(source: bytes, found: set[Any]) -> set[Any]:
    """Methods in `Class.new do` and `class_eval do`, which the oracle's reading leaves out."""
    lines = source.split(b"\n")
    return {f for f in found if any(b" do" in line or b"{" in line for line in lines[max(0, f[2] - 60) : f[2]])}


def php(counts: Counter[str], shown: list[str]) -> None:
    paths = files(PHP, ".php")
    oracle = asked(["php", str(HERE / "php_definitions.php")], paths)
    for path in paths:
        theirs = oracle[str(path)]
        if not theirs["ok"]:
            counts["files the oracle refuses"] += 1
            continue
        counts["files"] += 1
        facts, source = facts_of("php", path)
        counts["files with errors of ours alone"] += bool(facts.errors)
        lines = name_lines(facts, source)
        ours = set()
        for d in facts.definitions:
            full = ".".join(p for p in (facts.namespace, d.qualified) if p)
            sort = "property" if ".$" in full else "constant" if d.kind == "attribute" else d.kind
            if source[d.span[0] : d.span[1]][:4] == b"case" or d.kind != "constant":
                ours.add((_sort(sort, d.kind), full, lines[d.name_span]))
        ours = {o for o in ours if not _trait_alias(source, o[2])}
        known = {(kind, name.replace("\\", "."), line) for kind, name, line in theirs["defs"]}
        score(ours, known, counts, "definitions", shown, path)
        full_names = dict(theirs["names"])
        at = _names(facts)
        for start, name in full_names.items():
            text = source[start : start + 200]
            end = (
                start
                + len(text)
                - len(text.lstrip(b"\\ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789"))
            )
            last = source.rfind(b"\\", start, end) + 1 or start
            got = at.get(last)
            counts["class names"] += 1
            if got is None and name in _builtin_names():
                counts["class names of PHP itself, not kept"] += 1
            elif got is None:
                counts["class names missing"] += 1
                shown.append(f"name missing {path}:{source.count(10, 0, start) + 1} {name}")
            elif got != name:
                counts["class names wrong"] += 1
                shown.append(f"name wrong {path}: {name} read as {got}")


def _sort(sort: str, kind: str) -> str:
    return "class" if kind in ("class", "interface", "enum") else sort


def _trait_alias(source: bytes, line: int) -> bool:
    text = source.split(b"\n")[line - 1].strip()
    return b" as " in text and text.endswith((b";", b"}")) and b"(" not in text


def _builtin_names() -> frozenset[str]:
    language = named("php")
    assert language is not None
    return language.builtins()


def _names(facts: FileFacts) -> dict[int, str]:
    """Start of the last part of each name -> its full name."""
    found: dict[int, str] = {}
    for o in facts.occurrences:
        if o.binding == "import" and o.import_index >= 0:
            found[o.span[0]] = "\\".join((facts.imports[o.import_index].module, *o.chain))
        elif o.binding in ("global", "definition"):
            own = (facts.namespace, o.scope if o.binding == "global" else "", o.name)
            found[o.span[0]] = ".".join(p for p in own if p).replace(".", "\\")
        elif o.binding == "member" and o.receiver is not None and o.receiver.kind == "instance" and not o.chain:
            parts = (facts.namespace, o.scope, o.receiver.type, o.name)
            found.setdefault(o.span[0], ".".join(p for p in parts if p).replace(".", "\\"))
    return found


def main() -> None:
    results: dict[str, Any] = {
        "machine": machine(),
        "packages": {n: debian_sources.PINNED[n][0] for n in (*RUBY, *PHP)},
    }
    for name, run in (("ruby", ruby), ("php", php)):
        counts: Counter[str] = Counter()
        shown: list[str] = []
        run(counts, shown)
        both = counts["definitions: both"]
        precision = both / max(1, both + counts["definitions: only ours"])
        recall = both / max(1, both + counts["definitions: only oracle"])
        print(f"{name}: definitions precision {precision:.4f}, recall {recall:.4f}")
        for key, value in counts.items():
            print(f"  {key:45} {value:8}")
        for line in shown[:40]:
            print("   ", line)
        results[name] = {**counts, "precision": round(precision, 5), "recall": round(recall, 5)}
    (RESULTS / "ruby_php_definitions.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
