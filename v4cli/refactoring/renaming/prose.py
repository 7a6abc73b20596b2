"""Which mentions in comments, strings and documents mean the symbol."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..text_mentions import Mention, inside_path, is_changelog, is_distinctive

if TYPE_CHECKING:
    from repo_index.records import Certainty

    from .gather import Edits, Renaming
    from .public import PublicName

_TEMPLATE = re.compile(r"\.(?:html?|jinja2?|j2|tmpl|xml)$")
_CURRENT_MODULE = re.compile(rb"^\.\. (?:currentmodule|py:currentmodule|module|py:module|automodule):: *(\S+)", re.M)


class Prose:
    def __init__(self, renaming: Renaming, edits: Edits, public: PublicName) -> None:
        self.renaming = renaming
        self.index = renaming.index
        self.public = public
        self.unique = not renaming.others
        self.distinctive = is_distinctive(renaming.old)
        #: files whose code refers to the symbol
        self.related = set(edits)
        self.owners = self._owners(edits)
        self.classes = {s.definition.parent.rpartition(".")[2] for s in renaming.family if s.definition.parent}

    def _owners(self, edits: Edits) -> set[str]:
        """Dotted names that the symbol is an attribute of: its modules and packages, with its class."""
        owners = set()
        for symbol in self.renaming.family:
            if self.renaming.go is not None:
                package = self.renaming.go.packages.of(symbol.path)[1].removesuffix("_test")
                owners.add(".".join(p for p in (package, symbol.definition.parent) if p))
            module = self.index.module_name(symbol.path)
            if module:
                owners.add(".".join(p for p in (module, symbol.definition.parent) if p))
            elif symbol.definition.parent:
                owners.add(symbol.definition.parent)
        if not self.renaming.is_member:
            for path in edits:
                module = self.index.module_name(path)
                facts = self.index.outline(path)
                if (
                    module
                    and facts is not None
                    and any(i.local == self.renaming.old and not i.scope for i in facts.imports)
                ):
                    owners.add(module)
        return owners - self.public.packages

    def judge(self, mention: Mention, certainty: Certainty) -> str | None:
        """ "" when the mention follows the rename; else why it stays; None when it is not worth a word.

        `certainty` is the index's view of the mention.
        """
        if mention.kind == "code":
            return None if self.renaming.others else "a name that could not be traced to the definition"
        record = self.index.file(mention.path)
        if is_changelog(mention.path) and not self.renaming.options.changelog:
            return "the changelog tells what was true then"
        if record is not None and record.role == "generated":
            return "a generated file"
        if inside_path(mention):
            return "part of a path or of an option"
        if mention.qualifier:
            return self._qualified(mention, certainty)
        if self.public.keepers:
            return "names the public name, which stays"
        if mention.whole:
            return "a string that equals the name and may be data"
        if _TEMPLATE.search(mention.path):
            return "a template, where names are looked up when it is rendered"
        if record is not None and record.role == "config":
            return "a word in configuration"
        if not (mention.marked or self.distinctive):
            return "a word that may mean something else"
        if self.unique or mention.path in self.related or self._current_module(mention):
            return ""
        return f"may mean another definition of that name, such as {self.renaming.others[0].id}"

    def _qualified(self, mention: Mention, certainty: Certainty) -> str:
        qualifier = mention.qualifier.replace("()", "").strip(".")
        last = qualifier.rpartition(".")[2]
        if self._is_owner(qualifier) or (self.renaming.is_member and last in self.classes):
            return ""
        if self._names_keeper(qualifier):
            return "names the public name, which stays"
        if certainty == "likely":
            return ""
        if not self.renaming.is_member:
            return f"an attribute of {qualifier}, which is not where the symbol is"
        if self.unique and (self.distinctive or last in {"self", "cls"}) and not self.renaming.others:
            return ""
        return f"an attribute of {qualifier}, which may be something else"

    def _is_owner(self, qualifier: str) -> bool:
        return any(owner == qualifier or owner.endswith("." + qualifier) for owner in self.owners)

    def _names_keeper(self, qualifier: str) -> bool:
        return any(name == qualifier or name.endswith("." + qualifier) for name in self.public.packages)

    def _current_module(self, mention: Mention) -> bool:
        if mention.kind != "document":
            return False
        above = list(_CURRENT_MODULE.finditer(self.index.read(mention.path), 0, mention.span[0]))
        return bool(above) and self._is_owner(above[-1].group(1).decode("utf-8", "replace"))
