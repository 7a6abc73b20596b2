"""What a summary of the repository counts in one file: a few numbers and names instead of all its facts."""

from __future__ import annotations

import json

from .facts import FileFacts


def tally_of(facts: FileFacts) -> str:
    """JSON: [{kind: symbols}, [[module, statements, names taken from it], ...], [namespaces declared]].

    A conditional or overloaded definition counts once. Of names, the module itself and `*` are written as "".
    """
    kinds: dict[str, int] = {}
    for kind in {d.qualified: d.kind for d in reversed(facts.definitions)}.values():
        kinds[kind] = kinds.get(kind, 0) + 1
    statements: dict[str, set[int]] = {}
    names: dict[str, set[str]] = {}
    for fact in facts.imports:
        statements.setdefault(fact.module, set()).add(fact.statement_span[0])
        names.setdefault(fact.module, set()).add("" if fact.name in (None, "*") else fact.name or "")
    for export in facts.exports:  # `export ... from "module"`, unless it is among the imports
        if export.module and export.module not in statements:
            statements[export.module] = {-1}
            names[export.module] = {""}
    modules = [[module, len(statements[module]), sorted(names[module])] for module in sorted(statements)]
    declared = sorted({facts.namespace, *facts.namespaces})
    return json.dumps([dict(sorted(kinds.items())), modules, declared], separators=(",", ":"))
