"""Facts of one Python file, from its tree-sitter tree.

One walk with an explicit stack (nesting depth is the author's choice, not the interpreter's) collects scopes,
bindings and chains of names; python_bind.py then says what each name hangs on.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from ..encoding import parseable
from ..facts import Call, Definition, FileFacts, ImportFact, ImportKind, Parameter, Span
from .python_bind import bind
from .python_scopes import Binding, Chain, Name, Scope, Step
from .python_types import reduced

TYPE_ONLY = 1
"""Flag: under `if TYPE_CHECKING`."""
CONDITIONAL = 2
"""Flag: under a module-level `if` or `try`."""
ANNOTATION = 4
"""Flag: strings here are forward references."""
DOCSTRING = 8

_DOTTED = re.compile(r"[^\W\d]\w*(?:\s*\.\s*[^\W\d]\w*)*")
_WORD = re.compile(rb"[A-Za-z_\x80-\xff][\w\x80-\xff]*")
_SPACE = re.compile(r"\s+")
_TYPE_CHECKING = re.compile(rb"(?:^|\.)TYPE_CHECKING$")
_IDENTIFIER = re.compile(rb"[A-Za-z_\x80-\xff][\w\x80-\xff]*\Z")
#: subscripts of these hold types wherever they stand
_TYPING_FORMS = frozenset(
    "Optional Union List Dict Set FrozenSet Tuple Type Callable Iterable Iterator Sequence Mapping ClassVar Final "
    "Awaitable Coroutine AsyncIterator AsyncIterable Generator AsyncGenerator MutableMapping DefaultDict".split()
)
_ATTRIBUTE_BY_NAME = frozenset({"getattr", "setattr", "hasattr", "delattr", "object"})
_SPINE = frozenset({"identifier", "attribute", "call", "subscript", "await"})
_PARAMETER_KINDS = {"list_splat_pattern": "var_positional", "dictionary_splat_pattern": "var_keyword"}


@lru_cache(maxsize=1)
def _language() -> Any:
    import tree_sitter
    import tree_sitter_python

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return tree_sitter.Language(tree_sitter_python.language())


@lru_cache(maxsize=1)
def _parser() -> Any:
    import tree_sitter

    return tree_sitter.Parser(_language())


@lru_cache(maxsize=1)
def _comments() -> Any:
    import tree_sitter

    return tree_sitter.Query(_language(), "(comment) @comment")


def parse(source: bytes) -> Any:
    """The tree-sitter tree of a Python file. Byte offsets are those of `source`."""
    return _parser().parse(parseable(source))


def extract(source: bytes) -> FileFacts:
    """Facts of a Python file. Never raises on broken code: errors are listed in the facts."""
    walk = _Walk(source)
    walk.run()
    return bind(walk)


class _Walk:
    """Everything that one pass over the tree collects."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.tree = parse(source)
        self.facts = FileFacts("python")
        self.module = Scope("module", None, "")
        self.chains: list[Chain] = []
        self.definitions: list[Definition] = []
        #: scope of each definition that has a body, by its position in `definitions`
        self.bodies: dict[int, Scope] = {}
        #: attributes assigned through a method's first parameter: (chain, value, statement, annotation)
        self.attributes: list[tuple[Chain, list[Chain | None], tuple[Span, int, int], str]] = []
        #: names in `__all__`, with their places
        self.all_names: list[Name] = []
        #: (object, attribute name) of getattr(object, "name") and the like
        self.by_name: list[tuple[Chain, Name]] = []
        self._has_all = False
        self._all_readable = True
        self._todo: list[tuple[Any, Scope, int]] = []
        self._handlers: dict[str, Callable[[Any, Scope, int], None]] = {
            "identifier": self._spine_only,
            "attribute": self._spine_only,
            "call": self._spine_only,
            "subscript": self._spine_only,
            "await": self._spine_only,
            "function_definition": self._function,
            "class_definition": self._class,
            "decorated_definition": self._decorated,
            "lambda": self._lambda,
            "assignment": self._assignment,
            "augmented_assignment": self._augmented,
            "named_expression": self._walrus,
            "type_alias_statement": self._type_alias,
            "for_statement": self._for,
            "list_comprehension": self._comprehension,
            "set_comprehension": self._comprehension,
            "dictionary_comprehension": self._comprehension,
            "generator_expression": self._comprehension,
            "as_pattern": self._as_pattern,
            "import_statement": self._import,
            "import_from_statement": self._import_from,
            "future_import_statement": self._import_from,
            "global_statement": self._global,
            "nonlocal_statement": self._nonlocal,
            "delete_statement": self._delete,
            "return_statement": self._return,
            "if_statement": self._if,
            "try_statement": self._try,
            "case_pattern": self._case,
            "string": self._string,
            "comment": self._comment,
            "type": self._type,
            "keyword_argument": self._keyword_argument,
            "module": self._block,
            "block": self._block,
            "ERROR": self._error,
        }

    # -- the walk

    def run(self) -> None:
        root = self.tree.root_node
        self._todo.append((root, self.module, 0))
        todo, handlers = self._todo, self._handlers
        while todo:
            node, scope, flags = todo.pop()
            handler = handlers.get(node.type)
            if handler is None:
                for child in reversed(node.named_children):
                    todo.append((child, scope, flags))
            else:
                handler(node, scope, flags)
        if root.has_error:
            self._missing(root)
        self._comments_of(root)
        if self._has_all and self._all_readable:
            self.facts.dunder_all = [n.text for n in self.all_names]

    def _push(self, nodes: Iterable[Any], scope: Scope, flags: int) -> None:
        self._todo.extend((node, scope, flags) for node in reversed(list(nodes)))

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

    def _error(self, node: Any, scope: Scope, flags: int) -> None:
        self.facts.errors.append(((node.start_byte, node.end_byte), node.start_point[0] + 1))
        self._push(node.named_children, scope, flags)

    # -- names and chains

    def text(self, node: Any) -> str:
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def name(self, node: Any) -> Name:
        return Name(self.text(node), node.start_byte, node.end_byte, node.start_point[0] + 1)

    def _bind(self, name: Name, scope: Scope) -> Binding:
        where = scope.binder(name.text)
        binding = where.bindings.get(name.text)
        if binding is None:
            binding = where.bindings[name.text] = Binding()
        binding.names.append(name)
        return binding

    def _chain(self, root: Name | None, steps: list[Step], scope: Scope, **more: Any) -> Chain:
        chain = Chain(root, steps, scope, **more)
        self.chains.append(chain)
        return chain

    def _spine_only(self, node: Any, scope: Scope, flags: int) -> None:
        self.spine(node, scope, flags)

    def spine(self, node: Any, scope: Scope, flags: int) -> Chain:
        """The chain of a primary expression; what stands in its brackets is pushed."""
        steps: list[Step] = []
        called: Any = None
        while True:
            kind = node.type
            if kind == "attribute":
                steps.append(Step(".", self.name(node.child_by_field_name("attribute"))))
                node = node.child_by_field_name("object")
            elif kind == "call":
                function = node.child_by_field_name("function")
                steps.append(self._call(node, function, scope, flags))
                called, node = node, function
            elif kind == "subscript":
                steps.append(Step(":" if any(c.type == "slice" for c in node.named_children) else "["))
                node = self._subscript(node, scope, flags)
            elif kind in ("await", "parenthesized_expression") and node.named_child_count == 1:
                node = node.named_children[0]
            else:
                break
        steps.reverse()
        if node.type == "identifier":
            root = self.name(node)
            if root.text == "type" and steps and steps[0].kind == "(":  # type(self).attribute
                arguments = called.child_by_field_name("arguments")
                given = arguments.named_children if arguments is not None else []
                if len(given) == 1 and given[0].type == "identifier":
                    self._chain(root, steps[:1], scope)
                    return self._chain(self.name(given[0]), steps[1:], scope, silent=True)
            return self._chain(root, steps, scope)
        self._push([node], scope, flags & ~ANNOTATION)
        return self._chain(None, steps, scope)

    def _subscript(self, node: Any, scope: Scope, flags: int) -> Any:
        value = node.child_by_field_name("value")
        inner = [c for c in node.named_children if c.start_byte >= value.end_byte]
        last = _WORD.findall(self.source[value.start_byte : value.end_byte])
        form = last[-1].decode("latin-1") if last else ""
        if form == "Literal":
            flags &= ~ANNOTATION
        elif form == "Annotated" and flags & ANNOTATION:
            self._push(inner[1:], scope, flags & ~ANNOTATION)
            inner = inner[:1]
        elif form in _TYPING_FORMS and value.type in ("identifier", "attribute"):
            flags |= ANNOTATION
        self._push(inner, scope, flags)
        return value

    def _call(self, node: Any, function: Any, scope: Scope, flags: int) -> Step:
        arguments = node.child_by_field_name("arguments")
        if arguments is None:
            return Step("(")
        callee = function
        if callee.type == "attribute":
            callee = callee.child_by_field_name("attribute")
        called = self.text(callee) if callee.type == "identifier" else ""
        flags &= ~ANNOTATION
        keywords: list[Name] = []
        positional, starred = 0, False
        given = [arguments] if arguments.type == "generator_expression" else arguments.named_children
        push: list[tuple[Any, int]] = []
        for argument in given:
            kind = argument.type
            if kind == "keyword_argument":
                keyword = argument.child_by_field_name("name")
                keywords.append(self.name(keyword))
                as_type = ANNOTATION if called == "TypeVar" and keywords[-1].text in ("bound", "default") else 0
                push.append((argument.child_by_field_name("value"), flags | as_type))
                continue
            if kind in ("list_splat", "dictionary_splat"):
                starred = True
            elif kind != "comment":
                positional += 1
            as_type = ANNOTATION if called == "cast" and positional == 1 and len(given) > 1 else 0
            push.append((argument, flags | as_type))
        for argument, its_flags in push:
            self._push([argument], scope, its_flags)
        if called:
            self.facts.calls.append(
                Call(
                    (callee.start_byte, callee.end_byte),
                    (arguments.start_byte, arguments.end_byte),
                    positional,
                    tuple(k.text for k in keywords),
                    starred,
                    scope.qualified,
                )
            )
            if scope is self.module and self.text(function) in ("__all__.extend", "__all__.append"):
                for argument in given:
                    self._all_strings(argument)
            if called in _ATTRIBUTE_BY_NAME and positional >= 2:
                self._attribute_by_name(given, scope)
        return Step("(", None, tuple(keywords))

    def _attribute_by_name(self, given: list[Any], scope: Scope) -> None:
        plain = [a for a in given if a.type != "comment"][:2]
        if len(plain) < 2 or plain[0].type not in ("identifier", "attribute") or plain[1].type != "string":
            return
        content = self._content(plain[1])
        if content is None or not _IDENTIFIER.match(self.source[content[0] : content[1]]):
            return
        steps: list[Step] = []
        node = plain[0]
        while node.type == "attribute":
            steps.append(Step(".", self.name(node.child_by_field_name("attribute"))))
            node = node.child_by_field_name("object")
        if node.type == "identifier":
            chain = Chain(self.name(node), steps[::-1], scope)
            line = plain[1].start_point[0] + 1
            name = Name(self.source[content[0] : content[1]].decode("utf-8", "replace"), *content, line)
            self.by_name.append((chain, name))

    def _keyword_argument(self, node: Any, scope: Scope, flags: int) -> None:
        self._push([c for c in (node.child_by_field_name("value"),) if c is not None], scope, flags)

    def values(self, node: Any, scope: Scope, flags: int = 0) -> list[Chain | None]:
        """What an assigned expression may be: chains, and None for the rest. Walks the expression."""
        found: list[Chain | None] = []
        todo = [node]
        while todo:
            node = todo.pop()
            kind = node.type
            if kind == "parenthesized_expression" and node.named_child_count == 1:
                todo.append(node.named_children[0])
            elif kind in _SPINE:
                found.append(self.spine(node, scope, flags))
            elif kind == "conditional_expression" and node.named_child_count == 3:
                first, condition, second = node.named_children
                self._push([condition], scope, flags)
                todo += [second, first]
            elif kind == "boolean_operator":
                todo += [node.child_by_field_name("right"), node.child_by_field_name("left")]
            elif kind != "none":
                self._push([node], scope, flags)
                if kind == "named_expression":
                    continue
                found.append(None)
        return found

    def _elements(self, iterables: list[Any], scope: Scope, flags: int) -> list[Chain | None]:
        """What iterating over an expression gives. Walks the expression."""
        if len(iterables) != 1 or iterables[0].type not in _SPINE:
            self._push(iterables, scope, flags)
            return [None]
        chain = self.spine(iterables[0], scope, flags)
        return [Chain(chain.root, [*chain.steps, Step("*")], scope)]

    # -- definitions

    def _decorated(self, node: Any, scope: Scope, flags: int) -> None:
        decorators = [c for c in node.named_children if c.type == "decorator"]
        self._push(decorators, scope, flags & ~ANNOTATION)
        inner = node.child_by_field_name("definition")
        if inner is None:
            return
        texts = tuple(_SPACE.sub(" ", self.text(d).removeprefix("@").strip())[:200] for d in decorators)
        if inner.type == "class_definition":
            self._class(inner, scope, flags, node, texts)
        else:
            self._function(inner, scope, flags, node, texts)

    def _qualified(self, name: str, scope: Scope) -> tuple[str, str]:
        """(qualified name, parent) of a name bound in `scope`."""
        where = scope.binder(name)
        return (f"{where.qualified}.{name}" if where.qualified else name, where.qualified)

    def _type_parameters(self, node: Any, scope: Scope) -> Scope:
        parameters = node.child_by_field_name("type_parameters")
        if parameters is None:
            return scope
        inner = Scope("function", scope, scope.qualified)
        for parameter in parameters.named_children:
            found = parameter
            while found.type != "identifier" and found.named_children:
                rest = found.named_children[1:]
                self._push(rest, inner, ANNOTATION)
                found = found.named_children[0]
            if found.type == "identifier":
                self._bind(self.name(found), inner)
        return inner

    def _doc(self, body: Any) -> str:
        for child in body.named_children:
            if child.type == "comment":
                continue
            if child.type == "expression_statement" and child.named_child_count == 1:
                content = self._content(child.named_children[0])
                if content is not None:
                    raw = self.source[content[0] : content[1]].decode("utf-8", "replace").strip()
                    return _SPACE.sub(" ", raw.split("\n\n", 1)[0])[:300]
            break
        return ""

    def _content(self, node: Any) -> Span | None:
        """Span between the quotes of a plain string literal, None for anything else."""
        if node.type != "string":
            return None
        first, last = node.children[0], node.children[-1]
        if first.type != "string_start" or last.type != "string_end" or node.child_count > 3:
            return None
        if b"f" in self.source[first.start_byte : first.end_byte].lower():
            return None
        return (first.end_byte, last.start_byte)

    def _function(
        self, node: Any, scope: Scope, flags: int, outer: Any = None, decorators: tuple[str, ...] = ()
    ) -> None:
        name_node, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name_node is None or body is None:
            self._push(node.named_children, scope, flags)
            return
        name = self.name(name_node)
        binding = self._bind(name, scope)
        binding.block = True
        qualified, parent = self._qualified(name.text, scope)
        around = self._type_parameters(node, scope)
        inner = Scope("function", around, qualified)
        is_method = scope.kind == "class"
        parameters_node = node.child_by_field_name("parameters")
        parameters = self._parameters(parameters_node, inner, around) if parameters_node is not None else ()
        if is_method and parameters and "staticmethod" not in decorators:
            first = inner.bindings.get(parameters[0].name)
            if first is not None and parameters[0].kind in ("positional", "positional_only"):
                first.receiver_class = scope.qualified
        returns = node.child_by_field_name("return_type")
        type_text = ""
        if returns is not None:
            self._push([returns], around, 0)
            type_text = self.annotation(returns, decorators)
        self._push([body], inner, DOCSTRING)
        whole = outer or node
        head = self.source[node.start_byte : body.start_byte].decode("utf-8", "replace")
        self.bodies[len(self.definitions)] = inner
        self.definitions.append(
            Definition(
                qualified,
                name.text,
                "method" if is_method else "function",
                name.span,
                (whole.start_byte, whole.end_byte),
                name.line,
                whole.end_point[0] + 1,
                not name.text.startswith("_"),
                parent,
                (body.start_byte, body.end_byte),
                _SPACE.sub(" ", head.split("\n#", 1)[0]).strip().removesuffix(":")[:400],
                (),
                parameters,
                decorators,
                self._doc(body),
                type_text,
            )
        )

    def _parameters(self, node: Any, inner: Scope, around: Scope) -> tuple[Parameter, ...]:
        """Binds parameters in `inner`; defaults and annotations belong to `around`."""
        found: list[Parameter] = []
        keyword_only = False
        for child in node.named_children:
            kind = child.type
            if kind == "positional_separator":
                found = [
                    Parameter(p.name, p.name_span, "positional_only", p.default, p.annotation, p.span) for p in found
                ]
                continue
            if kind == "keyword_separator":
                keyword_only = True
                continue
            annotation = child.child_by_field_name("type")
            default = child.child_by_field_name("value")
            named = child.child_by_field_name("name") or child
            if kind == "typed_parameter" and child.named_children:
                named = child.named_children[0]
            self._push([c for c in (annotation, default) if c is not None], around, 0)
            sort: Any = _PARAMETER_KINDS.get(named.type) or ("keyword_only" if keyword_only else "positional")
            if named.type in _PARAMETER_KINDS:
                keyword_only = True
                named = named.named_children[0] if named.named_children else named
            if named.type != "identifier":
                if kind in ("tuple_pattern", "ERROR"):
                    self._target(child, inner, 0)
                continue
            name = self.name(named)
            binding = self._bind(name, inner)
            if annotation is not None and sort not in ("var_positional", "var_keyword"):
                binding.annotation = self.annotation(annotation)
            binding.values.append(None)
            found.append(
                Parameter(
                    name.text,
                    name.span,
                    sort,
                    None if default is None else self.text(default),
                    None if annotation is None else self.text(annotation),
                    (child.start_byte, child.end_byte),
                )
            )
        return tuple(found)

    def _class(self, node: Any, scope: Scope, flags: int, outer: Any = None, decorators: tuple[str, ...] = ()) -> None:
        name_node, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name_node is None or body is None:
            self._push(node.named_children, scope, flags)
            return
        name = self.name(name_node)
        binding = self._bind(name, scope)
        binding.block = True
        qualified, parent = self._qualified(name.text, scope)
        around = self._type_parameters(node, scope)
        bases: list[str] = []
        superclasses = node.child_by_field_name("superclasses")
        if superclasses is not None:
            self._push(superclasses.named_children, around, 0)
            for base in superclasses.named_children:
                if base.type == "subscript":
                    base = base.child_by_field_name("value")
                if base.type not in ("keyword_argument", "comment", "list_splat", "dictionary_splat"):
                    bases.append(_SPACE.sub("", self.text(base))[:200])
        self._push([body], Scope("class", around, qualified), DOCSTRING | flags & TYPE_ONLY)
        whole = outer or node
        self.definitions.append(
            Definition(
                qualified,
                name.text,
                "class",
                name.span,
                (whole.start_byte, whole.end_byte),
                name.line,
                whole.end_point[0] + 1,
                not name.text.startswith("_"),
                parent,
                (body.start_byte, body.end_byte),
                _SPACE.sub(" ", self.source[node.start_byte : body.start_byte].decode("utf-8", "replace"))
                .strip()
                .removesuffix(":")[:400],
                tuple(bases),
                (),
                decorators,
                self._doc(body),
            )
        )

    def _lambda(self, node: Any, scope: Scope, flags: int) -> None:
        inner = Scope("function", scope, scope.qualified)
        parameters = node.child_by_field_name("parameters")
        if parameters is not None:
            self._parameters(parameters, inner, scope)
        body = node.child_by_field_name("body")
        if body is not None:
            self._push([body], inner, 0)

    def _comprehension(self, node: Any, scope: Scope, flags: int) -> None:
        inner = Scope("comprehension", scope, scope.qualified)
        first = True
        for child in node.named_children:
            if child.type == "for_in_clause":
                iterables = child.children_by_field_name("right")
                values = self._elements(iterables, scope if first else inner, 0)
                self._target(child.child_by_field_name("left"), inner, 0, values)
                first = False
            else:
                self._push([child], inner, 0)

    # -- bindings

    def _target(
        self,
        node: Any,
        scope: Scope,
        flags: int,
        values: list[Chain | None] | None = None,
        statement: Any = None,
        annotation: str = "",
    ) -> None:
        """Bind what an assignment target names. `values` are known for a single name or attribute only."""
        if node is None:
            return
        place = statement if statement is not None else node
        where = ((place.start_byte, place.end_byte), place.start_point[0] + 1, place.end_point[0] + 1)
        todo = [node]
        single = True
        while todo:
            node = todo.pop()
            kind = node.type
            if kind == "identifier":
                name = self.name(node)
                binding = self._bind(name, scope)
                binding.values.extend((values or []) if single and values is not None else [None])
                binding.annotation = binding.annotation or annotation
                if binding.statement is None:
                    binding.statement = where
            elif kind == "attribute":
                chain = self.spine(node, scope, 0)
                chain.store = True
                if len(chain.steps) == 1 and chain.root is not None:
                    known: list[Chain | None] = values if single and values is not None else [None]
                    self.attributes.append((chain, known, where, annotation))
            elif kind in ("subscript", "call", "await"):
                self.spine(node, scope, 0)
            else:
                single = single and kind in ("parenthesized_expression", "as_pattern_target")
                todo.extend(reversed(node.named_children))

    def _assignment(self, node: Any, scope: Scope, flags: int) -> None:
        targets = []
        annotation = ""
        value = node
        while value is not None and value.type == "assignment":  # a = b = value
            targets.append(value.child_by_field_name("left"))
            type_node = value.child_by_field_name("type")
            if type_node is not None:
                self._push([type_node], scope, 0)
                annotation = self.annotation(type_node)
            value = value.child_by_field_name("right")
        alias = annotation == "TypeAlias" or annotation.endswith(".TypeAlias")
        known: list[Chain | None] | None = None
        if value is not None:
            known = self.values(value, scope, ANNOTATION if alias else 0)
        for target in targets:
            if target is not None:
                self._target(target, scope, flags, known, node, "" if alias else annotation)
                if scope is self.module and target.type == "identifier" and value is not None:
                    self._read_all(target, value, False)

    def _augmented(self, node: Any, scope: Scope, flags: int) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is not None and left.type == "identifier":
            name = self.name(left)
            binding = self._bind(name, scope)
            binding.names.pop()
            binding.values.append(None)
            if binding.statement is None:
                where = (node.start_byte, node.end_byte)
                binding.statement = (where, node.start_point[0] + 1, node.end_point[0] + 1)
            self._chain(name, [], scope)
            if scope is self.module and right is not None:
                self._read_all(left, right, True)
        elif left is not None:
            self._target(left, scope, flags)
        if right is not None:
            self._push([right], scope, 0)

    def _walrus(self, node: Any, scope: Scope, flags: int) -> None:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        known = self.values(value, scope) if value is not None else None
        self._target(name, scope.statement_scope(), flags, known)

    def _type_alias(self, node: Any, scope: Scope, flags: int) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        inner = scope
        while left is not None and left.type != "identifier" and left.named_children:
            for parameter in left.named_children[1:]:
                inner = Scope("function", scope, scope.qualified)
                for word in parameter.named_children:
                    while word.type != "identifier" and word.named_children:
                        word = word.named_children[0]
                    if word.type == "identifier":
                        self._bind(self.name(word), inner)
            left = left.named_children[0]
        if left is not None and left.type == "identifier":
            binding = self._bind(self.name(left), scope)
            binding.is_type = True
            binding.values.append(None)
            where = (node.start_byte, node.end_byte)
            binding.statement = binding.statement or (where, node.start_point[0] + 1, node.end_point[0] + 1)
        if right is not None:
            self._push([right], inner, ANNOTATION)

    def _for(self, node: Any, scope: Scope, flags: int) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        done = [c.id for c in (left, right) if c is not None]
        values = self._elements([right] if right is not None else [], scope, flags)
        self._target(left, scope, flags, values)
        self._push([c for c in node.named_children if c.id not in done], scope, flags)

    def _as_pattern(self, node: Any, scope: Scope, flags: int) -> None:
        children = node.named_children
        alias = node.child_by_field_name("alias")
        if alias is not None:  # with, except
            self._target(alias, scope, flags, self.values(children[0], scope))
        elif len(children) == 2:  # match
            self._push(children[:1], scope, flags)
            self._target(children[1], scope, flags)
        else:
            self._push(children, scope, flags)

    def _case(self, node: Any, scope: Scope, flags: int) -> None:
        todo = list(node.named_children)
        while todo:
            child = todo.pop()
            kind = child.type
            if kind == "dotted_name":
                parts = child.named_children
                if len(parts) == 1 and child.parent.type != "class_pattern":
                    name = self.name(parts[0])
                    if name.text != "_":
                        self._bind(name, scope).values.append(None)
                else:
                    self._dotted(child, scope)
            elif kind == "splat_pattern":
                for part in child.named_children:
                    self._target(part, scope, flags)
            elif kind == "keyword_pattern":
                todo.extend(child.named_children[1:])
            elif kind == "as_pattern":
                self._as_pattern(child, scope, flags)
            elif kind in ("string", "integer", "float", "concatenated_string"):
                self._push([child], scope, flags)
            else:
                todo.extend(child.named_children)

    def _dotted(self, node: Any, scope: Scope) -> None:
        names = [self.name(n) for n in node.named_children if n.type == "identifier"]
        if names:
            self._chain(names[0], [Step(".", n) for n in names[1:]], scope)

    def _global(self, node: Any, scope: Scope, flags: int) -> None:
        for child in node.named_children:
            name = self.name(child)
            scope.globals.add(name.text)
            self._chain(name, [], scope)

    def _nonlocal(self, node: Any, scope: Scope, flags: int) -> None:
        for child in node.named_children:
            name = self.name(child)
            scope.nonlocals.add(name.text)
            self._chain(name, [], scope)

    def _delete(self, node: Any, scope: Scope, flags: int) -> None:
        todo = list(node.named_children)
        while todo:
            child = todo.pop()
            if child.type == "identifier":
                binding = self._bind(self.name(child), scope)
                binding.names.pop()
                binding.values.append(None)
                self._chain(self.name(child), [], scope)
            elif child.type in _SPINE:
                self.spine(child, scope, 0)
            else:
                todo.extend(child.named_children)

    def _return(self, node: Any, scope: Scope, flags: int) -> None:
        for child in node.named_children:
            if child.type == "comment":
                self._comment(child, scope, flags)
            else:
                scope.returns.extend(self.values(child, scope))

    # -- blocks

    def _if(self, node: Any, scope: Scope, flags: int) -> None:
        condition, consequence = node.child_by_field_name("condition"), node.child_by_field_name("consequence")
        flags |= CONDITIONAL
        for child in reversed(node.named_children):
            its_flags = flags
            if consequence is not None and child.id == consequence.id and condition is not None:
                test = self.source[condition.start_byte : condition.end_byte]
                if _TYPE_CHECKING.search(test):
                    its_flags |= TYPE_ONLY
            self._todo.append((child, scope, its_flags))

    def _try(self, node: Any, scope: Scope, flags: int) -> None:
        self._push(node.named_children, scope, flags | CONDITIONAL)

    def _block(self, node: Any, scope: Scope, flags: int) -> None:
        docstring = bool(flags & DOCSTRING) or node.type == "module"
        flags &= TYPE_ONLY | CONDITIONAL
        children = node.named_children
        if docstring and children:
            for child in children:
                if child.type == "comment":
                    continue
                if child.type == "expression_statement" and child.named_child_count == 1:
                    string = child.named_children[0]
                    if string.type == "string":
                        self.facts.texts.append((string.start_byte, string.end_byte, "doc"))
                        children = [c for c in children if c.id != child.id]
                break
        self._push(children, scope, flags)

    # -- strings, comments, types

    def _comment(self, node: Any, scope: Scope, flags: int) -> None:
        """Comments are collected by themselves: they stand between any two tokens."""

    def _comments_of(self, root: Any) -> None:
        import tree_sitter

        for node in tree_sitter.QueryCursor(_comments()).captures(root).get("comment", ()):
            self.facts.texts.append((node.start_byte, node.end_byte, "comment"))

    def _string(self, node: Any, scope: Scope, flags: int) -> None:
        if flags & ANNOTATION:
            content = self._content(node)
            if content is not None:
                self._forward_reference(content, node.start_point[0] + 1, scope)
                return
        for child in node.children:
            if child.type == "string_content":
                self.facts.texts.append((child.start_byte, child.end_byte, "string"))
            elif child.type == "interpolation":
                self._push([child], scope, 0)

    def _forward_reference(self, content: Span, line: int, scope: Scope) -> None:
        text = self.source[content[0] : content[1]].decode("utf-8", "replace")
        depth_of_literal = 0
        for match in _DOTTED.finditer(text):
            before = text[: match.start()].rstrip()
            if before.endswith(("'", '"')) and depth_of_literal:
                continue
            if match[0].rsplit(".", 1)[-1] == "Literal":
                depth_of_literal = 1
            names = []
            for word in re.finditer(r"\w+", match[0]):
                start = content[0] + len(text[: match.start() + word.start()].encode())
                at = line + text.count("\n", 0, match.start())
                names.append(Name(word[0], start, start + len(word[0].encode()), at))
            self._chain(names[0], [Step(".", n) for n in names[1:]], scope)

    def _type(self, node: Any, scope: Scope, flags: int) -> None:
        children = node.named_children
        for child in reversed(children):
            if child.type == "generic_type":  # X[Y] in an annotation
                parts = child.named_children
                last = self.text(parts[0]).rsplit(".", 1)[-1] if parts else ""
                inner = [g for p in parts[1:] for g in p.named_children]
                if last == "Annotated":
                    self._plain(inner[1:], scope)
                    inner = inner[:1]
                if last == "Literal":
                    self._plain(inner, scope)
                else:
                    self._push(inner, scope, ANNOTATION)
                self._push(parts[:1], scope, ANNOTATION)
            elif child.type == "member_type":
                names = [self.name(n) for n in child.named_children if n.type == "identifier"]
                if names:
                    self._chain(names[0], [Step(".", n) for n in names[1:]], scope)
            else:
                self._push([child], scope, ANNOTATION)

    def _plain(self, arguments: list[Any], scope: Scope) -> None:
        """Arguments in an annotation that are values, not types."""
        for argument in arguments:
            self._push(argument.named_children if argument.type == "type" else [argument], scope, 0)

    def annotation(self, node: Any, decorators: tuple[str, ...] = ()) -> str:
        """The class that an annotation names, as a dotted expression; "" when it is none or several."""
        return reduced(self.text(node), decorators)

    # -- imports

    def _import_kind(self, scope: Scope, flags: int) -> ImportKind:
        if flags & TYPE_ONLY:
            return "type"
        return "lazy" if scope.statement_scope().kind == "function" else "runtime"

    def _add_import(self, fact: ImportFact, local: Name | None, scope: Scope) -> None:
        index = len(self.facts.imports)
        self.facts.imports.append(fact)
        if local is not None:
            binding = self._bind(local, scope)
            binding.imports.append(index)

    def _import(self, node: Any, scope: Scope, flags: int) -> None:
        statement = (node.start_byte, node.end_byte)
        kind = self._import_kind(scope, flags)
        for item in node.children_by_field_name("name"):
            alias = item.child_by_field_name("alias") if item.type == "aliased_import" else None
            dotted = item.child_by_field_name("name") if item.type == "aliased_import" else item
            if dotted is None or not dotted.named_children:
                continue
            local = self.name(alias if alias is not None else dotted.named_children[0])
            self._add_import(
                ImportFact(
                    _SPACE.sub("", self.text(dotted)),
                    None,
                    local.text,
                    kind,
                    node.start_point[0] + 1,
                    statement,
                    (dotted.start_byte, dotted.end_byte),
                    None,
                    local.span,
                    scope.qualified,
                    bool(flags & CONDITIONAL),
                ),
                local,
                scope,
            )

    def _import_from(self, node: Any, scope: Scope, flags: int) -> None:
        statement = (node.start_byte, node.end_byte)
        kind = self._import_kind(scope, flags)
        line = node.start_point[0] + 1
        conditional = bool(flags & CONDITIONAL)
        module_node = node.child_by_field_name("module_name")
        future = node.type == "future_import_statement"
        if module_node is None:
            if not future:
                return
            at = self.source.find(b"__future__", node.start_byte, node.end_byte)
            module, module_span = "__future__", (at, at + 10)
        else:
            module = _SPACE.sub("", self.text(module_node))
            module_span = (module_node.start_byte, module_node.end_byte)
        for child in node.named_children:
            if child.type == "wildcard_import":
                star = (child.start_byte, child.end_byte)
                self._add_import(
                    ImportFact(
                        module, "*", "", kind, line, statement, module_span, star, None, scope.qualified, conditional
                    ),
                    None,
                    scope,
                )
        for item in node.children_by_field_name("name"):
            alias = item.child_by_field_name("alias") if item.type == "aliased_import" else None
            named = item.child_by_field_name("name") if item.type == "aliased_import" else item
            if named is None or named.start_byte == named.end_byte:
                continue
            name = self.name(named)
            local = self.name(alias) if alias is not None else name
            its_kind: ImportKind = kind
            if kind == "runtime" and alias is not None and local.text == name.text and scope is self.module:
                its_kind = "reexport"
            self._add_import(
                ImportFact(
                    module,
                    name.text,
                    "" if future else local.text,
                    its_kind,
                    line,
                    statement,
                    module_span,
                    name.span,
                    local.span,
                    scope.qualified,
                    conditional,
                ),
                None if future else local,
                scope,
            )

    # -- __all__

    def _read_all(self, target: Any, value: Any, more: bool) -> None:
        if self.source[target.start_byte : target.end_byte] != b"__all__":
            return
        if not more and self._has_all:
            self.all_names, self._all_readable = [], True
        self._has_all = True
        self._all_strings(value)

    def _all_strings(self, value: Any) -> None:
        todo = [value]
        while todo:
            node = todo.pop()
            content = self._content(node)
            if content is not None:
                text = self.source[content[0] : content[1]].decode("utf-8", "replace")
                self.all_names.append(Name(text, *content, node.start_point[0] + 1))
            elif node.type in ("list", "tuple", "expression_list", "parenthesized_expression", "set"):
                todo.extend(reversed(node.named_children))
            elif node.type == "binary_operator":
                todo += [node.child_by_field_name("right"), node.child_by_field_name("left")]
            elif node.type != "comment":
                self._all_readable = False
