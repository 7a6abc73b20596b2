"""What every operation is: data that says what to do, and `apply`, which does it to a workspace.

An operation is one file in operations/: a frozen pydantic model with a literal `kind`. Defining the class
registers it, so a plan can be read back from JSON.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from .workspace import Workspace


@dataclass(frozen=True, slots=True, order=True)
class LeftAlone:
    """A place that looks as if it belonged to the change and was not touched, and why."""

    path: str
    line: int
    text: str
    reason: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Outcome:
    """What an operation reports besides its edits: places left alone, and notes for the plan's reader."""

    left_alone: list[LeftAlone] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Operation(BaseModel):
    """Base of all operations. A subclass declares `kind: Literal["..."] = "..."`, operands and `apply`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: kind -> class, filled as the classes are defined
    registry: ClassVar[dict[str, type[Operation]]] = {}

    kind: str

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        kinds = get_args(cls.model_fields["kind"].annotation)
        if len(kinds) == 1:
            Operation.registry[kinds[0]] = cls

    def apply(self, ws: Workspace) -> Outcome:
        """Carry the operation out on the overlay `ws`.

        Raises Refused when it cannot be done safely (with the reason), NothingToDo when nothing would change.
        """
        raise NotImplementedError(type(self).__name__)

    def describe(self) -> str:
        """One line for people: the kind and the operands that were given."""
        given = self.model_dump(exclude={"kind"}, exclude_defaults=True)
        return f"{self.kind}({', '.join(f'{name}={value!r}' for name, value in given.items())})"
