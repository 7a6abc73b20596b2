"""Where output goes: results to standard output, everything else to standard error.

Text from a repository or a model is never interpreted as markup, and its control characters are made visible,
so that a file cannot move the cursor, recolour the terminal or hide text (bidirectional overrides).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

_HIDDEN = {ord(c) for c in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"}


def _visible(char: str) -> str:
    code = ord(char)
    if char in "\n\t":
        return char
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, carried by surrogateescape
        return f"\\x{code - 0xDC00:02x}"
    if code < 32 or 127 <= code < 160 or code in _HIDDEN or 0xD800 <= code <= 0xDFFF:
        return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    return char


def safe(text: str) -> str:
    """The text with control and bidirectional characters escaped (line feeds and tabs stay)."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_visible, text))


class Output:
    """The streams of one command. `quiet` drops diagnostics, `as_json` keeps standard output to one object."""

    def __init__(self, *, as_json: bool = False, quiet: bool = False, debug: bool = False) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.debug = debug
        self._consoles: dict[str, Console] = {}

    def console(self, stream: str = "stdout") -> Console:
        """A rich console without markup on "stdout" or "stderr"; made when first needed, since rich is slow."""
        if stream not in self._consoles:
            from rich.console import Console

            self._consoles[stream] = Console(
                file=sys.stdout if stream == "stdout" else sys.stderr,
                markup=False,
                highlight=False,
                emoji=False,
                soft_wrap=True,
                no_color=bool(os.environ.get("NO_COLOR")) or None,
            )
        return self._consoles[stream]

    def print(self, text: str = "") -> None:
        """A line of the result; with --json it is dropped."""
        if not self.as_json:
            print(safe(text))

    def lines(self, texts: Iterable[str]) -> None:
        for text in texts:
            self.print(text)

    def raw(self, text: str) -> None:
        """Result text as it is (a patch, a pack): byte for byte when standard output is a pipe or a file."""
        if self.as_json:
            return
        if sys.stdout.isatty():
            sys.stdout.write(safe(text))
        else:
            sys.stdout.flush()
            sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
            sys.stdout.buffer.flush()

    def stream(self, piece: str) -> None:
        """A piece of streamed result, shown at once."""
        if not self.as_json:
            sys.stdout.write(safe(piece))
            sys.stdout.flush()

    def note(self, text: str) -> None:
        """A diagnostic line on standard error; --quiet drops it."""
        if not self.quiet:
            print(safe(text), file=sys.stderr)

    def json(self, command: str, payload: dict[str, Any], one_line: bool = False) -> None:
        """The one JSON object of a --json run; of several, each on a line of its own."""
        document = {"schema": 1, "command": command, **payload}
        text = json.dumps(document, ensure_ascii=False, indent=None if one_line else 2)
        sys.stdout.write(text.encode("utf-8", "replace").decode())
        sys.stdout.write("\n")
        sys.stdout.flush()

    @contextmanager
    def progress(self, label: str, total: int | None = None, unit: str = "files") -> Iterator[Any]:
        """A progress bar on standard error when that is a terminal; yields advance(done, total=None)."""
        if self.quiet or not sys.stderr.isatty():
            yield lambda done, total=None: None
            return
        from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
        from rich.text import Text

        class Rate(ProgressColumn):
            def render(self, task: Task) -> Text:
                return Text(f"{task.speed:,.0f} {unit}/s" if task.speed else "")

        done_of = TextColumn("{task.completed:.0f}/{task.total:.0f} {task.fields[unit]}")
        columns = (TextColumn("{task.description}"), BarColumn(), done_of, Rate(), TimeRemainingColumn())
        with Progress(*columns, console=self.console("stderr"), transient=True) as bar:
            task = bar.add_task(label, total=total or 1, unit=unit)

            def advance(done: float, total: float | None = None) -> None:
                bar.update(task, completed=done, total=total)

            yield advance
