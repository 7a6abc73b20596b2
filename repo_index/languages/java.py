"""Java."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..facts import Definition
from . import jvm_resolve
from .base import Project, Resolution
from .static_language import StaticLanguage

if TYPE_CHECKING:
    pass

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


class Java(StaticLanguage):
    name = "java"
    extensions: tuple[str, ...] = (".java",)
    version = 2
    grammar = "tree_sitter_java"
    family = jvm_resolve.FAMILY
    universal = _OBJECT

    def resolve_module(self, module: str, importer: str, project: Project) -> Resolution:
        return jvm_resolve.resolve_module(module, importer, project)

    def callable(self, definition: Definition) -> bool:
        return definition.kind not in ("attribute", "constant", "variable") or "component" in definition.decorators

    def keywords(self) -> frozenset[str]:
        return _KEYWORDS

    def builtins(self) -> frozenset[str]:
        return _BUILTINS


LANGUAGES = (Java(),)
