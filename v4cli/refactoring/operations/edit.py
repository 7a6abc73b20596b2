"""A free edit: one function, class or region of lines rewritten."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from ...errors import NothingToDo, Refused
from ..operation import Operation, Outcome
from ..rewriting import gates
from ..rewriting.imports import add_imports
from ..rewriting.region import Region, of_lines, of_symbol, with_indent
from ..workspace import Edit as ByteEdit
from ..workspace import Workspace


class Edit(Operation):
    """Puts `replacement` in the place of one definition (`symbol`) or of whole lines (`path`, `start_line`,
    `end_line`), and adds the Python `imports` that it needs. Nothing else in the repository is touched.

    The text is part of the plan: the model writes it when the plan is made (planning/free_edit.py), so that a plan
    runs without a model and gives the same result every time. It stands at the left margin and gets the
    indentation of its place. Refused: text that does not parse, that is not exactly one definition of the symbol's
    name and kind, that loses a definition or an import of the file (unless `removes` names it), or that defines
    something beside the symbol.
    """

    kind: Literal["edit"] = "edit"
    symbol: str | None = Field(default=None, description="path::qualified.name of a function, method or class")
    path: str | None = Field(default=None, description="with start_line and end_line: the lines to rewrite")
    start_line: int | None = Field(default=None, ge=1)
    end_line: int | None = Field(default=None, ge=1)
    instruction: str = Field(default="", description="what the text was written for")
    replacement: str | None = Field(default=None, description="the new text, from the left margin")
    imports: list[str] = Field(default_factory=list, description="import statements that the text needs")
    removes: list[str] = Field(default_factory=list, description="names of the file that may go")

    @model_validator(mode="after")
    def _one_place(self) -> Edit:
        lines = self.path is not None and self.start_line is not None and self.end_line is not None
        if (self.symbol is not None) == lines:
            raise ValueError("give symbol, or path with start_line and end_line")
        return self

    def region(self, ws: Workspace) -> Region:
        if self.symbol is not None:
            return of_symbol(ws, self.symbol)
        assert self.path is not None and self.start_line is not None and self.end_line is not None
        return of_lines(ws, self.path, self.start_line, self.end_line)

    def describe(self) -> str:
        given = self.model_dump(exclude={"kind", "replacement"}, exclude_defaults=True)
        lines = self.replacement.count("\n") + 1 if self.replacement else 0
        shown = [*(f"{name}={value!r}" for name, value in given.items()), f"replacement of {lines} lines"]
        return f"edit({', '.join(shown)})"

    def apply(self, ws: Workspace) -> Outcome:
        region = self.region(ws)
        if self.replacement is None:
            raise Refused("this edit holds no replacement; the model writes it when a plan is made from an instruction")
        text = self.replacement.replace("\r\n", "\n").strip("\n")
        if problems := gates.one_definition(region, text):
            raise Refused(f"{self._place(region)}: the replacement {problems[0]}")
        if text == region.text:
            raise NothingToDo(f"{self._place(region)} holds this text already")
        before = ws.index.facts(region.path)
        data = ws.read(region.path)
        new = with_indent(region.path, text, region.indent)
        newline = "\r\n" if b"\r\n" in data else "\n"
        ws.edit(region.path, [ByteEdit(*region.span, new.replace("\n", newline).encode())])
        if self.imports:
            add_imports(ws, region.path, self.imports)
        after = ws.index.facts(region.path)
        if before is not None and after is not None:
            problems = gates.syntax_kept(region.path, before, after)
            problems += gates.definitions_kept(region, before, after, self.removes)
            if problems:
                raise Refused(f"{self._place(region)}: the replacement is not taken: {'; '.join(problems[:5])}")
        return Outcome()

    def _place(self, region: Region) -> str:
        return region.symbol.id if region.symbol is not None else f"{region.path}:{self.start_line}"
