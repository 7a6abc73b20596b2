"""Java."""

from __future__ import annotations

import warnings
from functools import cache
from typing import TYPE_CHECKING, Literal

from ..encoding import parseable
from ..facts import Definition, FileFacts
from . import jvm_resolve
from .base import Language, Project, Resolution

if TYPE_CHECKING:
    from tree_sitter import Parser

_KEYWORDS = frozenset(
    "abstract assert boolean break byte case catch char class const continue default do double else enum extends final "
    "finally float for goto if implements import instanceof int interface long native new package private protected "
    "public return short static strictfp super switch synchronized this throw throws transient try void volatile while "
    "true false null _".split()
)

#: java.lang, the primitive types and the first parts of the platform's packages
_BUILTINS = frozenset(
    "AbstractMethodError Appendable ArithmeticException ArrayIndexOutOfBoundsException ArrayStoreException "
    "AssertionError AutoCloseable Boolean BootstrapMethodError Byte CharSequence Character Class "
    "ClassCastException ClassCircularityError ClassFormatError ClassLoader ClassNotFoundException ClassValue "
    "CloneNotSupportedException Cloneable Comparable Deprecated Double Enum EnumConstantNotPresentException Error "
    "Exception ExceptionInInitializerError Float FunctionalInterface IllegalAccessError IllegalAccessException "
    "IllegalArgumentException IllegalCallerException IllegalMonitorStateException IllegalStateException "
    "IllegalThreadStateException IncompatibleClassChangeError IndexOutOfBoundsException InheritableThreadLocal "
    "InstantiationError InstantiationException Integer InternalError InterruptedException Iterable "
    "LayerInstantiationException LinkageError Long Math Module ModuleLayer NegativeArraySizeException "
    "NoClassDefFoundError NoSuchFieldError NoSuchFieldException NoSuchMethodError NoSuchMethodException "
    "NullPointerException Number NumberFormatException Object OutOfMemoryError Override Package Process "
    "ProcessBuilder ProcessHandle Readable Record ReflectiveOperationException Runnable Runtime RuntimeException "
    "RuntimePermission SafeVarargs SecurityException SecurityManager Short StackOverflowError StackTraceElement "
    "StackWalker StrictMath String StringBuffer StringBuilder StringIndexOutOfBoundsException SuppressWarnings "
    "System Thread ThreadDeath ThreadGroup ThreadLocal Throwable TypeNotPresentException UnknownError "
    "UnsatisfiedLinkError UnsupportedClassVersionError UnsupportedOperationException VerifyError "
    "VirtualMachineError Void boolean byte char double float int long short void java javax".split()
)

#: methods of java.lang.Object, which every class has
_OBJECT = frozenset("clone equals finalize getClass hashCode notify notifyAll toString wait".split())


@cache
def _parser() -> Parser:
    import tree_sitter
    import tree_sitter_java

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return tree_sitter.Parser(tree_sitter.Language(tree_sitter_java.language()))


class Java(Language):
    name = "java"
    extensions: tuple[str, ...] = (".java",)
    version = 2
    family = jvm_resolve.FAMILY
    implicit_self = True
    nested_members = True
    universal = _OBJECT

    def extract(self, source: bytes, path: str) -> FileFacts:
        from . import java_types
        from .java_walk import HANDLERS
        from .static_facts import facts_of
        from .static_walk import Rules, Walk

        readable = parseable(source)
        rules = Rules(
            HANDLERS,
            java_types.step,
            java_types.type_expression,
            java_types.ELEMENT,
            java_types.SAME,
            universal=_OBJECT,
        )
        walk = Walk(readable, rules)
        root = _parser().parse(readable).root_node
        walk.run(root)
        return facts_of(walk, self.name, root)

    def resolve_module(self, module: str, importer: str, project: Project) -> Resolution:
        return jvm_resolve.resolve_module(module, importer, project)

    def callable(self, definition: Definition) -> bool:
        return definition.kind not in ("attribute", "constant", "variable") or "component" in definition.decorators

    def of_container(self, member: str) -> Literal["element", "container"] | None:
        from .java_types import ELEMENT, SAME

        return "element" if member in ELEMENT else "container" if member in SAME else None

    def keywords(self) -> frozenset[str]:
        return _KEYWORDS

    def builtins(self) -> frozenset[str]:
        return _BUILTINS


LANGUAGES = (Java(),)
