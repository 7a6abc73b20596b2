"""Ruby."""

from __future__ import annotations

from ..facts import FileFacts
from . import ruby_resolve
from .base import Language, Project, Resolution
from .ruby_names import BUILTINS, KEYWORDS, MEMBERS


class Ruby(Language):
    name = "ruby"
    extensions: tuple[str, ...] = (".rb", ".rake", ".gemspec", ".ru", ".rbw", ".thor")
    version = 1
    family = "ruby"
    implicit_self = True
    root_members = True

    def extract(self, source: bytes, path: str) -> FileFacts:
        from .ruby_extract import extract  # the grammar is loaded when something is parsed

        return extract(source)

    def resolve_module(self, module: str, importer: str, project: Project) -> Resolution:
        return ruby_resolve.resolve(module, importer, project)

    def joins(self, path: str, other: str, name: str, project: Project) -> bool:
        return name[:1].isupper()  # classes and modules are reopened, top-level methods of two scripts are not one

    def is_home(self, path: str, full_name: str) -> bool:
        file = ruby_resolve.underscored(full_name) + ".rb"
        flat = file.replace("_", "")
        return path == file or path.endswith(f"/{file}") or path.replace("_", "").endswith(f"/{flat}")

    def common_members(self) -> frozenset[str]:
        return MEMBERS

    def keywords(self) -> frozenset[str]:
        return KEYWORDS

    def builtins(self) -> frozenset[str]:
        return BUILTINS


LANGUAGES: tuple[Language, ...] = (Ruby(),)
