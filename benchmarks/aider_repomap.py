"""Makes aider's repository map of a git repository, in aider's own environment (benchmarks/index_speed.py starts it).

    python benchmarks/aider_repomap.py REPOSITORY

All files that git tracks go in, as aider passes them, and the map has aider's default size of 1,024 tokens. Tokens are
estimated as a quarter of the characters, which costs nothing beside a tokeniser. Prints one JSON object; `tags` is the
part of the time that went into the tags of files, the rest ranks them and renders the map.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from aider.repomap import RepoMap  # type: ignore[import-not-found]


class Io:
    def tool_output(self, *_: object) -> None:
        pass

    tool_warning = tool_error = tool_output

    def read_text(self, name: str) -> str | None:
        try:
            return Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeError):
            return None


class Model:
    def token_count(self, text: str) -> int:
        return len(text) // 4


def main() -> None:
    root = os.path.abspath(sys.argv[1])
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True, check=True).stdout
    files = [os.path.join(root, name) for name in listed.decode().split("\0") if name]
    repo_map = RepoMap(root=root, main_model=Model(), io=Io())
    spent = 0.0
    get_tags = repo_map.get_tags

    def timed(*arguments: Any) -> Any:
        nonlocal spent
        started = time.perf_counter()
        found = get_tags(*arguments)
        spent += time.perf_counter() - started
        return found

    repo_map.get_tags = timed
    text = repo_map.get_repo_map([], files) or ""
    print(json.dumps({"files": len(files), "tags": round(spent, 3), "characters": len(text)}))


if __name__ == "__main__":
    main()
