"""How often and how lately files changed, from git's log."""

from __future__ import annotations

from pathlib import Path

from .git import GitError, path_of, run


def change_history(root: Path, commits: int = 1000) -> dict[str, tuple[int, int]]:
    """path -> (commits among the last `commits` that touched it, time of the last one in seconds).

    Paths are relative to `root`, which is the top of a work tree. Empty where there is no commit yet.
    """
    options = ["--no-merges", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-show-signature"]
    try:
        log = run(root, "log", *options, f"-n{commits}", "--name-only", "-z", "--format=%x01%ct%x01", "HEAD", "--")
    except GitError:
        return {}
    found: dict[str, tuple[int, int]] = {}
    time = 0
    for field in log.split(b"\0"):
        if field.startswith(b"\x01"):  # "\x01TIME\x01"; the names follow in fields of their own
            stamp, _, field = field[1:].partition(b"\x01")
            time = int(stamp) if stamp.isdigit() else 0
        name = path_of(field.removeprefix(b"\n"))
        if name:
            count, last = found.get(name, (0, 0))
            found[name] = (count + 1, max(last, time))
    return found
