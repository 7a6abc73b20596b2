"""Rust."""

from __future__ import annotations

from ..facts import FileFacts
from .base import Language, Project, Resolution

_KEYWORDS = frozenset(
    "as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move "
    "mut pub ref return self Self static struct super trait true type unsafe use where while abstract become box do "
    "final macro override priv typeof unsized virtual yield try gen".split()
)
_PRELUDE = frozenset(
    "bool char f32 f64 i8 i16 i32 i64 i128 isize str u8 u16 u32 u64 u128 usize Option Some None Result Ok Err Box "
    "String Vec Clone Copy Send Sync Sized Drop Fn FnMut FnOnce Iterator IntoIterator Extend Default Debug PartialEq "
    "Eq Ord PartialOrd Hash From Into TryFrom TryInto AsRef AsMut ToOwned ToString DoubleEndedIterator "
    "ExactSizeIterator FromIterator drop std core alloc proc_macro test".split()
)


class Rust(Language):
    name = "rust"
    extensions: tuple[str, ...] = (".rs",)
    version = 1
    bare_members = False
    open_impls = True

    def extract(self, source: bytes, path: str) -> FileFacts:
        from .rust_extract import extract

        return extract(source)

    def resolve_module(self, module: str, importer: str, project: Project) -> Resolution:
        from .rust_modules import resolve

        return resolve(module, importer, project)

    def import_steps(self, module: str) -> tuple[str, tuple[str, ...]]:
        from .rust_modules import steps

        return steps(module)

    def submodule(self, path: str, name: str, project: Project) -> str | None:
        from .rust_modules import tree

        return tree(project).children.get((path, name))

    def keywords(self) -> frozenset[str]:
        return _KEYWORDS

    def builtins(self) -> frozenset[str]:
        return _PRELUDE


LANGUAGES = (Rust(),)
