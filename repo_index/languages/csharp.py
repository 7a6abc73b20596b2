"""C#."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..dotted import enclosing
from . import jvm_resolve
from .base import Project, Resolution
from .static_language import StaticLanguage

if TYPE_CHECKING:
    pass

_KEYWORDS = frozenset(
    "abstract as base bool break byte case catch char checked class const continue decimal default delegate do double "
    "else enum event explicit extern false finally fixed float for foreach goto if implicit in int interface internal "
    "is lock long namespace new null object operator out override params private protected public readonly ref return "
    "sbyte sealed short sizeof stackalloc static string struct switch this throw true try typeof uint ulong unchecked "
    "unsafe ushort using virtual void volatile while".split()
)
_BUILTINS = frozenset(
    "bool byte char decimal double dynamic float int long nint nuint object sbyte short string uint ulong ushort void "
    "var System Microsoft String Object Int32 Int64 Boolean Exception Console Math Convert Type Array Attribute Enum "
    "Guid DateTime TimeSpan Uri EventArgs IDisposable Action Func Task List Dictionary IEnumerable".split()
)
_OBJECT = frozenset("Equals GetHashCode GetType ToString MemberwiseClone ReferenceEquals".split())
_FAMILY = "dotnet"


class CSharp(StaticLanguage):
    name = "csharp"
    extensions: tuple[str, ...] = (".cs",)
    version = 2
    grammar = "tree_sitter_c_sharp"
    family = _FAMILY
    capital_packages = True
    extensions_of_types = True
    universal = _OBJECT

    def resolve_module(self, module: str, importer: str, project: Project) -> Resolution:
        found = jvm_resolve.resolve_module(module, importer, project, _FAMILY)
        return Resolution("external") if found.state == "unresolved" else found

    def visible(self, path: str, namespace: str, project: Project) -> tuple[str, ...]:
        """The file's namespace, those around it, and what `global using` opens for every file."""
        memo = project.memo("global using")
        if "all" not in memo:
            files = sorted({p for paths in project.namespaces(_FAMILY).values() for p in paths})
            facts = (fact for file in files for fact in project.outline(file).imports)
            memo["all"] = tuple(dict.fromkeys(fact.module for fact in facts if fact.conditional))
        return (*enclosing(namespace), "", *memo["all"])

    def joins(self, path: str, other: str, name: str, project: Project) -> bool:
        """Parts of one class."""
        return True

    def spellings(self, name: str) -> tuple[str, ...]:
        """`[Foo]` means the class FooAttribute."""
        return (name.removesuffix("Attribute"),) if name.endswith("Attribute") and name != "Attribute" else ()

    def spelt(self, name: str) -> tuple[str, ...]:
        return (f"{name}Attribute",)

    def hands_on(self, name: str) -> bool:
        return name.endswith("()") or name[:1].islower()

    def keywords(self) -> frozenset[str]:
        return _KEYWORDS

    def builtins(self) -> frozenset[str]:
        return _BUILTINS


LANGUAGES = (CSharp(),)
