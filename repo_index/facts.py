"""What one file says by itself: the facts a language extracts from its text.

Facts depend on nothing but the bytes and the language, so they are cached by
git blob hash. What needs other files (where an import leads, which definition
a name means) is worked out later, in resolve.py and references.py.

Spans are half-open byte offsets into the file's bytes. Lines count from 1.
Qualified names are dotted paths inside the file: `Class.method`, `outer.inner`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Span = tuple[int, int]

SymbolKind = Literal[
    "module", "class", "function", "method", "constant", "variable", "attribute", "interface", "type", "enum"
]
ImportKind = Literal["runtime", "type", "lazy", "reexport", "test"]
OccurrenceKind = Literal["definition", "import", "call", "use", "export", "string", "doc", "keyword"]
TextKind = Literal["string", "doc", "comment"]


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    name_span: Span
    kind: Literal["positional_only", "positional", "keyword_only", "var_positional", "var_keyword"]
    default: str | None = None
    annotation: str | None = None
    span: Span = (0, 0)


@dataclass(frozen=True, slots=True)
class Definition:
    """A name that other code can refer to: class, function, method, module-level or class-level assignment.

    `span` covers the whole statement with its decorators and, in JavaScript, its `export` keyword;
    `name_span` the name alone; `body_span` what stands inside the block (None for assignments).
    `type` is the dotted expression of what a variable or attribute holds, or of what a function returns, where an
    annotation or a plain constructor call says so ("" where nothing does); it is read in the scope of `parent`.
    One that begins with a dot is a full name; `A|B` is one or the other, `Self` an object of the class that the
    member is asked of. In it, `[]` at the end stands for a container of what comes before, a part `*` for an element
    of it, a part `(1)` for what the second parameter holds, `(1:0)` for the first parameter of a function given for
    the second; after a part `super()` the next one is looked up in the base classes. Of a function with several
    results it lists them with commas; a part `#1` is the second of them.
    A conditional or overloaded definition gives several Definitions of one qualified name.
    """

    qualified: str
    name: str
    kind: SymbolKind
    name_span: Span
    span: Span
    line: int
    end_line: int
    exported: bool
    parent: str = ""
    body_span: Span | None = None
    signature: str = ""
    bases: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    decorators: tuple[str, ...] = ()
    doc: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True)
class ImportFact:
    """One name that one import statement binds (a statement with three names gives three).

    `module` is the specifier as written: `..pkg.mod`, `./util`, `react`.
    `name` is the name taken from it; None stands for the module itself (`import a.b`,
    `import * as ns`, `const x = require("y")`), "*" for every public name, "default" for
    JavaScript's default export. `local` is the name bound in this file ("" if none is bound:
    `import "./side-effect"`, `export * from`, star imports). In Python `import a.b.c` binds `a`
    with module "a.b.c".
    """

    module: str
    name: str | None
    local: str
    kind: ImportKind
    line: int
    statement_span: Span
    module_span: Span
    name_span: Span | None = None
    local_span: Span | None = None
    scope: str = ""
    conditional: bool = False


@dataclass(frozen=True, slots=True)
class Export:
    """A name that importers of this file can ask for, and what it is here.

    `local` names a definition or an import of this file. With `module` set, the export is
    `export {local as name} from module` (`name` "*" for `export * from`). Python files list
    here every module-level binding; `listed` says that `__all__` or an export clause names it.
    """

    name: str
    local: str
    module: str = ""
    span: Span | None = None
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Receiver:
    """What an attribute is taken from, when it is not a chain of plain names from a binding.

    self/super: the method's class, by qualified name in this file. instance: `type` is the dotted
    expression, in the scope of this file, of the class that the receiver was built from or annotated with.
    unknown: nothing is known.
    """

    kind: Literal["self", "super", "instance", "unknown"]
    type: str = ""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One place where an identifier stands.

    `binding` says what the name hangs on inside this file:
      definition  it is, or refers to, a definition of this file: `target` is its qualified name
      import      it comes from the import that binds `target` in scope; `chain` holds the attributes
                  between that local name and this identifier (`np.linalg.norm`: at `norm`, target "np",
                  chain ("linalg", "norm"); at `np` itself chain is ())
      member      an attribute of `receiver`; where more than one attribute lies between, `chain` holds them
                  all, this one included (`self.http.run`: at `run`, chain ("http", "run"))
      global      no binding found: a builtin, or what a star import brings; with an unknown receiver, a word of a
                  macro, which means what it does where the macro is used
      fixture     a parameter of a pytest function, or a string, that asks for the fixture of that name
      text        inside a string, comment or document
    Local variables and parameters that nothing outside their function can refer to are left out.
    `import_index` points into FileFacts.imports for binding "import".
    Kind "keyword" is the name of a keyword argument; its receiver is the callee, as an instance type.
    """

    name: str
    span: Span
    line: int
    kind: OccurrenceKind
    binding: Literal["definition", "import", "member", "global", "text", "fixture"]
    target: str = ""
    chain: tuple[str, ...] = ()
    receiver: Receiver | None = None
    import_index: int = -1
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A call expression whose callee ends in an identifier: where its arguments stand.

    `callee_span` is the span of that identifier (it matches an Occurrence). `arguments_span` includes the
    parentheses. `positional` counts plain positional arguments; `starred` is true with *args or **kwargs.
    """

    callee_span: Span
    arguments_span: Span
    positional: int
    keywords: tuple[str, ...] = ()
    starred: bool = False
    scope: str = ""


@dataclass(slots=True)
class FileFacts:
    language: str
    #: what all names of the file stand below, as the file declares it, dotted (`package a.b;`: "a.b"); "" elsewhere
    namespace: str = ""
    #: namespaces opened inside the file, below `namespace`, dotted; their names are parts of qualified names
    namespaces: list[str] = field(default_factory=list)
    #: names that no binding of the file explains, each with its first line, in languages where files see each
    #: other's names without an import: the graph has an edge for each that another file defines. `local.name` is one
    #: that the file takes from a namespace that it imports as `local`; `scope a.b` (with a space) is read in a scope
    ambient: list[tuple[str, int]] = field(default_factory=list)
    definitions: list[Definition] = field(default_factory=list)
    imports: list[ImportFact] = field(default_factory=list)
    exports: list[Export] = field(default_factory=list)
    occurrences: list[Occurrence] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    #: spans and lines of syntax errors (tree-sitter ERROR and MISSING nodes)
    errors: list[tuple[Span, int]] = field(default_factory=list)
    #: `__all__` as a list of names, None when there is none or it cannot be read
    dunder_all: list[str] | None = None
    generated: bool = False
    #: (start, end, "string" | "doc" | "comment"): where mentions of names are looked for as text
    texts: list[tuple[int, int, TextKind]] = field(default_factory=list)
    #: JavaScript's `{name}`, which stands for a property and its value at once (two occurrences share the
    #: span, the property's has kind "keyword"): renaming one of the two has to write `{property: value}`
    shorthands: list[Span] = field(default_factory=list)
