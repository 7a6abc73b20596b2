"""Reading a move: definitions into another file, or a whole file into another one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ....errors import NothingToDo
from ....mentions import Mention
from ...plan import Match as Matched
from .. import cues
from ..candidates import beside, is_location, settle
from ..questions import SELECTION, Asker
from . import Kind

if TYPE_CHECKING:
    from repo_index.index import Index
    from repo_index.records import Symbol

_MOVABLE = {"function", "class", "constant", "variable", "interface", "type", "enum"}


def _target(instruction: str, mentions: list[Mention]) -> Mention | None:
    """The file that things go to: a file that does not exist yet, else the last file introduced by to/into."""
    files = [m for m in mentions if m.is_file or m.of("module")]
    new = [m for m in files if m.is_file and not m.exact]
    if new:
        return new[-1]
    goals = [
        m
        for m in files
        if re.search(r"\b(?:to|into|in)\s+(?:(?:the|a|file|module|new)\s+)*[`'\"]*$", instruction[: m.start])
    ]
    return goals[-1] if goals else None


def read_move(
    instruction: str, mentions: list[Mention], index: Index, asker: Asker
) -> tuple[list[dict[str, Any]], list[Matched]]:
    """move_symbols operations, one for each file that things go to.

    Raises NothingToDo when source or target is missing.
    """
    parts = _by_goal(instruction, mentions)
    if len(parts) > 1:
        found = [read_move(text, part, index, asker) for text, part in parts]
        return [d for documents, _ in found for d in documents], [m for _, matched in found for m in matched]
    target = _target(instruction, mentions)
    if target is None:
        raise NothingToDo("where should it move to? Name the file, as in: move load to loaders.py")
    rest = [m for m in mentions if m is not target and m.text != target.text]
    matched: list[Matched] = []
    chosen: list[Symbol] = []
    named = [
        m for m in rest if m.strength == "strong" and not m.is_file and any(x.kind in _MOVABLE for x in m.of("symbol"))
    ]
    how = cues.selection(instruction)
    named = [m for m in named if not _aside(instruction, m, rest)]
    if named:
        for mention in dict.fromkeys(m.text for m in named):
            first = next(m for m in named if m.text == mention)
            wanted = [x for x in first.of("symbol") if x.kind in _MOVABLE]
            match, evidence = settle(first, wanted, [m for m in rest if m is not first], index, "symbols")
            matched.append(Matched(first.text, match.ref, evidence))
            chosen.append(index.symbol(match.ref))
        source = chosen[0].path
        if how == "with_subclasses":
            chosen += _subclasses(chosen, index)
    else:
        source_mention = _source(rest)
        if source_mention is None:
            raise NothingToDo("what should move? Name the functions or classes, or the file they are in.")
        others = [m for m in rest if m is not source_mention]
        match, evidence = settle(source_mention, source_mention.of("module"), others, index, "files")
        matched.append(Matched(source_mention.text, match.ref, evidence))
        source = match.ref
        chosen = _selected(instruction, source, rest, index, asker, how)
    if not chosen:
        raise NothingToDo(f"nothing in {source} fits what is to be moved")
    path = _target_path(target, source, rest, index)
    symbols = [s.id for s in sorted({s.id: s for s in chosen}.values(), key=lambda s: (s.path, s.line))]
    matched.append(Matched(target.text, path, "a new file" if index.file(path) is None else "the target"))
    return [{"kind": "move_symbols", "symbols": symbols, "target": path}], matched


_GOAL = re.compile(r"\b(?:in)?to\s+(?:(?:the|an?|file|module|new|called|named)\s+)*[`'\"]*$", re.IGNORECASE)


def _by_goal(instruction: str, mentions: list[Mention]) -> list[tuple[str, list[Mention]]]:
    """The instruction in parts where it names several files as goals ("a and b to x.py; c to y.py"), each part with
    what it moves and one goal. What comes before the first names, such as the source, counts for all."""
    goals = [m for m in mentions if m.is_file and _GOAL.search(instruction[: m.start])]
    named = [
        m
        for m in mentions
        if m.strength == "strong" and not m.is_file and any(x.kind in _MOVABLE for x in m.of("symbol"))
    ]
    if len({g.text for g in goals}) < 2 or not named:
        return []
    parts: list[tuple[str, list[Mention]]] = []
    common = [m for m in mentions if m.end <= named[0].start]
    start = named[0].start
    for goal in goals:
        mine = [m for m in named if start <= m.start < goal.start]
        if not mine:
            return []
        text = " " * start + instruction[start : goal.end]
        text = instruction[: named[0].start] + text[named[0].start :]
        parts.append((text, [*common, *mine, goal]))
        start = goal.end
    return parts


_EXAMPLE = re.compile(r"\b(?:such\s+as|like|including|e\.g\.|for\s+example)\b[^.;]*$", re.IGNORECASE)


def _aside(instruction: str, mention: Mention, mentions: list[Mention]) -> bool:
    """Whether a symbol is named for something else than to be moved: as an example of what is selected otherwise, or as
    a place ("of the Flask project")."""
    if cues.selection(instruction) and _EXAMPLE.search(instruction[: mention.start]):
        return True
    sources = {
        x.ref
        for m in mentions
        if m.is_file and m.exact and re.search(r"\b(?:from|of|in)\s+[^.;]{0,30}$", instruction[: m.start])
        for x in m.of("module")
    }
    at_home = any(x.ref.partition("::")[0] in sources for x in mention.of("symbol"))
    return bool(sources) and not at_home and is_location(instruction, mention)


def _source(rest: list[Mention]) -> Mention | None:
    modules = [m for m in rest if m.of("module")]
    modules.sort(key=lambda m: (m.strength == "weak", m.start))
    return modules[0] if modules else None


def _top_level(index: Index, path: str) -> list[Symbol]:
    return [s for s in index.symbols(path) if "." not in s.qualified and s.kind in _MOVABLE]


def _subclasses(symbols: list[Symbol], index: Index) -> list[Symbol]:
    """Classes of the same file that derive from the given ones, directly or not."""
    names = {s.name for s in symbols}
    found: list[Symbol] = []
    grown = True
    while grown:
        grown = False
        for symbol in _top_level(index, symbols[0].path):
            bases = {b.rpartition(".")[2] for b in symbol.definition.bases}
            if symbol.kind == "class" and symbol.name not in names and bases & names:
                names.add(symbol.name)
                found.append(symbol)
                grown = True
    return found


def _selected(
    instruction: str, source: str, mentions: list[Mention], index: Index, asker: Asker, how: str | None
) -> list[Symbol]:
    top = _top_level(index, source)
    by_name = _named_in_plain_words(instruction, top)
    if how is None and by_name:
        return by_name
    if how is None:
        how = asker.choose(SELECTION, instruction, ("functions", "classes", "everything"))
    if how == "functions":
        return [s for s in top if s.kind == "function"]
    if how == "classes":
        return [s for s in top if s.kind == "class"]
    if how == "constants":
        return [s for s in top if s.kind in {"constant", "variable"}]
    if how == "with_subclasses":
        return by_name + _subclasses(by_name, index) if by_name else []
    return top


def _named_in_plain_words(instruction: str, top: list[Symbol]) -> list[Symbol]:
    """Definitions that plain words of the instruction name: "Resolver", "all the warnings" (…Warning)."""
    words = set(re.findall(r"[A-Za-z]\w+", instruction))
    exact = [s for s in top if s.name in words and s.name[:1].isupper()]
    if exact:
        return exact
    families = {w[:-1].lower() for w in words if w.endswith("s") and len(w) > 4}
    return [
        s
        for s in top
        if s.kind == "class" and any(s.name.lower().endswith(f) and s.name.lower() != f for f in families)
    ]


def _target_path(target: Mention, source: str, rest: list[Mention], index: Index) -> str:
    """An existing file that is meant, else the new file beside the source."""
    if exact := [m.ref for m in target.exact if m.target == "module"]:
        folder = source.rpartition("/")[0]
        near = [p for p in exact if p.rpartition("/")[0] == folder]
        return (near or sorted(exact))[0]
    return beside(target.text, source, index)


_MOVES = re.compile(
    r"\b(?:mov|put|integrat|transfer|merg|fold|shift|combin|consolidat|bring|absorb|fus|relocat)\w*\b",
    re.IGNORECASE,
)
_REMOVES = r"\b(?:remov|delet|drop|eliminat|discard|get(?:ting)?\s+rid\s+of)\w*\s+"
_REMOVES_SOURCE = re.compile(
    _REMOVES + r"(?:the|that|this|its)\s+(?:(?:now[\s-]+)?(?:empty|obsolete|unused|original|old|source|first|former|"
    r"emptied|redundant)\s+)*(?:file|module|script)\b",
    re.IGNORECASE,
)


def _removed(instruction: str, mentions: list[Mention]) -> Mention | None:
    """The file that the instruction says to remove, by name."""
    for mention in mentions:
        if not mention.of("module"):
            continue
        lead, rest = instruction[: mention.start], instruction[mention.end :]
        if re.search(_REMOVES + r"(?:(?:the|file|module|original|old|entire|whole)\s+)*[`'\"]*$", lead, re.IGNORECASE):
            return mention
        if re.match(
            r"[`'\"]*,?\s+(?:file\s+|module\s+)?(?:is|are|be|gets?|should\s+be|must\s+be)\s+(?:then\s+|also\s+)?"
            r"(?:removed|deleted|dropped|eliminated)\b",
            rest,
            re.IGNORECASE,
        ):
            return mention
    return None


def merges_away(instruction: str, mentions: list[Mention]) -> bool:
    """Whether the wording moves the content of a file into another one and removes the file."""
    if not _MOVES.search(instruction):
        return False
    modules = [m for m in mentions if m.of("module") and m.exact]
    return bool(_REMOVES_SOURCE.search(instruction)) or _removed(instruction, modules) is not None


def read_merge(
    instruction: str, mentions: list[Mention], index: Index, asker: Asker
) -> tuple[list[dict[str, Any]], list[Matched]]:
    """One merge_modules operation. Raises NothingToDo unless two existing files are named."""
    modules = [m for m in mentions if m.of("module") and m.exact]
    removed = _removed(instruction, modules)
    gone = {m.ref for m in removed.of("module")} if removed is not None else set()
    target = _target(instruction, [m for m in modules if not {x.ref for x in m.of("module")} <= gone or not gone])
    if target is None:
        raise NothingToDo("which file takes the content? Name it, as in: merge hooks.py into sessions.py")
    goals = {m.ref for m in target.of("module")}
    sources = [m for m in modules if m.text.rpartition("/")[2] != target.text and m.text != target.text]
    sources = [m for m in sources if not {x.ref for x in m.of("module")} <= goals] or sources
    sources.sort(key=lambda m: (m is not removed, m.strength == "weak", m.start))
    if not sources:
        raise NothingToDo("which file is to be merged away? Name two existing files.")
    others = [m for m in mentions if m is not sources[0] and m is not target]
    source, why = settle(sources[0], sources[0].of("module"), others, index, "files")
    near = [m for m in target.of("module") if m.ref.rpartition("/")[0] == source.ref.rpartition("/")[0]]
    goal, evidence = settle(target, near or target.of("module"), others, index, "files")
    return (
        [{"kind": "merge_modules", "source": source.ref, "target": goal.ref}],
        [Matched(sources[0].text, source.ref, why), Matched(target.text, goal.ref, evidence)],
    )


_ANY = r"[^.;]*?(?:\.\w[^.;]*?)*?"
_MOVE = re.compile(
    rf"\b(?:mov(?:e|ing|ed)|relocat(?:e|ing|ed)|transfer(?:ring)?|shift|pull(?:ing)?|extract(?:ing)?|tak(?:e|ing)|bring|"
    rf"split(?:ting)?|get(?:ting)?)\b{_ANY}\b(?:(?:in)?to|inside|under)\b"
    r"|\b(?:right|proper|better|natural)\s+(?:place|home)\b|\b(?:file|module)\s+of\s+(?:its|their)\s+own\b|\bown\s+(?:file|module)\b"
    rf"|\b(?:put(?:ting)?|have|go(?:es)?|(?<!not\s)(?<!n't\s)(?<!nt\s)(?:belongs?|lives?))\b{_ANY}\b(?:(?:in)?to|in|inside|under)\b",
    re.IGNORECASE,
)
_MERGE = re.compile(
    r"\b(?:merg|fold|combin|absorb|consolidat|integrat|transfer|join)\w*\b[^.;]*?(?:\.\w[^.;]*?)*?\b(?:in)?to\b|\bcontents?\s+(?:of|in)\b",
    re.IGNORECASE,
)


def _feasible(instruction: str, mentions: list[Mention], index: Index) -> bool:
    files = [m for m in mentions if m.is_file or m.of("module")]
    symbols = [m for m in mentions if m.strength == "strong" and m.of("symbol")]
    return bool(files) and (bool(symbols) or len({m.text for m in files}) > 1)


def _asks_move(instruction: str, mentions: list[Mention], index: Index) -> bool:
    return _MOVE.search(instruction) is not None and _target(instruction, mentions) is not None


def _two_files(instruction: str, mentions: list[Mention], index: Index) -> bool:
    files = {m.text.rpartition("/")[2].rpartition(".")[0] or m.text for m in mentions if m.of("module") and m.exact}
    return len(files) > 1


def _asks_merge(instruction: str, mentions: list[Mention], index: Index) -> bool:
    if merges_away(instruction, mentions) or cues.selection(instruction) == "everything":
        return True
    named = any(
        m.strength == "strong" and not m.is_file and any(x.kind in _MOVABLE for x in m.of("symbol")) for m in mentions
    )
    return _MERGE.search(instruction) is not None and not named


KINDS = (
    Kind(
        name="move",
        operation="move_symbols",
        line="move existing functions or classes to another file",
        examples=(
            "Take Circle and Square out of shapes.py and put them in round.py.",
            "All functions that deal with dates belong into a new dates.py.",
        ),
        feasible=_feasible,
        read=read_move,
        cue=_MOVE,
        asks=_asks_move,
    ),
    Kind(
        name="merge-files",
        operation="merge_modules",
        line="move everything of one file into another existing file and remove the first",
        examples=("Fold compat.py into utils.py and delete compat.py.",),
        feasible=_two_files,
        read=read_merge,
        cue=_MERGE,
        asks=_asks_merge,
        over=frozenset({"move", "move-file", "rename-file", "direct-import"}),
    ),
)
