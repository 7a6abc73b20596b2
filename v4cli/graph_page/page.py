"""Puts the page together: data, layout, library, policy."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Collection
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ..rendering import shown_path
from .layout import Folder, place, tree

if TYPE_CHECKING:
    from repo_index.index import Index

LIBRARY = "cytoscape-3.34.4.min.js"
LIBRARY_SHA256 = "081591ab735b2b6a3b31a3c60f8f3a3e2fee8c92939e0c7820ad1208571b6cd8"
"""Of dist/cytoscape.min.js in the npm package cytoscape 3.34.4, unchanged."""
_KINDS = ("runtime", "reexport", "type", "lazy", "test")
_LEFT_OUT = ("attribute", "variable")
_UNFOLDED = 220
"""About as many circles as a page starts with; the folders that hold most unfold first."""


def page(index: Index, chosen: Collection[str]) -> str:
    """The page of these files: those with a grammar, and what they import."""
    return render(document(index, chosen))


def document(index: Index, chosen: Collection[str]) -> dict[str, Any]:
    """What the page shows: {"files", "folders", "imports", ...}, places included."""
    from repo_index.order import cycles

    edges = [e for e in index.edges() if e.target in chosen and e.source in chosen and e.target != e.source]
    linked = {p for e in edges for p in (e.source, e.target or "")}
    paths = sorted(p for p in chosen if p in linked or index.language(p) is not None)
    number = {p: i for i, p in enumerate(paths)}
    pairs: dict[tuple[str, str], int] = {}
    for e in edges:
        pair = (e.source, e.target or "")
        pairs[pair] = pairs.get(pair, 0) + 1
    importers = dict.fromkeys(paths, 0)
    for _, target in pairs:
        importers[target] += 1
    loaded = [(e.source, e.target or "") for e in edges if e.kind not in ("type", "lazy")]
    circle_of = {p: i for i, group in enumerate(cycles(paths, loaded)) for p in group if len(group) > 1}
    root = tree(paths)
    places = place(root, {p: 4 + min(22.0, 2.4 * importers[p] ** 0.5) for p in paths}, pairs)
    folders: list[dict[str, Any]] = []
    parent_of: dict[str, int] = {}

    def add(folder: Folder, parent: int) -> None:
        own = len(folders)
        x, y, r = places[folder.path]
        folders.append({"p": shown_path(folder.path), "up": parent, "x": x, "y": y, "r": r, "n": folder.count()})
        for path in folder.files:
            parent_of[path] = own
        for below in folder.folders:
            add(below, own)

    add(root, -1)
    rows = []
    for path in paths:
        x, y, r = places[path]
        record = index.file(path)
        symbols = [[s.qualified, s.kind, s.line] for s in index.symbols(path) if s.kind not in _LEFT_OUT]
        row: dict[str, Any] = {
            "p": shown_path(path),
            "l": record.language if record else "",
            "t": record.role if record else "",
        }
        row |= {"x": x, "y": y, "r": r, "up": parent_of[path], "c": circle_of.get(path, -1), "s": symbols}
        rows.append(row)
    imports = sorted({(number[e.source], number[e.target or ""], _KINDS.index(e.kind), e.line) for e in edges})
    return {
        "name": shown_path(index.root.name),
        "kinds": _KINDS,
        "files": rows,
        "folders": folders,
        "imports": imports,
        "unfolded": _UNFOLDED,
        "others": len(chosen) - len(paths),
    }


def render(data: dict[str, Any]) -> str:
    """The page for a document()."""
    assets = files(__package__).joinpath("assets")
    library = assets.joinpath(LIBRARY).read_text(encoding="utf-8")
    script = assets.joinpath("page.js").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; script-src '{_hash(library)}' '{_hash(script)}'; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    parts = {
        "policy": policy,
        "title": html.escape(f"{data['name']}: imports"),
        "style": assets.joinpath("page.css").read_text(encoding="utf-8"),
        "library": library,
        "script": script,
        "data": embedded(data),
    }
    text = assets.joinpath("page.html").read_text(encoding="utf-8")
    return re.sub(r"@@(\w+)@@", lambda match: parts[match[1]], text)  # in one pass: what is put in is not searched


def embedded(data: dict[str, Any]) -> str:
    """JSON that stands in a script element of type application/json whatever the strings hold."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _hash(script: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
