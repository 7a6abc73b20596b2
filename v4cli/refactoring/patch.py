"""Git patches of a change, made by git itself in a throw-away repository, so that they apply by construction.

Both sides of the change are given to git as bytes, in an empty bare repository of their own: the user's
repository is only asked for its hash function, and no configuration, attribute, filter or external diff of
his can shape the patch.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import EnvironmentLacks
from . import git
from .changes import FileChange, from_contents
from .verify import Check

_DIFF = ("diff-tree", "-r", "-M", "--no-color", "--no-ext-diff", "--no-textconv")
_SETTINGS = (
    "diff.noprefix=false",
    "diff.mnemonicPrefix=false",
    "diff.context=3",
    "diff.interHunkContext=0",
    "diff.renameLimit=0",
    "diff.algorithm=myers",
    "diff.indentHeuristic=true",
    "diff.suppressBlankEmpty=false",
    "diff.orderFile=",
    "core.attributesFile=/dev/null",
    "fastimport.unpackLimit=0",
)


@dataclass(frozen=True, slots=True)
class FileStat:
    """Lines added and removed in one file; `old_path` is set for a file that moved."""

    path: str
    old_path: str | None
    added: int
    removed: int

    def as_json(self) -> dict[str, Any]:
        return {"path": self.path, "old_path": self.old_path, "added": self.added, "removed": self.removed}


@dataclass(frozen=True, slots=True)
class Patch:
    """`text` is the patch decoded as UTF-8 with surrogateescape: encoded the same way it is git's bytes.

    `portable` is the same change with every file that is not UTF-8 as a binary hunk, so that it survives
    where only Unicode text does (JSON); it is `text` itself where that is Unicode already.
    """

    text: str
    portable: str
    files: list[FileStat]


def render(root: Path, changed: dict[str, bytes | None], moves: dict[str, str]) -> str:
    """The git patch from the work tree's present files to `changed` (path -> content, None: removed).

    `moves` (new path -> old path) only carries file modes over; git finds the renames itself.
    Apply it at the top folder with `git apply`. Raises EnvironmentLacks when git fails.
    """
    before: dict[str, bytes | None] = {}
    for path in changed:
        try:
            before[path] = (root / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            before[path] = None
    return make(root, from_contents(root, before, changed, moves)).text


def make(root: Path, changes: list[FileChange]) -> Patch:
    """The patch of `changes` and its size per file. Raises EnvironmentLacks when git fails."""
    if not changes:
        return Patch("", "", [])
    with tempfile.TemporaryDirectory(prefix="v4-patch-") as folder:
        store = _store(root, folder)
        _import(store, changes)
        text = _diff(store, changes)
        portable = text
        if not _is_unicode(text):
            names = [change.path for change in changes if _is_not_utf8(change)]
            _force_binary(store, names)
            portable = _diff(store, changes)
            (store / "info" / "attributes").unlink()
        return Patch(text, portable, _stats(store))


def check_applies(root: Path, patch: Patch, changes: list[FileChange]) -> Check:
    """Whether `git apply` takes the patch in the work tree as it is."""
    name = "patch applies"
    if filtered := _filtered(root, [change.path for change in changes]):
        return Check(name, False, f"{filtered[0]} passes through a git filter: what git holds is not what it shows")
    data = patch.text.encode("utf-8", "surrogateescape")
    overrides = (*git.OVERRIDES, "apply.whitespace=nowarn", "apply.ignoreWhitespace=no")
    done = git.call(root, "apply", "--check", "-", stdin=data, overrides=overrides)
    if done.returncode:
        return Check(name, False, git.last_line(done.stderr))
    return Check(name, True, f"git apply --check takes it: {len(patch.files)} files")


def _filtered(root: Path, names: list[str]) -> list[str]:
    """Those of `names` that a clean/smudge filter (such as large file storage) or a re-encoding applies to."""
    stdin = b"".join(os.fsencode(name) + b"\0" for name in names)
    done = git.call(root, "check-attr", "-z", "--stdin", "filter", "working-tree-encoding", stdin=stdin)
    fields = done.stdout.split(b"\0")
    triples = zip(fields[0::3], fields[1::3], fields[2::3], strict=False)
    return [os.fsdecode(path) for path, _, value in triples if value not in {b"unspecified", b"unset"}]


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _is_not_utf8(change: FileChange) -> bool:
    for content in (change.before, change.after):
        try:
            (content or b"").decode("utf-8")
        except UnicodeDecodeError:
            return True
    return False


def _call(store: Path, *arguments: str, stdin: bytes = b"", quote: bool = True) -> bytes:
    env = git.environment(
        GIT_CONFIG_NOSYSTEM="1",
        GIT_CONFIG_SYSTEM=os.devnull,
        GIT_CONFIG_GLOBAL=os.devnull,
        GIT_ATTR_NOSYSTEM="1",
    )
    env = {k: v for k, v in env.items() if not k.startswith("GIT_CONFIG_") or v in {"1", os.devnull}}
    quoting = f"core.quotePath={'true' if quote else 'false'}"
    done = git.call(
        store,
        f"--git-dir={store}",
        *arguments,
        stdin=stdin,
        overrides=(*git.OVERRIDES, *_SETTINGS, quoting),
        env=env,
    )
    if done.returncode:
        raise EnvironmentLacks(f"git {arguments[0]} failed while making the patch: {git.last_line(done.stderr)}")
    return done.stdout


def _store(root: Path, folder: str) -> Path:
    """An empty bare repository with the same hash function as the user's."""
    known = git.call(root, "rev-parse", "--show-object-format")
    hash_name = known.stdout.decode().strip() if known.returncode == 0 else "sha1"
    store = Path(folder)
    _call(store, "init", "--quiet", "--bare", "--template=", f"--object-format={hash_name}")
    return store


