"""The three uses on a real repository: index it, ask about it, refactor it. `make demo` runs this.

Fetches the source release of Scrapy (pinned by digest), commits it to a new git repository under .cache/demo,
and runs `v4` there as processes of their own. Prints the time and the peak memory of each step, and checks what
comes out: at least two checked citations, and a patch over several files that `git apply --check` accepts.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

from .releases import repository

EXACT = "What calls get_retry_request?"
QUESTION = "How does RetryMiddleware decide that a response should be retried?"
INSTRUCTION = "Rename get_retry_request to make_retry_request and update the tests and the documentation too."


def _step(title: str, folder: Path, *arguments: str, echo: bool = True) -> str:
    """Run `v4 ARGUMENTS` in the folder; show and return its standard output, then its time and peak memory."""
    print(f"\n\033[1m$ v4 {shlex.join(arguments)}\033[0m" if sys.stdout.isatty() else f"\n$ v4 {shlex.join(arguments)}")
    sys.stdout.flush()
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+b") as captured:
        process = subprocess.Popen([sys.executable, "-m", "v4cli.main", *arguments], cwd=folder, stdout=captured)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - started
        text = _read(captured)
    if echo:
        print(text.rstrip())
    # ru_maxrss is in kilobytes on Linux and in bytes on macOS
    peak = usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
    print(f"[{title}: {seconds:.1f} s, peak memory {peak:,.0f} MB]")
    if process.returncode:
        sys.exit(f"demo: `v4 {arguments[0]}` ended with exit code {process.returncode}")
    return text


def _read(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode("utf-8", "replace")


def main() -> int:
    folder = Path(".cache/demo").resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    root = repository("scrapy", folder / "scrapy")
    _step("index", root, "index")
    _step("a question that the graph answers", root, "ask", EXACT)
    _step("a question for the model", root, "ask", QUESTION, "--json", echo=False)
    answer = json.loads(_step("the same question again", root, "ask", QUESTION, "--json", echo=False))
    print(f"\n{answer['answer']}\n")
    for citation in answer["citations"]:
        print(f"  cited: {citation['path']}:{citation['start_line']}-{citation['end_line']}")
    patch = folder / "rename.patch"
    _step("refactor", root, "refactor", INSTRUCTION, "--out", str(patch))
    subprocess.run(["git", "-C", str(root), "apply", "--check", str(patch)], check=True)
    stat = subprocess.run(["git", "-C", str(root), "apply", "--stat", str(patch)], check=True, capture_output=True)
    print(stat.stdout.decode())
    files = patch.read_text(encoding="utf-8").count("\ndiff --git") + 1
    problems = []
    if len(answer["citations"]) < 2:
        problems.append("the answer has fewer than two checked citations")
    if files < 3:
        problems.append("the patch covers fewer than three files")
    if problems:
        sys.exit("demo: " + "; ".join(problems))
    print(f"git apply --check accepts the patch ({files} files). It is in {patch};")
    print(f"the repository is in {root}, untouched. Try: cd {root} && v4 ask '...'")
    return 0


if __name__ == "__main__":
    sys.exit(main())
