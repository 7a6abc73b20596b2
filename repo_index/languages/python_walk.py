"""One pass over the tree of a Python file, and what it collects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from ..encoding import parseable
from ..facts import Definition, FileFacts, Span
from .grammar_wheels import grammar, parser
from .python_comments import masked
from .python_scopes import Binding, Chain, Name, Narrowing, Scope, Step

TYPE_ONLY = 1
"""Flag: under `if TYPE_CHECKING`."""
CONDITIONAL = 2
"""Flag: under a module-level `if` or `try`."""
ANNOTATION = 4
"""Flag: strings here are forward references."""
DOCSTRING = 8
"""Flag: the block of a class or function, whose first string is its documentation."""


@lru_cache(maxsize=1)
def _comments() -> Any:
    import tree_sitter

    return tree_sitter.Query(grammar("tree_sitter_python"), "(comment) @comment")


def parse(source: bytes) -> tuple[Any, list[Span]]:
    """The tree-sitter tree of a Python file, and spans of comments that it leaves out. Byte offsets are those of
    `source`."""
    text, comments = masked(parseable(source))
    return parser("tree_sitter_python").parse(text), comments


class Walk:
    """Everything that one pass over the tree collects. The stack is explicit: nesting depth is the author's choice,
    not the interpreter's."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.tree, comments = parse(source)
        self.facts = FileFacts("python")
        self.facts.texts.extend((start, end, "comment") for start, end in comments)
        self.module = Scope("module", None, "")
        self.chains: list[Chain] = []
        self.definitions: list[Definition] = []
        #: scope of each definition that has a body, by its position in `definitions`
        self.bodies: dict[int, Scope] = {}
        #: chains of base classes that no plain name of the module is, by (position of the class, of the base)
        self.bases: dict[tuple[int, int], Chain] = {}
        #: attributes assigned through a method's first parameter: (chain, value, statement, annotation)
        self.attributes: list[tuple[Chain, list[Chain | None], tuple[Span, int, int], str]] = []
        #: names in `__all__`, with their places
        self.all_names: list[Name] = []
        #: (object, attribute name) of getattr(object, "name") and the like
        self.by_name: list[tuple[Chain, Name]] = []
        #: names in a class's `__slots__` and the like, with the class
        self.slots: list[tuple[str, Name]] = []
        #: parameters that pytest fills by their names, with the scopes of their functions
        self.fixtures: list[tuple[Binding, Scope]] = []
        #: names of fixtures in strings
        self.asked: list[tuple[Name, Scope]] = []
        #: name of a variable -> where a test says what it holds
        self.narrowings: dict[str, list[Narrowing]] = {}
        self.has_all = False
        self.all_readable = True
        self.todo: list[tuple[Any, Scope, int]] = []

    def run(self, handlers: Mapping[str, Handler]) -> None:
        """Visit every node once. A node of a type without a handler passes its children on."""
        root = self.tree.root_node
        self.todo.append((root, self.module, 0))
        todo = self.todo
        while todo:
            node, scope, flags = todo.pop()
            handler = handlers.get(node.type)
            if handler is None:
                for child in reversed(node.named_children):
                    todo.append((child, scope, flags))
            else:
                handler(self, node, scope, flags)
        if root.has_error:
            self._missing(root)
        self._comments_of(root)
        if self.has_all and self.all_readable:
            self.facts.dunder_all = [n.text for n in self.all_names]

    def scopes(self) -> Iterator[Scope]:
        """Every scope in which a name stands, each once."""
        seen: set[int] = set()
        for chain in self.chains:
            scope: Scope | None = chain.scope
            while scope is not None and id(scope) not in seen:
                seen.add(id(scope))
                yield scope
                scope = scope.parent
        if id(self.module) not in seen:
            yield self.module

    def push(self, nodes: Iterable[Any], scope: Scope, flags: int) -> None:
        self.todo.extend((node, scope, flags) for node in reversed(list(nodes)))

    def _missing(self, root: Any) -> None:
        cursor = root.walk()
        found = self.facts.errors
        while True:
            node = cursor.node
            if node.is_missing:
                found.append(((node.start_byte, node.end_byte), node.start_point[0] + 1))
            if node.has_error and cursor.goto_first_child():
                continue
            while not cursor.goto_next_sibling():
                if not cursor.goto_parent():
                    found.sort()
                    return

    def text(self, node: Any) -> str:
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def name(self, node: Any) -> Name:
        return Name(self.text(node), node.start_byte, node.end_byte, node.start_point[0] + 1)

    def bind(self, name: Name, scope: Scope) -> Binding:
        where = scope.binder(name.text)
        binding = where.bindings.get(name.text)
        if binding is None:
            binding = where.bindings[name.text] = Binding()
        binding.names.append(name)
        return binding

    def chain(self, root: Name | None, steps: list[Step], scope: Scope, **more: Any) -> Chain:
        chain = Chain(root, steps, scope, **more)
        self.chains.append(chain)
        return chain

    def _comments_of(self, root: Any) -> None:
        import tree_sitter

        for node in tree_sitter.QueryCursor(_comments()).captures(root).get("comment", ()):
            self.facts.texts.append((node.start_byte, node.end_byte, "comment"))


Handler = Callable[[Walk, Any, Scope, int], None]
"""Takes (walk, node, scope, flags), records what the node says and pushes what is inside it."""


def content_span(walk: Walk, node: Any) -> Span | None:
    """Span between the quotes of a plain string literal, None for anything else."""
    if node.type != "string":
        return None
    first, last = node.children[0], node.children[-1]
    if first.type != "string_start" or last.type != "string_end" or node.child_count > 3:
        return None
    if b"f" in walk.source[first.start_byte : first.end_byte].lower():
        return None
    return (first.end_byte, last.start_byte)


def plain_chain(walk: Walk, node: Any, scope: Scope) -> Chain:
    """The chain of a dotted name that is walked elsewhere; its root is None where it starts with no plain name."""
    steps: list[Step] = []
    while node.type == "attribute":
        steps.append(Step(".", walk.name(node.child_by_field_name("attribute"))))
        node = node.child_by_field_name("object")
    return Chain(walk.name(node) if node.type == "identifier" else None, steps[::-1], scope)
