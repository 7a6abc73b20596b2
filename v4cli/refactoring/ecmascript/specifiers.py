"""How an import names a file: relative or through an alias, with or without an extension, by file or by folder."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import basename, dirname, join, normpath, relpath
from typing import TYPE_CHECKING

from repo_index.languages.ecmascript_config import compilers, package_of
from repo_index.project import ProjectFiles

from .paths import EMITTED, extension, is_index, stem

if TYPE_CHECKING:
    from repo_index import Index


class Specifiers:
    """Module specifiers of one state of the repository."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._project = ProjectFiles([record.path for record in index.files()], index.read)

    def file(self, written: str, importer: str) -> str | None:
        """The file that `written` names in `importer`, None when it is none of the repository."""
        language = self.index.language(importer)
        if language is None:
            return None
        resolution = language.resolve_module(written, importer, self._project)
        return resolution.path if resolution.state in ("resolved", "ambiguous") else None

    def spell(self, importer: str, target: str, like: str, old: str, old_importer: str) -> str | None:
        """A specifier of `target` for `importer` in the manner of `like`, by which `old_importer` names `old`.

        Every candidate is tried: the first that leads to `target` is taken; None when none does.
        """
        for candidate in self._candidates(importer, target, like, old, old_importer):
            if self.file(candidate, importer) == target:
                return candidate
        return None

    def _candidates(self, importer: str, target: str, like: str, old: str, old_importer: str) -> Iterator[str]:
        if not _is_relative(like):
            yield like
            yield from self._aliases(importer, target, like)
            if extension(like):
                yield _relative(importer, target, _ending(target, extension(like)))
            yield _relative(importer, target, "")
            yield _relative(importer, target, extension(target))
            return
        named = normpath(join(dirname(old_importer), like))
        written = _written_extension(named, old)
        if written is None:  # the folder
            if is_index(target):
                folder = _relative(importer, dirname(target) or ".", None)
                yield folder + "/" if like.endswith("/") and not folder.endswith("/") else folder
            yield _relative(importer, target, "")
        else:
            yield _relative(importer, target, _ending(target, written))
        yield _relative(importer, target, "")
        yield _relative(importer, target, extension(target))
        for emitted in EMITTED.get(extension(target), ()):
            yield _relative(importer, target, emitted)

    def _aliases(self, importer: str, target: str, like: str) -> Iterator[str]:
        """Through `paths`, `baseUrl` and `imports`: those of the prefix of `like` first."""
        found: list[tuple[str, str]] = []
        folder = dirname(importer)
        for compiler in compilers(folder, self._project):
            for pattern, listed in compiler.paths:
                for place in listed:
                    found += [(pattern, s) for s in _inverse(pattern, join(compiler.base, place), target, like)]
            if compiler.base_url is not None:
                place = relpath(target, compiler.base_url or ".")
                if not place.startswith(".."):
                    found += [("", s) for s in _spellings(place, like)]
        package = package_of(folder, self._project)
        imports = package[1].get("imports") if package is not None else None
        if package is not None and isinstance(imports, dict):
            for pattern, value in imports.items():
                for place in _texts(value):
                    if isinstance(pattern, str):
                        found += [(pattern, s) for s in _inverse(pattern, join(package[0], place), target, like)]
        if package is not None and isinstance(package[1].get("name"), str):
            place = relpath(target, package[0] or ".")
            if like.startswith(package[1]["name"] + "/") and not place.startswith(".."):
                found += [("", f"{package[1]['name']}/{s}") for s in _spellings(place, like)]
        head = like.split("/", 1)[0]
        found.sort(key=lambda item: item[1].split("/", 1)[0] != head)
        yield from (specifier for _, specifier in found)


def _is_relative(written: str) -> bool:
    return written in (".", "..") or written.startswith(("./", "../"))


def _written_extension(named: str, old: str) -> str | None:
    """The extension that a path written in an import has ("" for none); None when it names the folder of `old`."""
    if named == old or (extension(named) and stem(named) == stem(old)):
        return extension(named) or "." + basename(named).rpartition(".")[2]
    return "" if named == stem(old) or old.startswith(named + ".") else None


def _ending(target: str, written: str) -> str:
    """The extension to write for `target` where `written` is that of the file before."""
    own = extension(target)
    if not written or written == own:
        return written
    emitted = EMITTED.get(own)
    if emitted is None:
        return own
    return written if written in emitted else own if written in EMITTED else emitted[0]


def _relative(importer: str, target: str, ending: str | None) -> str:
    """`ending` None: the target is a folder."""
    path = target if ending is None else (stem(target) if extension(target) else target) + ending
    path = relpath(path, dirname(importer) or ".")
    return path if path in (".", "..") or path.startswith("../") else f"./{path}"


def _inverse(pattern: str, place: str, target: str, like: str) -> Iterator[str]:
    """Specifiers by which a pattern that leads to `place` names `target`."""
    place = normpath(place)
    if "*" not in pattern:
        if place in (target, stem(target)) or (is_index(target) and place == dirname(target)):
            yield pattern
        return
    if place.count("*") != 1:
        return
    head, _, tail = place.partition("*")
    for path in dict.fromkeys(_spellings(target, like)):
        if path.startswith(head) and path.endswith(tail) and len(path) >= len(head) + len(tail):
            yield pattern.replace("*", path[len(head) : len(path) - len(tail)])


def _spellings(path: str, like: str) -> list[str]:
    """A path with and without its extension and its index file, as `like` has it first."""
    plain = stem(path)
    listed = [plain, path, *(plain + e for e in EMITTED.get(extension(path), ()))]
    if extension(like):
        listed.sort(key=lambda p: extension(p) != extension(like))
    if is_index(path) and dirname(path):
        listed.insert(0, dirname(path))
    return listed


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
