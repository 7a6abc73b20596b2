"""Running the user's own check (his tests, a build) on the changed repository, in a throw-away copy of it.

The copy is a repository of its own: it borrows the user's objects read-only and knows his commits, branches
and tags by name, but nothing the command does to git reaches his repository, and no hook runs. Files are copied
as they stand in the work tree, changed or not committed as they may be; then the change is written over them.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from ..errors import EnvironmentLacks
from . import git
from .changes import FileChange
from .verify import Check

#: seconds
TIMEOUT = 600
#: lines of the command's output that a failure shows
TAIL = 20
#: ignored folders that checks need and do not change: linked, not copied
_LINKED = ("node_modules", ".venv", "venv", "env")
_SECRET = re.compile(r"TOKEN|SECRET|PASSW|CREDENTIAL|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|_AUTH$", re.IGNORECASE)


def run_check(root: Path, changes: list[FileChange], command: str, timeout: float = TIMEOUT) -> Check:
    """Run `command` by the shell in a copy of `root` with `changes` made; it passes when it ends with 0.

    The environment lacks variables that look like secrets; PYTHONPATH starts with the copy (and its src/), so
    that an editable installation does not lead back to the unchanged files. The copy is removed in any case.
    Raises EnvironmentLacks when there is no room for it.
    """
    with tempfile.TemporaryDirectory(prefix="v4-check-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / (root.name or "repository")
        try:
            materialise(root, copy, changes)
        except OSError as error:
            raise EnvironmentLacks(f"--check: cannot make a copy of the work tree: {error}") from None
        return _run(copy, command, timeout, Path(folder) / "output")


def materialise(root: Path, copy: Path, changes: list[FileChange]) -> None:
    """Make `copy` the work tree of `root` with `changes`, as a repository with the same history."""
    copy.mkdir()
    git.output(copy, "init", "--quiet", "--template=", f"--object-format={_hash(root)}")
    common = Path(os.fsdecode(git.output(root, "rev-parse", "--git-common-dir").rstrip(b"\n")))
    common = common if common.is_absolute() else root / common
    (copy / ".git/objects/info").mkdir(exist_ok=True)
    (copy / ".git/objects/info/alternates").write_bytes(os.fsencode(common.resolve() / "objects") + b"\n")
    if (common / "shallow").exists():
        shutil.copyfile(common / "shallow", copy / ".git/shallow")
    head = git.call(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").stdout.strip()
    if head:
        refs = git.output(root, "for-each-ref", "--format=%(objectname) %(refname)")
        (copy / ".git/packed-refs").write_bytes(refs)
        (copy / ".git/HEAD").write_bytes(head + b"\n")
        git.output(copy, "read-tree", "HEAD")
    listed = git.output(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    links: dict[Path, bool] = {root: False}
    for name in sorted(set(listed.split(b"\0")) - {b""}):
        if not _behind_link((root / os.fsdecode(name)).parent, links):
            _copy(root, copy, os.fsdecode(name))
    for change in changes:
        _write(copy, change)
    for linked in _LINKED:
        if (root / linked).is_dir() and not os.path.lexists(copy / linked):
            (copy / linked).symlink_to(root / linked)


def _hash(root: Path) -> str:
    known = git.call(root, "rev-parse", "--show-object-format")
    return known.stdout.decode().strip() if known.returncode == 0 else "sha1"


def _behind_link(folder: Path, known: dict[Path, bool]) -> bool:
    """Whether a folder of the tree is, or lies behind, a symbolic link: a copy would be written through it."""
    if folder not in known:
        known[folder] = folder.is_symlink() or _behind_link(folder.parent, known)
    return known[folder]


def _copy(root: Path, copy: Path, name: str) -> None:
    source, target = root / name, copy / name
    if source.is_dir() and not source.is_symlink():  # a submodule
        shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns(".git"), dirs_exist_ok=True)
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink() or source.is_file():
            shutil.copy2(source, target, follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        pass  # listed but removed from the work tree


def _write(copy: Path, change: FileChange) -> None:
    place = copy / change.path
    if change.after is None:
        place.unlink(missing_ok=True)
        parent = place.parent
        while parent != copy and not any(parent.iterdir()):
            parent.rmdir()
            parent = parent.parent
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(change.after)
    if change.executable:
        place.chmod(0o755)


def _environment(copy: Path) -> dict[str, str]:
    kept = {k: v for k, v in git.user_environment().items() if not _SECRET.search(k)}
    ways = [str(copy), *([str(copy / "src")] if (copy / "src").is_dir() else []), kept.get("PYTHONPATH", "")]
    kept["PYTHONPATH"] = os.pathsep.join(way for way in ways if way)
    kept["PYTHONDONTWRITEBYTECODE"] = "1"
    return kept


def _run(copy: Path, command: str, timeout: float, log: Path) -> Check:
    with open(log, "wb") as output:
        process = subprocess.Popen(
            command,
            shell=True,  # the user's own command, from the flag or the environment, never from the repository
            cwd=copy,
            env=_environment(copy),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code: int | None = process.wait(timeout)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(process)
    if code == 0:
        return Check("command", True, f"{command}: passed")
    outcome = f"no end after {timeout:g} s" if code is None else f"exit code {code}"
    return Check("command", False, f"{command}: {outcome}\n{_tail(log)}".rstrip())


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command and whatever it started and left running."""
    if hasattr(os, "killpg"):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
    elif process.poll() is None:
        process.kill()
    process.wait()


def _tail(log: Path) -> str:
    with open(log, "rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - 20_000))
        lines = file.read().decode("utf-8", "replace").splitlines()
    return "\n".join(lines[-TAIL:])
