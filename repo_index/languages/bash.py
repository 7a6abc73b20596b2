"""Bash and POSIX shell."""

from __future__ import annotations

from ..facts import FileFacts
from .base import Language, Project, Resolution

_KEYWORDS = frozenset(
    "if then elif else fi time for in until while do done case esac coproc select function [[ ]] { } !".split()
)
_BUILTINS = frozenset(
    ". : [ alias bg bind break builtin caller cd command compgen complete compopt continue declare dirs disown echo "
    "enable eval exec exit export false fc fg getopts hash help history jobs kill let local logout mapfile popd printf "
    "pushd pwd read readarray readonly return set shift shopt source suspend test times trap true type typeset ulimit "
    "umask unalias unset wait PATH HOME USER SHELL PWD OLDPWD IFS LANG LC_ALL TERM EDITOR HOSTNAME HOSTTYPE OSTYPE "
    "MACHTYPE RANDOM SECONDS LINENO BASH BASH_SOURCE BASH_VERSION BASH_LINENO FUNCNAME BASHPID PPID UID EUID OPTARG "
    "OPTIND REPLY PS1 PS2 PS4 TMPDIR DISPLAY COLUMNS LINES PIPESTATUS".split()
)


class Bash(Language):
    name = "bash"
    extensions: tuple[str, ...] = (".sh", ".bash", ".bats")
    version = 1

    def extract(self, source: bytes, path: str) -> FileFacts:
        from .bash_extract import extract

        return extract(source)

    def resolve_module(self, module: str, importer: str, project: Project) -> Resolution:
        from .bash_sources import resolve

        return resolve(module, importer, project)

    def keywords(self) -> frozenset[str]:
        return _KEYWORDS

    def builtins(self) -> frozenset[str]:
        return _BUILTINS


LANGUAGES = (Bash(),)
