"""Rename or move a module or package, and all that names it."""

from __future__ import annotations

import keyword
from posixpath import basename, dirname
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ...errors import NothingToDo, Refused
from ..ecmascript import files as ecmascript_files
from ..go import files as go_files
from ..module_mentions import dotted_mentions, path_mentions
from ..operation import LeftAlone, Operation, Outcome
from ..python.modules import Modules, is_package, is_python
from ..python.relocation import Relocation
from ..python.rewrite import FileRewrite
from ..python.source import try_parse
from ..workspace import Edit, Workspace

if TYPE_CHECKING:
    from repo_index import Index


class RenameModule(Operation):
    """Moves a Python, JavaScript, TypeScript or Go file or a folder to another path, within its package or elsewhere.

    Touched: the file itself (its own relative imports, when its package changes), every import of it in every
    form, uses of the name that `from package import module` binds (where the new name would clash in a file, the
    import takes the old name as its alias and the uses stay), attribute chains through packages, and with
    `rename_in_text` dotted names and file paths in comments, strings, documents and configuration. Changelogs
    stay unless `changelog`. A stub (.pyi) beside the module moves along.

    For JavaScript and TypeScript: every specifier that leads to the file or out of it (imports, re-exports,
    `import()`, `require`, `jest.mock`, import types, `<reference path>`), each in its own manner (relative or through
    an alias, with or without an extension), entries of package.json and tsconfig.json that name the file or what is
    built from it, and file paths in text. Declarations (.d.ts) beside a JavaScript file move along.

    For Go the folder of a package: import paths in all importers (an alias stays), the package clause where it is
    called like the folder, and the name at each use of it (where the new one is taken in a file, its import takes the
    old one as an alias); refused where a folder `internal` would hide it. A file that moves to another package takes
    its declarations there, as move_symbols does.
    """

    kind: Literal["rename_module"] = "rename_module"
    path: str = Field(description="a source file, or the folder of a package")
    new_path: str
    rename_in_text: bool = True
    changelog: bool = False

    def apply(self, ws: Workspace) -> Outcome:
        if ecmascript_files.concerns(ws, self.path):
            return ecmascript_files.rename_files(ws, self.path, self.new_path, self.rename_in_text, self.changelog)
        if go_files.concerns(ws, self.path):
            return go_files.rename_files(ws, self.path, self.new_path, self.rename_in_text, self.changelog)
        outcome = Outcome()
        root, new_root = self._roots(ws)
        moved = _moved_files(ws, root, new_root)
        created = _missing_inits(ws, moved)
        for path in created:
            outcome.notes.append(f"{path} makes the new folder a package")
        index = ws.index
        old = Modules(index)
        changes: dict[str, bytes | None] = dict.fromkeys(moved)
        changes |= {moved[path]: index.read(path) for path in moved}
        changes |= dict.fromkeys(created, b"")
        new = Modules(index.with_changes(changes))
        relocation = Relocation()
        dotted: dict[str, str] = {}
        for path, target in moved.items():
            if not is_python(path):
                continue
            name, new_name = old.name(path), new.name(target)
            if name is None or new_name is None or any(keyword.iskeyword(p) for p in new_name.split(".")):
                raise Refused(f"{target}: not a path that Python can import")
            relocation.modules[path] = new_name
            relocation.packages[path] = new.package(target) or ""
            dotted[name] = new_name
        top = min(dotted, key=len)
        self._check_parent(index, old, new, top, dotted[top], new_root)
        edits = self._rewrite(ws, old, relocation, top.rpartition(".")[2], outcome)
        if self.rename_in_text:
            for found, left in (
                dotted_mentions(ws, {top: dotted[top]}, self.changelog),
                path_mentions(ws, {root: new_root}, self.changelog),
            ):
                for path, more in found.items():
                    edits.setdefault(path, []).extend(more)
                outcome.left_alone += left
        for path in sorted(edits):
            if reason := ws.protected(path):
                outcome.left_alone.append(LeftAlone(path, 1, "", reason))
            elif edits[path]:
                ws.edit(path, _disjoint(edits[path]))
        for path in sorted(moved):
            ws.move(path, moved[path])
        for path in created:
            if not ws.exists(path):
                ws.write(path, b"")
        outcome.left_alone = sorted(set(outcome.left_alone))
        return outcome

    def _roots(self, ws: Workspace) -> tuple[str, str]:
        root, new = self.path.strip("/"), self.new_path.rstrip("/")
        if is_package(root) and is_package(new):
            root, new = dirname(root), dirname(new)
        paths = ws.paths()
        is_file = root in paths
        if not is_file and not any(p.startswith(root + "/") for p in paths):
            raise NothingToDo(f"{root}: no such file or folder in the repository")
        if is_file and not is_python(root):
            raise Refused(f"{root}: rename_module works on Python, JavaScript, TypeScript and Go")
        if is_file and is_package(root):
            raise Refused(f"{root} makes its folder a package; rename the folder instead")
        if is_file and not is_python(new):
            if self.new_path.endswith("/") or any(p.startswith(new + "/") for p in paths):
                new = f"{new}/{basename(root)}"
            else:
                raise Refused(f"{new}: the new path of {root} ends in .py")
        if root == new:
            raise NothingToDo(f"{root} has that path already")
        if new in paths or any(p.startswith(new + "/") for p in paths):
            raise Refused(f"{new} exists already")
        return root, new

    def _check_parent(self, index: Index, old: Modules, new: Modules, name: str, new_name: str, new_root: str) -> None:
        """The package that takes the module in must not bind its name to something else."""
        parent, _, leaf = new_name.rpartition(".")
        home = new.file(parent, new_root) if parent else None
        if home is None or index.facts(home) is None:
            return
        facts = index.facts(home)
        assert facts is not None
        for definition in facts.definitions:
            if definition.qualified == leaf:
                raise Refused(f"{home}:{definition.line}: {leaf} is defined there and would hide the module")
        for fact in facts.imports:
            if fact.local == leaf and not fact.scope and old.file(name, home) is not None:
                raise Refused(f"{home}:{fact.line}: {leaf} is imported there and would hide the module")

    def _rewrite(
        self, ws: Workspace, old: Modules, relocation: Relocation, leaf: str, outcome: Outcome
    ) -> dict[str, list[Edit]]:
        edits: dict[str, list[Edit]] = {}
        word = leaf.encode()
        for path in ws.paths():
            if not is_python(path) or ws.protected(path):
                continue
            data = ws.read(path)
            if word not in data and path not in relocation.packages:
                continue
            source = try_parse(path, data)
            if source is None:
                outcome.left_alone.append(LeftAlone(path, 1, "", "the file does not parse"))
                continue
            rewrite = FileRewrite(path, data, old, relocation, source).run()
            outcome.left_alone += rewrite.left
            found = rewrite.all_edits()
            if found:
                edits[path] = found
        return edits


