"""One refactoring run: a plan becomes a change, the change a patch, and the patch is checked.

Nothing is written here: `execute` only works it out, `write` applies it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import NothingToDo, Refused
from . import changes as changing
from . import commit as committing
from . import git
from . import journal as journals
from . import patch as patching
from .apply import apply
from .changes import FileChange
from .check_command import TIMEOUT, run_check
from .operation import LeftAlone
from .patch import Patch
from .plan import Plan
from .undo import undo
from .verify import Check, verify
from .workspace import Workspace

if TYPE_CHECKING:
    from repo_index import Index


@dataclass(slots=True)
class Result:
    """What a run worked out. `seconds` is per phase."""

    plan: Plan
    changes: list[FileChange]
    patch: Patch
    checks: list[Check]
    left_alone: list[LeftAlone]
    notes: list[str]
    seconds: dict[str, float] = field(default_factory=dict)
    undo: str | None = None
    commit: str | None = None

    @property
    def failed(self) -> list[Check]:
        return [check for check in self.checks if not check.passed]

    def as_json(self) -> dict[str, Any]:
        """The fields of the JSON contract of `v4 refactor --json`."""
        return {
            "plan": self.plan.as_json(),
            "patch": self.patch.portable,
            "files": [stat.as_json() for stat in self.patch.files],
            "checks": [check.as_json() for check in self.checks],
            "left_alone": [place.as_json() for place in self.left_alone],
            "notes": self.notes,
            "applied": self.undo is not None,
            "undo": self.undo,
            "commit": self.commit,
            "seconds": {phase: round(value, 3) for phase, value in self.seconds.items()},
        }


def execute(
    plan: Plan,
    index: Index,
    *,
    allow: Collection[str] = (),
    check: str = "",
    check_timeout: float = TIMEOUT,
    progress: Callable[[str], None] = lambda phase: None,
) -> Result:
    """Carry a plan out on an overlay of `index`, make the patch, run every check.

    `allow` names guarded paths (git and CI configuration) that may be edited; `check` is a shell command of
    the user's that must end with 0 on the changed repository. Failing checks are in the result, not raised.
    Raises NothingToDo when the plan changes nothing, Refused when an operation cannot be done safely.
    """
    seconds: dict[str, float] = {}
    started = time.perf_counter()

    def lap(phase: str) -> None:
        nonlocal started
        now = time.perf_counter()
        seconds[phase] = now - started
        started = now

    progress("editing")
    ws = Workspace(index, allow)
    left_alone, notes = _carry_out(plan, ws)
    changes = changing.from_workspace(ws)
    if not changes:
        raise NothingToDo("the plan changes nothing: the repository is as it asks for already")
    lap("operations")
    root = Path(index.root)
    if absent := git.sparse(root):
        files, are = ("file", "is") if absent == 1 else ("files", "are")
        notes.append(f"{absent} {files} that git tracks {are} not in the work tree (sparse checkout): not looked at")
    patch = patching.make(root, changes)
    lap("patch")
    progress("checking")
    checks = verify(ws.base, ws.index, [change.path for change in changes], ws.moves)
    checks.append(patching.check_applies(root, patch, changes))
    lap("checks")
    if check and all(each.passed for each in checks):
        progress(f"running {check}")
        checks.append(run_check(root, changes, check, check_timeout))
        lap("command")
    seconds["total"] = sum(seconds.values())
    return Result(plan, changes, patch, checks, left_alone, notes, seconds)


def _carry_out(plan: Plan, ws: Workspace) -> tuple[list[LeftAlone], list[str]]:
    left_alone: set[LeftAlone] = set()
    notes: list[str] = []
    idle: list[NothingToDo] = []
    for number, operation in enumerate(plan.operations):
        try:
            outcome = operation.apply(ws)
        except NothingToDo as error:
            idle.append(error)
            notes.append(f"operation {number + 1} ({operation.kind}): {error}")
            continue
        except Refused as error:
            if len(plan.operations) == 1:
                raise
            raise Refused(f"operation {number + 1} ({operation.kind}): {error}") from None
        left_alone.update(outcome.left_alone)
        notes += outcome.notes
    if len(idle) == len(plan.operations):
        raise idle[0]
    return sorted(left_alone), notes


def write(root: Path, result: Result, description: str) -> None:
    """Apply a result to the work tree and note its undo id. Raises Refused when a check failed or the tree
    is not what the result was made from."""
    refuse_failed(result)
    started = time.perf_counter()
    result.undo = apply(root, result.changes, description)
    result.seconds["apply"] = time.perf_counter() - started


def refuse_failed(result: Result) -> None:
    if result.failed:
        names = "; ".join(f"{check.name}: {check.detail}" for check in result.failed)
        raise Refused(f"a check failed, nothing was written: {names}")


def write_and_commit(root: Path, result: Result, description: str, *, allow_dirty: bool = False) -> None:
    """Apply a result and commit exactly what it changes, with the user's hooks.

    When there is no commit (a hook refuses) the work tree and the index are put back. Raises Refused.
    """
    refuse_failed(result)
    if not allow_dirty:
        committing.refuse_when_dirty(root, result.changes)
    write(root, result, description)
    try:
        result.commit = committing.commit(root, result.changes, message(result.plan, description))
    except BaseException as error:
        undo(root, result.undo, force=True)
        result.undo = None
        if isinstance(error, Refused):
            raise Refused(f"{error}\nthe work tree is as it was before") from None
        raise
    journals.note_commit(root, str(result.undo), result.commit)


def summary(plan: Plan) -> str:
    """A plan in a few words: its first operation and what that works on."""
    first = plan.operations[0]
    operands = first.model_dump(exclude={"kind"}, exclude_defaults=True).values()
    subject = next((str(o[0] if isinstance(o, list) else o) for o in operands if o), "")
    words = f"{first.kind.replace('_', ' ').capitalize()} {subject.rsplit('::', 1)[-1]}".strip()
    more = len(plan.operations) - 1
    return words + (f" and {more} more" if more else "")


def message(plan: Plan, description: str) -> str:
    """A commit message: the instruction (or the plan's summary) as its subject, the operations below."""
    subject = " ".join(description.split()) or summary(plan)
    if len(subject) > 72:
        subject = subject[:71].rsplit(" ", 1)[0] + "…"
    return subject + "\n\n" + "\n".join(f"- {operation.describe()}" for operation in plan.operations) + "\n"
