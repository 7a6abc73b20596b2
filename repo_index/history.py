"""How often and how lately files changed, from git's log."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

COMMITS = 1000


def change_history(root: Path, commits: int = COMMITS) -> dict[str, tuple[int, int]]:
    """path -> (commits among the last `commits` that touched it, time of the last one in seconds).

    Paths are relative to `root`, which is the top of a work tree. Empty where there is no commit or no git.
    """
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    command = ["git", "-C", str(root), "-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "log"]
    command += ["--no-merges", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-show-signature"]
    command += [f"--max-count={commits}", "--name-only", "-z", "--format=%x01%ct%x01", "HEAD", "--"]
    try:
        done = subprocess.run(command, capture_output=True, env=env)
    except OSError:
        return {}
    if done.returncode:
        return {}
    found: dict[str, tuple[int, int]] = {}
    time = 0
    for field in done.stdout.split(b"\0"):
        if field.startswith(b"\x01"):  # "\x01TIME\x01"; the names follow in fields of their own
            stamp, _, field = field[1:].partition(b"\x01")
            time = int(stamp) if stamp.isdigit() else 0
        name = os.fsdecode(field.removeprefix(b"\n"))
        if name:
            count, last = found.get(name, (0, 0))
            found[name] = (count + 1, max(last, time))
    return found
