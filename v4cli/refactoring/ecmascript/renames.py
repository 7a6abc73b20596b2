"""What a rename in JavaScript or TypeScript cannot do exactly, and is refused for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from ...errors import Refused
from .paths import extension, is_ecmascript, is_typescript, stem

if TYPE_CHECKING:
    from repo_index import Index
    from repo_index.records import Reference, Symbol

#: definitions of one name that are looked at for places that they share with the renamed one
_LOOKED_AT = 30
_CODE = {"use", "call", "keyword", "export", "import"}


def check_unsure(reference: Reference, others: Collection[Symbol]) -> None:
    """Raises Refused for a place in code that may or may not mean the renamed member: types are structural there, so
    that leaving it and renaming it may both be wrong."""
    if reference.certainty == "likely" and reference.kind in _CODE and is_ecmascript(reference.path):
        other = min(o.id for o in others)
        raise Refused(
            f"{reference.path}:{reference.line}: whether {reference.name} is this one or {other} cannot be told; "
            "rename it by hand, or leave the file out with skip_paths"
        )


def check_shared(index: Index, references: Collection[Reference], others: Collection[Symbol]) -> None:
    """Raises Refused where a place means the renamed member and another one too (a member of a union type)."""
    places = {(r.path, r.span) for r in references if r.certainty == "exact" and r.kind in _CODE}
    there = {path for path, _ in places}
    near = [o for o in others if is_ecmascript(o.path)]
    near.sort(key=lambda o: (o.path not in there, o.id))
    for other in near[:_LOOKED_AT]:
        for reference in index.references(other):
            if reference.certainty == "exact" and (reference.path, reference.span) in places:
                raise Refused(
                    f"{reference.path}:{reference.line}: {reference.name} is a member of both there, this one and "
                    f"{other.id}; rename the two together"
                )


def check_declarations(index: Index, edited: Mapping[str, object], old: str) -> None:
    """Raises Refused where a JavaScript file offers the name, and the declarations beside it go on with the old one."""
    for path in sorted(edited):
        if not is_ecmascript(path) or is_typescript(path):
            continue
        beside = f"{stem(path)}.d{extension(path).replace('jsx', 'js').replace('js', 'ts')}"
        facts, declared = index.facts(path), index.facts(beside)
        if facts is None or declared is None or beside in edited:
            continue
        named = {e.name for e in declared.exports} | {d.name for d in declared.definitions}
        if old in named and any(e.name == old for e in facts.exports):
            raise Refused(f"{beside} declares {old} of {path}, from somewhere else; the two cannot be renamed together")
