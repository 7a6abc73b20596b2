"""Names that a language, its runtime or its standard library ask for: members called so cannot have another name."""

from __future__ import annotations

#: functions and methods that are called by their names, by language
CALLED: dict[str, str] = {
    "java": "toString equals hashCode clone finalize readObject writeObject readResolve writeReplace valueOf values "
    "main",
    "csharp": "Main ToString Equals GetHashCode GetEnumerator Deconstruct GetAwaiter",
    "kotlin": "main invoke iterator hasNext next compareTo getValue setValue provideDelegate",
    "scala": "main apply unapply unapplySeq map flatMap foreach withFilter filter update toString equals hashCode",
    "swift": "init deinit subscript main callAsFunction",
    "rust": "main",
    "c": "main",
    "cpp": "main begin end",
    "php": "",
    "ruby": "initialize to_s to_str to_a to_ary to_h to_hash to_proc inspect each call coerce hash included extended "
    "inherited prepended method_missing respond_to_missing? succ new marshal_dump marshal_load",
    "bash": "",
}

_JAVA_THROWN = (
    "getMessage getLocalizedMessage getCause initCause printStackTrace fillInStackTrace getStackTrace setStackTrace "
    "addSuppressed getSuppressed"
)
_JAVA_EXCEPTIONS = (
    "Throwable Exception RuntimeException IOException Error IllegalStateException IllegalArgumentException "
    "UnsupportedOperationException UncheckedIOException"
)
_JAVA_INPUT = "InputStream FilterInputStream ByteArrayInputStream BufferedInputStream"
_JAVA_OUTPUT = "OutputStream FilterOutputStream ByteArrayOutputStream BufferedOutputStream"
_PHP_THROWN = "getMessage getPrevious getCode getFile getLine getTrace getTraceAsString"
_PHP_EXCEPTIONS = "Throwable Exception RuntimeException LogicException InvalidArgumentException DomainException Error"
_RUBY_EXCEPTIONS = "Exception StandardError RuntimeError ArgumentError Error"

#: types of the standard library and the members that they have; any other type from outside may ask for anything
BASES: dict[str, dict[str, str]] = {
    "java": {
        "Object": "",
        "Serializable": "",
        "Cloneable": "",
        "RandomAccess": "",
        "Enum": "compareTo name ordinal getDeclaringClass",
        "Comparable": "compareTo",
        "Runnable": "run",
        "Callable": "call",
        "Closeable": "close",
        "AutoCloseable": "close",
        "Iterable": "iterator forEach spliterator",
        "Iterator": "hasNext next remove forEachRemaining",
        "Comparator": "compare reversed thenComparing",
        "Flushable": "flush",
        "Appendable": "append",
        "CharSequence": "length charAt subSequence chars codePoints isEmpty",
        "Readable": "read",
        **dict.fromkeys(_JAVA_EXCEPTIONS.split(), _JAVA_THROWN),
        **dict.fromkeys(
            _JAVA_INPUT.split(),
            "read skip available close mark reset markSupported readAllBytes readNBytes "
            "skipNBytes transferTo in buf count pos",
        ),
        **dict.fromkeys(_JAVA_OUTPUT.split(), "write flush close out buf count size toByteArray writeTo reset"),
        **dict.fromkeys(
            "Reader FilterReader".split(), "read skip ready close mark reset markSupported transferTo in lock"
        ),
        **dict.fromkeys("Writer FilterWriter".split(), "write append flush close out lock"),
        **dict.fromkeys("FileFilter FilenameFilter Consumer BiConsumer".split(), "accept andThen"),
        **dict.fromkeys("Function BiFunction UnaryOperator BinaryOperator".split(), "apply andThen compose identity"),
        "Predicate": "test and or negate not isEqual",
        "Supplier": "get",
        "Thread": "run start interrupt isAlive join getName setName setDaemon getId getState getPriority",
    },
    "csharp": {
        "IDisposable": "Dispose",
        "IAsyncDisposable": "DisposeAsync",
        "IComparable": "CompareTo",
        "IEquatable": "Equals",
        "IEnumerable": "GetEnumerator",
        "IEnumerator": "Current MoveNext Reset Dispose",
        "ICloneable": "Clone",
        "Attribute": "TypeId Match IsDefaultAttribute",
        "Exception": "Message InnerException StackTrace Data HelpLink HResult Source TargetSite GetBaseException",
    },
    "swift": {
        "CustomStringConvertible": "description",
        "CustomDebugStringConvertible": "debugDescription",
        "Equatable": "",
        "Hashable": "hash hashValue",
        "Comparable": "",
        "Codable": "encode CodingKeys",
        "Encodable": "encode CodingKeys",
        "Decodable": "CodingKeys",
        "Error": "localizedDescription",
        "Sendable": "",
        "CaseIterable": "allCases",
        "Identifiable": "id",
        "RawRepresentable": "rawValue",
        **dict.fromkeys("Int String UInt8 UInt16 UInt32 Double Character".split(), "rawValue"),
    },
    "scala": {
        "App": "main args delayedInit executionStart",
        "Serializable": "",
        "AnyVal": "",
        "AnyRef": "",
        "Product": "productArity productElement productIterator productPrefix canEqual",
    },
    "php": {
        "Countable": "count",
        "Iterator": "current key next rewind valid",
        "IteratorAggregate": "getIterator",
        "ArrayAccess": "offsetGet offsetSet offsetExists offsetUnset",
        "JsonSerializable": "jsonSerialize",
        "Stringable": "",
        **dict.fromkeys(_PHP_EXCEPTIONS.split(), _PHP_THROWN),
    },
    "ruby": {
        "Object": "",
        "BasicObject": "",
        "Comparable": "between? clamp",
        **dict.fromkeys(_RUBY_EXCEPTIONS.split(), "message full_message backtrace exception cause detailed_message"),
    },
    "cpp": {"exception": "what", "runtime_error": "what", "logic_error": "what"},
}
