"""The git pre-commit hook as a file: install it beside what is there, say how it stands, take it out again.

An existing hook is renamed to `pre-commit.v4-saved` and run first; uninstalling renames it back, so its
bytes, mode and link target never change.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .. import __version__
from ..errors import NothingToDo, Refused
from .git import Git

NAME = "pre-commit"
SAVED = "pre-commit.v4-saved"
_MARKER = "# v4 pre-commit hook, version "

#: Only status 1 with findings on standard output blocks: a crash, a missing interpreter or a kill does not.
_SCRIPT = """\
#!/bin/sh
{marker}{version}. Made by `v4 hook install`; `v4 hook uninstall` restores what was here before.
# Skip it once with SKIP=v4 git commit, or git commit --no-verify.

here=$(dirname -- "$0")
if [ "${{V4_HOOK_RUNNING:-}}" = "$here" ]; then
    exit 0  # reached again through the hook that it runs first
fi
if [ -x "$here/{saved}" ]; then
    V4_HOOK_RUNNING=$here "$here/{saved}" "$@" || exit $?
fi
case ",${{SKIP:-}}," in
    *,v4,*) exit 0 ;;
esac

python={python}
if [ -x "$python" ] && [ -f {module} ]; then
    set -- "$python" -P -m v4cli.review  # -P: never import from the repository
elif found=$(command -v v4); then
    set -- "$found" review --staged --hook
else
    echo "v4: not found, so the commit is not checked (v4 hook uninstall removes this hook)" >&2
    exit 0
fi
findings=$("$@")
status=$?
if [ "$status" -eq 1 ] && [ -n "$findings" ]; then
    printf '%s\\n' "$findings" >&2
    exit 1
fi
if [ "$status" -ne 0 ]; then
    echo "v4: the check did not finish (status $status), so the commit is not checked" >&2
elif [ -n "$findings" ]; then
    printf '%s\\n' "$findings" >&2
fi
exit 0
"""


@dataclass(frozen=True)
class HookState:
    """How the hook stands. `version` is that of the installed script, "" when it is not v4's."""

    path: Path
    installed: bool
    version: str
    saved: Path | None
    foreign: bool
    """Another hook stands in its place."""
    shared: bool
    """The hooks folder lies outside the repository (core.hooksPath), so other repositories use it too."""


def state(git: Git) -> HookState:
    """Read only."""
    (folder,) = git.paths("hooks")
    hook, saved = folder / NAME, folder / SAVED
    version = _version(hook)
    return HookState(
        path=hook,
        installed=version is not None,
        version=version or "",
        saved=saved if os.path.lexists(saved) else None,
        foreign=version is None and os.path.lexists(hook),
        shared=_is_shared(git, folder),
    )


def script() -> str:
    """The hook script for this installation of v4."""
    python = shlex.quote(Path(sys.executable).absolute().as_posix())
    module = shlex.quote(Path(__file__).with_name("__main__.py").absolute().as_posix())
    return _SCRIPT.format(marker=_MARKER, version=__version__, saved=SAVED, python=python, module=module)


def install(git: Git, *, force: bool = False) -> HookState:
    """Write the hook; again is harmless. Raises Refused where that would touch more than this repository,
    or silence a hook that finds its work by its own name, unless `force`."""
    found = state(git)
    if found.shared and not force:
        raise Refused(
            f"core.hooksPath points to {found.path.parent}, outside this repository: every repository that "
            "uses it would run the check. Use --force if that is meant"
        )
    if found.foreign:
        if found.saved is not None:
            raise Refused(
                f"{found.path} is not v4's, and {found.saved.name} already holds an earlier hook: "
                "keep one of the two, then run again"
            )
        if _needs_its_name(found.path) and not force:
            raise Refused(
                f"{found.path} starts other hooks by its own file name, which keeping it under another name "
                "would break: add the line `v4 review --staged --hook` to the hook that it starts instead "
                "(for husky: .husky/pre-commit), or use --force"
            )
    found.path.parent.mkdir(parents=True, exist_ok=True)
    if found.foreign:
        saved = found.path.with_name(SAVED)
        found.path.rename(saved)
        try:
            _write(found.path, script())
        except BaseException:
            saved.rename(found.path)
            raise
    else:
        _write(found.path, script())
    return state(git)


def uninstall(git: Git) -> HookState:
    """Remove the hook and put back what was there. Raises NothingToDo when it is not installed."""
    found = state(git)
    if not found.installed:
        detail = f"{found.path} is not v4's" if found.foreign else "there is no v4 hook here"
        raise NothingToDo(f"nothing to uninstall: {detail}")
    if found.saved is not None:
        os.replace(found.saved, found.path)
    else:
        found.path.unlink()
    return state(git)


def _version(hook: Path) -> str | None:
    """The version in the marker line of a v4 hook, None for anything else."""
    try:
        if hook.is_symlink() or not hook.is_file():
            return None
        head = hook.read_bytes()[:1000].decode("utf-8", "replace")
    except OSError:
        return None
    found = re.search(rf"^{re.escape(_MARKER)}(\S+)\. ", head, re.MULTILINE)
    return found[1] if found else None


def _needs_its_name(hook: Path) -> bool:
    """Whether a hook is a dispatcher that looks at the name it was called by (husky, overcommit)."""
    try:
        text = hook.read_bytes()[:65536]
    except OSError:
        return False
    named = re.search(rb'basename\s+(?:--\s+)?"?\$\{?0|basename\(\$(?:0|PROGRAM_NAME)|\$\{0##', text)
    husky = re.search(rb'^\.\s+"?\$(?:\(dirname|\{0%)[^\n]*/(?:h|husky\.sh)"?\s*$', text, re.MULTILINE)
    return bool(named or husky)


def _is_shared(git: Git, folder: Path) -> bool:
    _, out, _ = git.try_run("rev-parse", "--git-common-dir")
    common = git.root / os.fsdecode(out.rstrip(b"\n"))
    resolved = folder.resolve()
    return not any(resolved.is_relative_to(place.resolve()) for place in (git.root, common))


def _write(path: Path, text: str) -> None:
    """All or nothing, executable, with the mode that the umask allows."""
    descriptor, name = tempfile.mkstemp(prefix=".pre-commit-v4-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(text.encode("utf-8", "surrogateescape"))
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o777 & ~umask)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
