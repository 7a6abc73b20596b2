"""What a language must provide. One instance per language, registered in languages/__init__.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ..facts import Definition, FileFacts

ImportState = Literal["resolved", "external", "ambiguous", "unresolved"]


@dataclass(frozen=True, slots=True)
class Resolution:
    """Where a module specifier leads: `path` is set when state is "resolved" (or the first of several).

    With `namespace` set the specifier means all that stands below that dotted name, in any file (a Go package, what
    `import a.b.*` opens): `candidates` are the files that declare it and `path` stays None.
    """

    state: ImportState
    path: str | None = None
    candidates: tuple[str, ...] = ()
    namespace: str = ""


class Project(Protocol):
    """What a resolver may look at: the set of paths and the text of configuration files."""

    @property
    def paths(self) -> frozenset[str]: ...

    def read(self, path: str) -> bytes: ...

    def memo(self, key: str) -> dict[Any, Any]:
        """A dictionary that lives as long as this set of files, for resolver tables."""
        ...

    def outline(self, path: str) -> FileFacts:
        """Imports, exports and namespaces of a file (its definitions and occurrences are not sure to be there)."""
        ...

    def namespaces(self, family: str) -> Mapping[str, tuple[str, ...]]:
        """namespace -> the files that declare it, sorted, for the languages of a family."""
        ...


class Language(Protocol):
    """A class in languages/ that lists itself in LANGUAGES of its module. What has a body here is a default."""

    name: str
    extensions: tuple[str, ...]
    #: rises when extract() changes, so that cached facts are made anew
    version: int
    #: languages of one family share global names, which stand below namespaces (Java and Kotlin: "jvm"). "" for those
    #: where a name comes from another file through an import alone
    family: str = ""
    #: whether a bare name in a method may mean a member of the enclosing classes, inherited ones included
    implicit_self: bool = False
    #: whether global functions are members of every object (Ruby)
    root_members: bool = False
    #: whether a bare name in the type of a class's member may mean another member (Python's class bodies)
    bare_members: bool = True
    #: whether the type of a pointer or array is written as that of what it leads to (C)
    pointers: bool = False
    #: whether a base class is a member under its own name (Go's embedded structs)
    embeds: bool = False
    #: whether members of a class may stand in any file that imports it (Rust's impl blocks); a method of a trait says
    #: so in its own Definition.bases
    open_impls: bool = False
    #: whether constants of an enum may stand beside it and be asked of it too (C++'s unscoped enums)
    open_enums: bool = False
    #: whether the name of a class means the class, and not its constructor, inside it and what derives from it (C++)
    injected_names: bool = False
    #: whether a class has an interface by having its methods, without naming it
    implicit_interfaces: bool = False

    #: as implicit_self, and members of each class around, inherited ones included, come before what stands further out
    nested_members: bool = False
    #: methods that every class has: a bare call of one is never a member of a class further out
    universal: frozenset[str] = frozenset()
    #: whether functions elsewhere may be called as members of what they extend (Kotlin, C#)
    extensions_of_types: bool = False

    def extract(self, source: bytes, path: str) -> FileFacts:
        """Facts of one file. Never raises on broken code: tree-sitter recovers, errors are listed."""
        ...

    def resolve_module(self, module: str, importer: str, project: Project) -> Resolution:
        """The file that a specifier written in `importer` names."""
        ...

    def import_steps(self, module: str) -> tuple[str, tuple[str, ...]]:
        """A specifier as the one that leads to a file and the names to follow from there, through re-exports and
        modules inside files."""
        return module, ()

    def submodule(self, path: str, name: str, project: Project) -> str | None:
        """The file that `name` means as a child module of the file `path` (Python packages), else None."""
        return None

    def module_name(self, path: str, project: Project) -> str | None:
        """The name by which other files import `path` (Python dotted name; JavaScript: None)."""
        return None

    def namespace(self, path: str, declared: str, project: Project) -> str:
        """The dotted name that the global names of a file stand below; `declared` is FileFacts.namespace."""
        return declared

    def visible(self, path: str, namespace: str, project: Project) -> tuple[str, ...]:
        """Namespaces whose names a file sees without an import, the nearest first; `namespace` is the file's own."""
        return (namespace,)

    def reaches(self, path: str, other: str, name: str, exported: bool, project: Project) -> bool:
        """Whether a bare `name` in the file `path` may mean the global definition of that name in the file `other`;
        `exported` is Definition.exported. Asked only where the namespace is right."""
        return True

    def sees(self, path: str, other: str, project: Project) -> bool:
        """Whether `path` takes in the file `other` by what it says itself, so that an attribute of something unknown
        may be that of a type there and of no type elsewhere. By default nothing is known."""
        return False

    def joins(self, path: str, other: str, name: str, project: Project) -> bool:
        """Whether definitions of one full name in two files of the family are one symbol: a declaration and its
        definition, parts of a class, a module opened twice."""
        return False

    def hands_on(self, name: str) -> bool:
        """Whether a call of something external, by its dotted name, may give an object of the repository:
        `copy.copy(x)`, `self.table.get(key)`. By default names in capitals are classes, which give none."""
        return name.rpartition(".")[2][:1].islower() and name not in self.builtins()

    def is_home(self, path: str, full_name: str) -> bool:
        """Whether a file is the first place to look for a name that several files define, by how files are named."""
        return False

    def common_members(self) -> frozenset[str]:
        """Members of the language's own everyday types: an attribute of something unknown that is called like one of
        them says little."""
        return frozenset()

    def spellings(self, name: str) -> tuple[str, ...]:
        """Other names by which code may mean a definition called `name`."""
        return ()

    def spelt(self, name: str) -> tuple[str, ...]:
        """Definitions that a bare `name` may mean where nothing is called so: the other way round."""
        return ()

    def of_container(self, member: str) -> Literal["element", "container"] | None:
        """What `member()` of a container of the standard library gives: an element, or a container of the same."""
        return None

    def callable(self, definition: Definition) -> bool:
        """Whether `name()` may mean a member that has no definition of its own under `name()`."""
        return True

    def keywords(self) -> frozenset[str]:
        """Reserved words: no symbol may be renamed to one of them."""
        ...

    def builtins(self) -> frozenset[str]:
        """Names that the language and its runtime provide without a declaration or an import."""
        ...


Snapshot = Mapping[str, str]
"""path -> git blob hash (SHA-1 of "blob N\\0" + content)"""
