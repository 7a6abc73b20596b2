"""Moved modules in prose: dotted names and file paths in comments, strings, documents and configuration."""

from __future__ import annotations

import re
from posixpath import basename, dirname, join, normpath, relpath

from .operation import LeftAlone
from .text_mentions import inside_path, is_changelog, is_distinctive, mentions
from .workspace import Edit, Workspace

Found = tuple[dict[str, set[Edit]], list[LeftAlone]]


def dotted_mentions(ws: Workspace, moved: dict[str, str], changelog: bool = False) -> Found:
    """Edits for `moved` (dotted name before -> after), where text names a module by its dotted path or the end
    of it that no other module shares (`openapi.utils`)."""
    edits: dict[str, set[Edit]] = {}
    left: list[LeftAlone] = []
    every = {name for record in ws.index.files() if (name := ws.index.module_name(record.path))}
    for old, new in sorted(moved.items()):
        parent, _, leaf = old.rpartition(".")
        new_parent, _, new_leaf = new.rpartition(".")
        for mention in mentions(ws, leaf):
            if mention.kind == "code" or inside_path(mention):
                continue
            reason = ""
            start, text = mention.span[0], new_leaf
            qualifier = mention.qualifier
            if is_changelog(mention.path) and not changelog:
                reason = "the changelog tells what was true then"
            if qualifier and (qualifier == parent or parent.endswith("." + qualifier)):
                others = [n for n in every if n != old and n.endswith(f".{qualifier}.{leaf}")]
                if others and qualifier != parent:
                    reason = f"may name {others[0]}"
                elif parent != new_parent:
                    if qualifier == parent:
                        start, text = start - len(parent.encode()) - 1, new
                    else:
                        reason = f"names the module by the end of its path; it is {new} now"
            elif not parent and not qualifier and _top_level(mention.before, mention.after):
                text = new
            elif mention.marked and is_distinctive(leaf) and not qualifier:
                reason = reason or "may name the module"
            else:
                continue
            if reason:
                left.append(LeftAlone(mention.path, mention.line, mention.text, reason))
            else:
                edits.setdefault(mention.path, set()).add(Edit(start, mention.span[1], text.encode()))
    return edits, left


def _top_level(before: str, after: str) -> bool:
    """Whether a word stands as a top-level module would: before an attribute, or behind `import`."""
    return (
        re.match(r"\.[A-Za-z_]|:[A-Za-z_]", after) is not None or re.search(r"\b(?:import|from) $", before) is not None
    )


def path_mentions(ws: Workspace, moved: dict[str, str], changelog: bool = False) -> Found:
    """Edits for `moved` (path before -> after; folders too), where text names the file by its path or by the
    end of it that no other file shares."""
    edits: dict[str, set[Edit]] = {}
    left: list[LeftAlone] = []
    files = [record.path for record in ws.base.files()]
    places = set(files) | {"/".join(p.split("/")[:i]) for p in files for i in range(1, p.count("/") + 1)}
    for old, new in sorted(moved.items()):
        folder = old not in files
        ending = rb"(?=/)" if folder else rb"(?![\w-]|\.\w)"
        name = re.escape(basename(old).encode())
        pattern = re.compile(rb"(?<![\w.-])(?<!/)(?:[\w.-]+/)*" + name + ending)
        sharing = [p for p in places if basename(p) == basename(old)]
        for record in ws.index.files():
            if record.skipped:
                continue
            data = ws.index.read(record.path)
            if basename(old).encode() not in data:
                continue
            facts = ws.index.facts(record.path)
            for match in pattern.finditer(data):
                if facts is not None and not any(a <= match.start() and match.end() <= b for a, b, _ in facts.texts):
                    continue
                written = match.group().decode("utf-8", "replace")
                text = _respelled(written, record.path, old, new, sharing, folder)
                line = data.count(b"\n", 0, match.start()) + 1
                shown = data.splitlines()[line - 1].decode("utf-8", "replace").strip()[:200]
                if text is None:
                    continue
                if "egg-info/" in record.path:
                    left.append(LeftAlone(record.path, line, shown, "a list that packaging tools generate"))
                elif is_changelog(record.path) and not changelog:
                    left.append(LeftAlone(record.path, line, shown, "the changelog tells what was true then"))
                elif text == "":
                    left.append(LeftAlone(record.path, line, shown, f"may name {old}, which is {new} now"))
                else:
                    edits.setdefault(record.path, set()).add(Edit(*match.span(), text.encode()))
    return edits, left


def _respelled(written: str, where: str, old: str, new: str, sharing: list[str], folder: bool) -> str | None:
    """The path to write instead; "" when it cannot be told, None when another file is meant."""
    if written.startswith("../"):
        if normpath(join(dirname(where), written)) != old:
            return None
        return relpath(new, dirname(where) or ".")
    plain = written.removeprefix("./")
    if plain != old and not old.endswith("/" + plain):
        return None
    others = [p for p in sharing if p != old and (p == plain or p.endswith("/" + plain))]
    if others and plain != old:
        return "" if "/" in plain else None
    if folder and "/" not in plain and plain != old:
        return None
    if dirname(old) == dirname(new):
        return written[: len(written) - len(basename(old))] + basename(new)
    if plain == old:
        return written[: len(written) - len(plain)] + new
    root = old[: len(old) - len(plain)]
    if "/" in plain and new.startswith(root):
        return written[: len(written) - len(plain)] + new[len(root) :]
    return basename(new) if "/" not in plain else ""
