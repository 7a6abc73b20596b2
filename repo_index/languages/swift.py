"""Swift."""

from __future__ import annotations

from ..facts import FileFacts
from . import swift_targets
from .base import Language, Project, Resolution

_KEYWORDS = frozenset(
    """
    Any Self actor as associatedtype async await break case catch class continue default defer deinit do else enum
    extension fallthrough false fileprivate for func guard if import in init inout internal is let nil operator
    precedencegroup private protocol public repeat rethrows return self static struct subscript super switch throw
    throws true try typealias var where while
    """.split()
)
_BUILTINS = frozenset(
    """
    AnyHashable AnyObject Array Bool CGFloat Character Codable CodingKey Comparable Data Date Decodable Decoder
    Dictionary DispatchQueue Double Encodable Encoder Equatable Error Float Hashable Hasher Identifiable Int Int16
    Int32 Int64 Int8 Never NSError NSObject Optional Range Result Sendable Sequence Set String Substring Task UInt
    UInt16 UInt32 UInt64 UInt8 URL UUID UnsafeMutablePointer UnsafePointer Void abs assert assertionFailure
    debugPrint fatalError max min precondition preconditionFailure print stride type withUnsafeBytes zip
    """.split()
)


class Swift(Language):
    """Files of a module see each other's names; members of a type may stand in extensions anywhere."""

    name = "swift"
    extensions: tuple[str, ...] = (".swift",)
    version = 2
    family = "swift"
    implicit_self = True

    def extract(self, source: bytes, path: str) -> FileFacts:
        from .swift_walk import extract

        return extract(source, self.name, self.builtins())

    def resolve_module(self, module: str, importer: str, project: Project) -> Resolution:
        files = swift_targets.files(module, project) if module else ()
        if not files:
            return Resolution("external")
        return Resolution("resolved", candidates=files, namespace=module)

    def reaches(self, path: str, other: str, name: str, exported: bool, project: Project) -> bool:
        if path == other:
            return True
        if not exported:
            return False
        theirs, mine = swift_targets.target(other, project), swift_targets.target(path, project)
        if theirs == mine or theirs in swift_targets.imported(path, project):
            return True
        return mine in swift_targets.imported(other, project)  # an extension of what `path` defines

    def joins(self, path: str, other: str, name: str, project: Project) -> bool:
        return self.reaches(path, other, name, True, project) or self.reaches(other, path, name, True, project)

    def keywords(self) -> frozenset[str]:
        return _KEYWORDS

    def builtins(self) -> frozenset[str]:
        return _BUILTINS


LANGUAGES = (Swift(),)
