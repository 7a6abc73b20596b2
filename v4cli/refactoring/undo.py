"""Taking an apply back: bytes, modes, removals and moves, exactly; never over an edit made since."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import NothingToDo, Refused, UsageError
from . import apply as applying
from . import journal as journals
from .journal import Journal


@dataclass(frozen=True, slots=True)
class Undone:
    """`interrupted`: what was taken back had been killed half-way. `commit`: what it was committed as, if it was;
    that commit stays."""

    id: str
    description: str
    paths: list[str]
    interrupted: bool = False
    commit: str = ""


def undo(root: Path, identifier: str | None = None, *, force: bool = False) -> Undone:
    """Take back an apply: an interrupted one if there is one, else `identifier`, else the latest.

    Raises Refused (nothing written) when a file changed since, unless `force`; UsageError for an unknown id;
    NothingToDo when nothing was applied.
    """
    with journals.lock(root):
        applying.tidy(root)
        known = journals.load_all(root)
        interrupted = next((journal for journal in known if journal.state == "pending"), None)
        if interrupted is not None:
            applying.roll_back(root, interrupted)
            touched = [entry.path for entry in interrupted.entries]
            return Undone(interrupted.id, interrupted.description, touched, interrupted=True)
        journal = _chosen(known, identifier)
        _take_back(root, journal, force)
        touched = [entry.path for entry in journal.entries]
        return Undone(journal.id, journal.description, touched, commit=journal.commit)


def _chosen(known: list[Journal], identifier: str | None) -> Journal:
    if not known:
        raise NothingToDo("nothing to undo: no refactoring was applied to this work tree")
    if identifier is None:
        return known[-1]
    for journal in known:
        if journal.id == identifier:
            return journal
    latest = ", ".join(journal.id for journal in reversed(known[-5:]))
    raise UsageError(f"--undo: no apply has the id {identifier!r}; the latest are {latest}")


def _take_back(root: Path, journal: Journal, force: bool) -> None:
    differing = [entry.path for entry in journal.entries if applying.digest_on_disk(root / entry.path) != entry.after]
    if differing and not force:
        raise Refused(f"changed since the refactoring was applied: {', '.join(differing)}; nothing was undone")
    steps = []
    for number, entry in enumerate(journal.entries):
        now = applying.digest_on_disk(root / entry.path) if force else entry.after
        content = None if entry.before is None else journals.original(root, journal, number)
        if now != entry.before:
            steps.append(applying.Step(entry.path, now, content, entry.mode))
    applying.transact(root, steps, f"undo {journal.id}", prunable=journal.made_folders, undoes=journal.id)
