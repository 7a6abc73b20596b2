"""Conditions that operations share: which files a change may reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from .lookup import matches

if TYPE_CHECKING:
    from repo_index import Index


class Scope(BaseModel):
    """The files whose uses of a symbol follow a change. By default all of them.

    `only_paths` and `except_paths` are globs or names of folders; what both cover stays out. `tests` says whether
    files of tests belong to it: all files, only those of tests, or all except those.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    only_paths: list[str] = Field(default_factory=list)
    except_paths: list[str] = Field(default_factory=list)
    tests: Literal["all", "only", "except"] = "all"

    def reason(self, index: Index, path: str) -> str:
        """Why the file stays as it is; "" for one that the change may reach."""
        if matches(path, self.except_paths) or (self.only_paths and not matches(path, self.only_paths)):
            return "outside of the paths asked for"
        if self.tests != "all":
            in_tests = index.role(path) == "test"
            if self.tests == "only" and not in_tests:
                return "not a file of tests, and only those were asked for"
            if self.tests == "except" and in_tests:
                return "a file of tests, which were to stay"
        return ""