def _moved_files(ws: Workspace, root: str, new_root: str) -> dict[str, str]:
    paths = ws.paths()
    if root not in paths:
        return {p: new_root + p[len(root) :] for p in paths if p.startswith(root + "/")}
    moved = {root: new_root}
    stub, new_stub = root.removesuffix(".py") + ".pyi", new_root.removesuffix(".py") + ".pyi"
    if root.endswith(".py") and stub in paths:
        moved[stub] = new_stub
    return moved


def _missing_inits(ws: Workspace, moved: dict[str, str]) -> list[str]:
    """`__init__.py` files for folders that do not exist yet, when the module came out of a package."""
    missing = []
    paths = ws.paths()
    for path, new in moved.items():
        if not is_python(path) or f"{dirname(path)}/__init__.py" not in paths:
            continue
        folder = dirname(new)
        while folder and not any(p.startswith(folder + "/") for p in paths):
            init = f"{folder}/__init__.py"
            if init not in moved.values():
                missing.append(init)
            folder = dirname(folder)
    return sorted(set(missing))


def _disjoint(edits: list[Edit]) -> list[Edit]:
    """Text edits that fall into the span of an import or code edit give way to it."""
    kept: list[Edit] = []
    for edit in sorted(set(edits), key=lambda e: (e.start - e.end, e.start)):
        if all(edit.end <= k.start or edit.start >= k.end for k in kept):
            kept.append(edit)
    return sorted(kept)