def _quoted(path: str) -> bytes:
    special = {0x22: b'\\"', 0x5C: b"\\\\", 0x0A: b"\\n"}
    return b'"' + b"".join(special.get(byte, bytes([byte])) for byte in os.fsencode(path)) + b'"'


def _import(store: Path, changes: list[FileChange]) -> None:
    """Two commits, refs/before and refs/after, holding nothing but the changed files."""
    stream: list[bytes] = []
    for ref in ("before", "after"):
        stream.append(b"commit refs/%s\ncommitter v4 <> 0 +0000\ndata 0\n" % ref.encode())
        for change in changes:
            content = change.before if ref == "before" else change.after
            if content is not None:
                mode = b"100755" if change.executable else b"100644"
                stream.append(b"M %s inline %s\n" % (mode, _quoted(change.path)))
                stream.append(b"data %d\n%s\n" % (len(content), content))
        stream.append(b"\n")
    _call(store, "fast-import", "--quiet", stdin=b"".join(stream))


def _diff(store: Path, changes: list[FileChange]) -> str:
    quote = not all(_is_unicode(change.path) for change in changes)
    options = ("-p", "--binary", "--full-index", "--src-prefix=a/", "--dst-prefix=b/")
    text = _call(store, *_DIFF, *options, "refs/before", "refs/after", quote=quote)
    return text.decode("utf-8", "surrogateescape")


def _force_binary(store: Path, names: list[str]) -> None:
    (store / "info").mkdir(exist_ok=True)
    lines = []
    for name in names:
        # attribute patterns are globs: escape their special characters, then quote the whole
        pattern = "".join("\\" + char if char in "\\*?[" else char for char in name)
        lines.append(_quoted("/" + pattern) + b" -diff\n")
    (store / "info" / "attributes").write_bytes(b"".join(lines))


def _stats(store: Path) -> list[FileStat]:
    fields = _call(store, *_DIFF, "--numstat", "-z", "refs/before", "refs/after").split(b"\0")
    stats: list[FileStat] = []
    position = 0
    while position < len(fields) and fields[position]:
        added, removed, name = fields[position].split(b"\t", 2)
        position += 1
        old = None
        if not name:  # a rename: the two names follow
            old, name = os.fsdecode(fields[position]), fields[position + 1]
            position += 2
        counts = [0 if count == b"-" else int(count) for count in (added, removed)]
        stats.append(FileStat(os.fsdecode(name), old, counts[0], counts[1]))
    return sorted(stats, key=lambda stat: stat.path)
