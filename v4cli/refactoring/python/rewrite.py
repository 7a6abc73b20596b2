"""Rewriting what one file imports after modules or definitions have moved to other modules."""

from __future__ import annotations

import ast
import re

from ...errors import Refused
from ..operation import LeftAlone
from ..workspace import Edit
from .deletion import unlist
from .handles import Handles
from .imports import ImportEditor, ImportName, ImportStatement, NewImport
from .locals import clash
from .modules import Modules, absolute_in, is_package, relative_in
from .relocation import Relocation, all_entries, lazy_home
from .scopes import Scope, Scopes, Use, scopes_between
from .source import FUNCTIONS, PythonSource, Span, dotted


class FileRewrite:
    """The edits of one file. `edits` holds those outside of import statements; `editor` those of imports."""

    def __init__(self, path: str, data: bytes, modules: Modules, relocation: Relocation, source: PythonSource) -> None:
        self.path = path
        self.source = source
        self.modules = modules
        self.relocation = relocation
        self.scopes = Scopes(source)
        top = (modules.name(path) or "").split(".")[0]
        self.editor = ImportEditor(source, frozenset({top} if top else ()))
        self.handles = Handles(self.source, self.scopes, self.modules, self.editor.statements)
        self.edits: list[Edit] = []
        self.left: list[LeftAlone] = []
        self.old_package = modules.package(path) or ""
        self.package = relocation.packages.get(path, self.old_package)
        #: names that importing modules of this file would find here no longer
        self.made_lazy: set[str] = set()
        self._handled_chains: set[ast.expr] = set()
        #: uses of imported modules that have been rewritten to another module
        self._gone_roots: set[ast.AST] = set()

    def run(self) -> FileRewrite:
        for statement in self.editor.statements:
            if statement.is_from:
                self._from_import(statement)
            else:
                self._plain_import(statement)
        self._chains()
        return self

    def all_edits(self) -> list[Edit]:
        return [*self.edits, *self.editor.edits()]

    # spelling

    def spell(self, module: str, like: str) -> str:
        """`module` in the manner of the specifier `like`, for where this file is now."""
        if not like.startswith("."):
            return module
        if absolute_in(like, self.package) == module and not (like == "." and "." in module and not self.package):
            return like
        return relative_in(module, self.package) or module

    # from module import names

    def _from_import(self, statement: ImportStatement) -> None:
        spec = statement.module
        file = self.modules.file(spec, self.path)
        absolute = absolute_in(spec, self.old_package) if spec.startswith(".") else spec
        moved: dict[ImportName, str] = {}
        for name in statement.names:
            if file is not None and file in self.relocation.modules:
                moved[name] = self.relocation.modules[file]
            elif file is not None and (file, name.name) in self.relocation.names:
                moved[name] = self.relocation.names[file, name.name]
        # a submodule imported from its package
        others = [n for n in statement.names if n not in moved]
        for name in others:
            submodule = self.handles.submodule_of(name)
            if submodule is not None and submodule in self.relocation.modules and not self._shadowed(file, name.name):
                self._submodule(statement, name, absolute or "", self.relocation.modules[submodule])
        if file is not None and self.relocation.stars and any(n.name == "*" for n in others):
            self._through_star(statement, file)
        if absolute is None:
            return
        respelled = self.spell(absolute, spec)
        if moved and len(moved) == len(statement.names) and len(set(moved.values())) == 1:
            new = next(iter(moved.values()))
            if self._is_own(new):
                for name in statement.names:
                    self._own(name)
                return
            lazy = (self.path, new) in self.relocation.lazy and self._at_import_time(statement)
            wanted = self.spell(new, spec)
            if not lazy and wanted == spec:
                return
            if not lazy and not self._has_host(wanted, statement):
                self.editor.change_module(statement, wanted)
                return
        if respelled != spec:
            self.editor.change_module(statement, respelled)
        for name, new in moved.items():
            if self._is_own(new):
                self._own(name)
                continue
            self.editor.drop(name)
            item = NewImport(self.spell(new, spec), name.name, name.asname)
            if (self.path, new) in self.relocation.lazy and self._at_import_time(statement):
                self._make_lazy(name, item, new)
            else:
                self.editor.add_near(item, statement)

    def _through_star(self, statement: ImportStatement, file: str) -> None:
        """`from module import *` brought what has moved: import it by name."""
        facts = self.modules.index.facts(file)
        listed = facts.dunder_all if facts is not None else None
        for (path, name), new in sorted(self.relocation.names.items()):
            public = name in listed if listed is not None else not name.startswith("_")
            if path == file and public and not self._is_own(new):
                self.editor.add_near(NewImport(self.spell(new, statement.module), name), statement)

    def _taken_in(self, module: str) -> bool:
        """Whether a module that merges into this very file is found under `module` now."""
        return self._is_own(module) and self.path not in self.relocation.modules

    def _is_own(self, module: str) -> bool:
        return self.path == self.relocation.target and module == self._target_name()

    def _target_name(self) -> str:
        return next(iter({*self.relocation.names.values(), *self.relocation.modules.values()}), "")

    def _has_host(self, module: str, statement: ImportStatement) -> bool:
        """Whether another statement of the same block imports from the module already."""
        block = self.source.body_of(statement.node)
        return (
            any(
                s is not statement and s.is_from and s.module == module and s.node in block
                for s in self.editor.statements
            )
            and not self.editor._single_line_style()
        )

    def _at_import_time(self, statement: ImportStatement) -> bool:
        inside = any(isinstance(a, FUNCTIONS) for a in self.source.ancestors(statement.node))
        return not inside and not self.source.type_checking(statement.node)

    def _shadowed(self, package: str | None, name: str) -> bool:
        """Whether the package's `__init__` defines the name, so that it is not the submodule."""
        if package is None or not is_package(package):
            return False
        facts = self.modules.index.facts(package)
        return facts is not None and any(d.qualified == name and d.kind != "module" for d in facts.definitions)

    def _own(self, name: ImportName) -> None:
        """The definition is in this file now: drop the import; an alias gives way to the name itself."""
        self.editor.drop(name)
        if name.local != name.name:
            self.rename_binding(name, name.name)

    # from package import submodule

    def _submodule(self, statement: ImportStatement, name: ImportName, parent: str, new: str) -> None:
        new_parent, _, leaf = new.rpartition(".")
        if self._taken_in(new):
            return self._inline_module(name)
        asname = name.asname
        if asname is None and self._use_present(name, new):
            return None
        if asname is None or asname == name.name:
            explicit = asname is not None
            if leaf == name.name or self.rename_binding(name, leaf):
                asname = leaf if explicit else None
            else:
                asname = name.local
        lazy = (self.path, new) in self.relocation.lazy and self._at_import_time(statement)
        if new_parent == parent and not lazy and not self._imported_in_block(statement, leaf, asname):
            self.editor.change(name, leaf, asname)
            return None
        self.editor.drop(name)
        item = NewImport(self.spell(new_parent, statement.module), leaf, asname)
        if not new_parent:
            item = NewImport(leaf, None, asname)
        if lazy:
            self._make_lazy(name, item, new)
        elif not self._imported_in_block(statement, leaf, asname) or new_parent != parent:
            self.editor.add_near(item, statement)
        return None

    def _use_present(self, name: ImportName, module: str) -> bool:
        """Let the uses of a module go through the name by which the scope imports its new self already."""
        home = self._home(name)
        present = self._present(module, home) if home is not None else None
        if home is None or present is None or present == name.local or len(home.bindings[name.local]) > 1:
            return False
        uses = self._uses(name)
        if any(present in s.bindings for u in uses for s in scopes_between(u.scope, home)) or any(
            u.quoted for u in uses
        ):
            return False
        self.editor.drop(name)
        self.edits += [Edit(*u.span, self.source.encode(present)) for u in uses]
        entry = all_entries(self.source).get(name.local) if home is self.scopes.module else None
        if entry is not None:
            self.edits.append(unlist(self.source, entry))
        return True

    def _imported_in_block(self, statement: ImportStatement, leaf: str, asname: str | None) -> bool:
        return any(n.name == leaf and n.asname == asname for n in statement.names)

    def _inline_module(self, name: ImportName) -> None:
        """`source.x` in the file that takes the source in: `x` alone."""
        self.editor.drop(name)
        for use in self._uses(name):
            parent = self.source.parents.get(use.node)
            if not isinstance(parent, ast.Attribute):
                line = self.source.line_of(use.span[0])
                raise Refused(f"{self.path}:{line}: uses the module {name.local} as a value, and it goes away")
            self._unqualify(parent, use.scope)

    def _unqualify(self, node: ast.Attribute, scope: Scope) -> None:
        home = self.scopes.lookup(scope, node.attr)
        start, end = self.source.span(node)
        if home is not None and home is not self.scopes.module:
            line = self.source.line_of(start)
            raise Refused(f"{self.path}:{line}: {node.attr} is a local name there, so the module's one cannot be used")
        self.edits.append(Edit(start, end, self.source.encode(node.attr)))
        self._handled_chains.add(node)

    # import module

    def _plain_import(self, statement: ImportStatement) -> None:
        for name in statement.names:
            file = self.modules.file(name.name, self.path)
            if file is None or file not in self.relocation.modules:
                continue
            new = self.relocation.modules[file]
            if new == name.name:
                continue
            if (
                self.path == self.relocation.target
                and new == self._target_name()
                and self.path not in self.relocation.modules
            ):
                if name.asname or "." not in name.name:
                    self._inline_module(name)
                else:
                    self.editor.drop(name)
                continue
            asname = name.asname
            # `import old` binds the module's own name
            if asname is None and "." not in name.name and ("." in new or not self.rename_binding(name, new)):
                asname = name.local
            lazy = (self.path, new) in self.relocation.lazy and self._at_import_time(statement)
            if lazy:
                self.editor.drop(name)
                self._make_lazy(name, NewImport(new, None, asname), new)
            elif self._has_plain(new, asname, name):
                self.editor.drop(name)
            else:
                self.editor.change(name, new, asname)

    def _has_plain(self, module: str, asname: str | None, but: ImportName) -> bool:
        return any(
            n is not but
            and not s.is_from
            and n.name == module
            and n.asname == asname
            and s.node in self.source.tree.body
            for s in self.editor.statements
            for n in s.names
        )

    # uses

    def _uses(self, name: ImportName) -> list[Use]:
        """Uses of the local name that the import binds."""
        home = self._home(name)
        return [u for u in self.scopes.uses if u.name == name.local and self.scopes.resolve(u) is home]

    def _home(self, name: ImportName) -> Scope | None:
        for scope in self.scopes.all:
            if name.alias in scope.bindings.get(name.local, ()):
                return scope
        return None

    def rename_binding(self, name: ImportName, new: str) -> bool:
        """Rename what the import binds and its uses; False (and nothing done) where that would clash."""
        home = self._home(name)
        if home is None or len(home.bindings[name.local]) > 1:
            return False
        already = [n for n in home.bindings.get(new, ()) if n is not name.alias]
        if (new != name.name and already) or clash(self.scopes, home, name.local, new) is not None:
            return False
        if home is self.scopes.module and self._listed(name.local) is not None and is_package(self.path):
            span = self._listed(name.local)
            assert span is not None
            self.edits.append(Edit(*span, self.source.encode(new)))
        done: set[Span] = set()
        for use in self._uses(name):
            if use.quoted:
                if use.span not in done:
                    self._rename_quoted(use.span, name.local, new)
            else:
                self.edits.append(Edit(*use.span, self.source.encode(new)))
            done.add(use.span)
        return True

    def _rename_quoted(self, span: Span, old: str, new: str) -> None:
        pattern = re.compile(rb"(?<![\w.])" + re.escape(old.encode()) + rb"(?!\w)")
        for match in pattern.finditer(self.source.data, *span):
            self.edits.append(Edit(match.start(), match.end(), self.source.encode(new)))

    def _listed(self, name: str) -> Span | None:
        """The entry of `__all__` for a name, without its quotes."""
        entry = all_entries(self.source).get(name)
        if entry is None:
            return None
        start, end = self.source.span(entry)
        return start + 1, end - 1

    def _make_lazy(self, name: ImportName, item: NewImport, module: str) -> None:
        """Import inside each function that uses the name instead of at the top."""
        for use in self._uses(name):
            if use.annotation and (use.quoted or self.scopes.lazy_annotations):
                self.editor.add_typing(item)
                continue
            place = f"{self.path}:{self.source.line_of(use.span[0])}"
            self.editor.add_lazy(item, lazy_home(use, place, f"{item.local} of {module}"))
        self.made_lazy.add(name.local)

    # package.module.name

    def _chains(self) -> None:
        """Attributes that denote a moved module, or a moved definition of a module."""
        for node, span in self.handles.attributes():
            if node in self._handled_chains:
                continue
            parent = self.handles.denoted(node.value)
            if parent is None:
                continue
            child = self.modules.child(parent, node.attr)
            if child is not None and child in self.relocation.modules and not self._shadowed(parent, node.attr):
                self._module_chain(node, span, child)
            elif (parent, node.attr) in self.relocation.names:
                self._name_chain(node, parent, self.relocation.names[parent, node.attr])

    def _module_chain(self, node: ast.Attribute, span: Span, file: str) -> None:
        new = self.relocation.modules[file]
        old = self.modules.name(file) or ""
        new_parent, _, leaf = new.rpartition(".")
        if self.path == self.relocation.target and new == self._target_name() and file != self.path:
            above = self.source.parents.get(node)
            if isinstance(above, ast.Attribute):
                scope = self._scope_of_chain(node)
                self._unqualify(above, scope)
                return
        if new_parent == old.rpartition(".")[0]:
            self.edits.append(Edit(*span, self.source.encode(leaf)))
            return
        text = dotted(node)
        # a module that moved along with its package is dealt with by the package's own chain
        if any(self.handles.denoted(inner) in self.relocation.modules for inner in _inner(node)):
            return
        if text == old:
            self.edits.append(Edit(*self.source.span(node), self.source.encode(new)))
            return
        line = self.source.line_of(span[0])
        raise Refused(f"{self.path}:{line}: reaches {old} as an attribute of its package, which {new} will not be")

    def _scope_of_chain(self, node: ast.expr) -> Scope:
        root: ast.expr = node
        while isinstance(root, ast.Attribute):
            root = root.value
        return next((u.scope for u in self.scopes.uses if u.node is root), self.scopes.module)

    def _name_chain(self, node: ast.Attribute, file: str, new: str) -> None:
        """`module.name` where the name has moved to another module."""
        scope = self._scope_of_chain(node)
        if self._is_own(new):
            self._unqualify(node, scope)
            return
        root: ast.expr = node.value
        while isinstance(root, ast.Attribute):
            root = root.value
        assert isinstance(root, ast.Name)
        bound = self.handles.binding(root)
        if bound is None:
            return
        new_parent, _, leaf = new.rpartition(".")
        statement = bound.statement
        span = self.source.span(node.value)
        if not statement.is_from and not bound.asname:
            item, handle = NewImport(new), new
        else:
            like = statement.module if statement.is_from else ""
            local = leaf
            home = self._home(bound) or self.scopes.module
            present = self._present(new, home)
            if present is None and clash(self.scopes, home, bound.local, leaf) is not None:
                local = f"{leaf}_module"
            if present is not None:
                local = present
            asname = None if local == leaf else local
            item = NewImport(self.spell(new_parent, like), leaf, asname) if new_parent else NewImport(new, None, asname)
            handle = local
        self.edits.append(Edit(*span, self.source.encode(handle)))
        self._handled_chains.add(node)
        if (self.path, new) in self.relocation.lazy and self._at_import_time(statement):
            use = next(u for u in self.scopes.uses if u.node is root)
            place = f"{self.path}:{self.source.line_of(span[0])}"
            self.editor.add_lazy(item, lazy_home(use, place, new, "a cycle"))
        else:
            self.editor.add_near(item, statement)
        self._drop_if_unused(bound, node, root)

    def _present(self, module: str, home: Scope) -> str | None:
        """The local name of a module that the scope imports already."""
        for name, nodes in home.bindings.items():
            for node in nodes:
                bound = self.handles.by_alias.get(node)
                if bound is None or self.editor.dropped(bound):
                    continue
                file = (
                    self.handles.submodule_of(bound)
                    if bound.statement.is_from
                    else (self.modules.file(bound.name, self.path) if bound.asname or "." not in bound.name else None)
                )
                if file is not None and self.modules.name(file) == module:
                    return name
        return None

    def _drop_if_unused(self, bound: ImportName, node: ast.Attribute, root: ast.Name) -> None:
        """Drop the import of the old module once every use of it has been rewritten."""
        self._gone_roots.add(root)
        if is_package(self.path) or (not bound.statement.is_from and not bound.asname and self._siblings(bound)):
            return
        if all(u.node in self._gone_roots for u in self._uses(bound)):
            self.editor.drop(bound)

    def _siblings(self, bound: ImportName) -> bool:
        """Other plain imports that bind the same top-level name: which one a use needs cannot be told."""
        return sum(n.local == bound.local for s in self.editor.statements if not s.is_from for n in s.names) > 1


def _inner(node: ast.Attribute) -> list[ast.expr]:
    found = []
    value: ast.expr = node.value
    while isinstance(value, ast.Attribute):
        found.append(value)
        value = value.value
    return [*found, value]
