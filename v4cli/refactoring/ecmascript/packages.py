"""package.json: entries that name build output of a source file that moves."""

from __future__ import annotations

import json
import re
from posixpath import basename, dirname, join, normpath, relpath
from typing import TYPE_CHECKING

from repo_index.languages.ecmascript_config import MAX_BYTES, parse_jsonc
from repo_index.languages.ecmascript_packages import offered
from repo_index.project import ProjectFiles

from ..operation import LeftAlone
from ..workspace import Edit
from .paths import extension, stem

if TYPE_CHECKING:
    from repo_index import Index

_STRING = re.compile(rb'"((?:[^"\\\n]|\\.)*)"')
_CONFIGURATION = re.compile(r"package\.json|[tj]sconfig(?:\.[\w.-]+)?\.json")
_EXTENSIONS = (".ts", ".tsx", ".d.ts", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs")


class _Finder:
    def __init__(self, index: Index) -> None:
        self.paths = ProjectFiles([record.path for record in index.files()], index.read).paths

    def __call__(self, path: str) -> str | None:
        for candidate in (path, *(path + e for e in _EXTENSIONS), *(f"{path}/index{e}" for e in _EXTENSIONS)):
            if candidate in self.paths:
                return candidate
        return None


def entry_edits(index: Index, moved: dict[str, str]) -> dict[str, set[Edit]]:
    """Edits of package.json files where a text such as `./dist/esm/cart.d.ts` stands for a source that moves
    (`src/cart.ts`): the end of the path that both share follows."""
    edits: dict[str, set[Edit]] = {}
    for path, start, end, written, source in _built(index, set(moved)):
        old, new = stem(source), stem(moved[source])
        plain = normpath(written)
        ending = re.search(r"(?:\.d)?(?:\.[a-z]+)*\Z", basename(plain))
        tail = plain[: len(plain) - len(ending[0])] if ending else plain
        shared = 0
        here, there = tail.split("/")[::-1], old.split("/")[::-1]
        while shared < min(len(here), len(there)) and here[shared] == there[shared]:
            shared += 1
        root = "/".join(old.split("/")[: old.count("/") + 1 - shared])
        if not shared or (root and not new.startswith(root + "/")):
            continue
        kept = tail.split("/")[: tail.count("/") + 1 - shared]
        fresh = "/".join([*kept, new[len(root) + 1 :] if root else new])
        text = ("./" if written.startswith("./") else "") + fresh + (ending[0] if ending else "")
        edits.setdefault(path, set()).add(Edit(start, end, text.encode()))
    return edits


def named_edits(index: Index, moved: dict[str, str]) -> dict[str, set[Edit]]:
    """Edits of package.json, tsconfig.json and their like where a text names a moved file by its path from there."""
    edits: dict[str, set[Edit]] = {}
    for record in index.files():
        if not _CONFIGURATION.fullmatch(basename(record.path)) or record.skipped or record.size > MAX_BYTES:
            continue
        folder = dirname(record.path)
        for match in _STRING.finditer(index.read(record.path)):
            written = match[1].decode("utf-8", "replace")
            target = normpath(join(folder, written))
            if target in moved and "/" in written + target:
                path = relpath(moved[target], folder or ".")
                lead = "./" if written.startswith("./") and not path.startswith("../") else ""
                edit = Edit(match.start() + 1, match.end() - 1, (lead + path).encode())
                edits.setdefault(record.path, set()).add(edit)
    return edits


def lost_entries(before: Index, after: Index, moved: dict[str, str]) -> list[LeftAlone]:
    """Entries that led to the source of a moved file and lead nowhere now."""
    found = {(path, written) for path, _, _, written, _ in _built(before, set(moved))}
    there = {(path, written) for path, _, _, written, _ in _built(after, None)}
    kept = {path: before.read(path) for path, _ in found}
    left = []
    for path, written in sorted(found):
        if (path, written) in there or after.file(path) is None or after.read(path) != kept[path]:
            continue
        line = kept[path][: max(0, kept[path].find(written.encode()))].count(b"\n") + 1
        left.append(LeftAlone(path, line, written, "names what is built from the moved file"))
    return left


def _built(index: Index, wanted: set[str] | None) -> list[tuple[str, int, int, str, str]]:
    """(package.json, start, end, text, source file) of texts that name build output of a source."""
    find = _Finder(index)
    found = []
    for record in index.files():
        if basename(record.path) != "package.json" or record.skipped or record.size > MAX_BYTES:
            continue
        data = index.read(record.path)
        try:
            parse_jsonc(data.decode("utf-8-sig", "replace"))
        except (ValueError, RecursionError):
            continue
        for match in _STRING.finditer(data):
            if b"/" not in match[1] or b"*" in match[1]:
                continue
            try:
                written = json.loads(match[0])
            except ValueError:
                continue
            if not extension(written) or "://" in written:
                continue
            folder = dirname(record.path)
            if normpath(join(folder, written)) in find.paths:
                continue  # named as it stands: path_mentions follows it
            source = offered(folder, written, find)
            if source is not None and (wanted is None or source in wanted):
                found.append((record.path, match.start() + 1, match.end() - 1, written, source))
    return found
