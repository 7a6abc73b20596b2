"""What a pack is made of: segments of files, what was left out, and the manifest of what stands where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Form = Literal["whole", "signatures", "map", "excerpt", "changed", "deleted"]


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of one file. `text` is what the pack shows, after masking, without the header line.

    Lines count from 1, both ends included. `tokens` includes the header line. `blob` is the git hash of the
    file's content. `masked` counts secrets hidden inside.
    """

    path: str
    start_line: int
    end_line: int
    text: str
    blob: str
    role: str
    form: Form
    tokens: int = 0
    masked: int = 0

    def render(self) -> str:
        """The segment with its header, ending in a line feed; a line of the map has no header."""
        shown = self.path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        where = f"{shown}:{self.start_line}-{self.end_line}"
        body = self.text if self.text.endswith("\n") or not self.text else self.text + "\n"
        if self.form == "map":
            return f"{where}  {body}".rstrip() + "\n"
        if self.form == "deleted":
            return f"===== {shown} (deleted) =====\n"
        note = "" if self.form == "whole" else f" ({self.form})"
        return f"===== {where}{note} =====\n{body}"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that the pack does not show in full. `form` is what it shows instead, "" for nothing."""

    path: str
    reason: str
    form: Form | Literal[""] = ""


@dataclass(frozen=True, slots=True)
class Pack:
    """Segments in order, the last `tail` of them chosen for the question; `tokens` never exceeds `budget`."""

    segments: tuple[Segment, ...]
    left_out: tuple[LeftOut, ...]
    budget: int
    tokens: int
    order: str
    tail: int = 0
    question: str = ""

    def render(self) -> str:
        """The text whose tokens were counted."""
        return "".join(segment.render() for segment in self.segments)

    def manifest(self) -> dict[str, Any]:
        """What stands where: token and character offsets are half-open and refer to render()."""
        rows = []
        tokens = characters = 0
        stable = len(self.segments) - self.tail
        for number, s in enumerate(self.segments):
            length = len(s.render())
            rows.append(
                {
                    "path": s.path,
                    "start_line": s.start_line,
                    "end_line": s.end_line,
                    "form": s.form,
                    "part": "stable" if number < stable else "question",
                    "role": s.role,
                    "blob": s.blob,
                    "tokens": s.tokens,
                    "token_start": tokens,
                    "token_end": tokens + s.tokens,
                    "character_start": characters,
                    "character_end": characters + length,
                    "masked": s.masked,
                }
            )
            tokens += s.tokens
            characters += length
        return {
            "budget": self.budget,
            "tokens": self.tokens,
            "order": self.order,
            "question": self.question or None,
            "segments": rows,
            "left_out": [{"path": x.path, "reason": x.reason, "form": x.form or None} for x in self.left_out],
        }
