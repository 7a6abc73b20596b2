"""A plan: the operations to carry out, in order, and what the words of the instruction were matched to."""

from __future__ import annotations

import json
import pkgutil
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

from pydantic import ValidationError

from ..errors import UsageError
from .operation import Operation


@cache
def _load_operations() -> None:
    from . import operations

    for module in pkgutil.iter_modules(operations.__path__):
        if not module.name.startswith("_"):
            import_module(f"{operations.__name__}.{module.name}")


def kinds() -> dict[str, type[Operation]]:
    """Every kind of operation there is, by name, sorted."""
    _load_operations()
    return dict(sorted(Operation.registry.items()))


@dataclass(frozen=True, slots=True)
class Match:
    """What a mention in the instruction was taken to mean, and the evidence for it."""

    mention: str
    symbol: str
    evidence: str = ""


@dataclass(slots=True)
class Plan:
    operations: list[Operation]
    matched: list[Match] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        document: dict[str, Any] = {"operations": [o.model_dump(mode="json") for o in self.operations]}
        if self.matched:
            document["matched"] = [asdict(m) for m in self.matched]
        return document

    def to_json(self) -> str:
        return json.dumps(self.as_json(), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, origin: str = "plan") -> Plan:
        """Read a plan; the output of `v4 refactor --json`, which holds one under "plan", is taken too.

        Raises UsageError naming the field that is wrong and what is allowed there.
        """
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{origin}: not valid JSON: {error}") from None
        if isinstance(document, dict) and isinstance(document.get("plan"), dict):
            document = document["plan"]
        if not isinstance(document, dict) or not isinstance(document.get("operations"), list):
            raise UsageError(f'{origin}: a plan is an object {{"operations": [{{"kind": ...}}, ...]}}')
        if unknown := sorted(set(document) - {"operations", "matched"}):
            raise UsageError(f"{origin}: unknown field {unknown[0]!r}; allowed: operations, matched")
        if not document["operations"]:
            raise UsageError(f"{origin}: operations is empty; give at least one")
        operations = [
            _operation(item, f"{origin}: operations[{number}]") for number, item in enumerate(document["operations"])
        ]
        return cls(operations, _matched(document.get("matched", []), origin))


def _matched(items: Any, origin: str) -> list[Match]:
    if not isinstance(items, list):
        raise UsageError(f"{origin}: matched is a list of {{mention, symbol, evidence}}")
    matched = []
    for number, item in enumerate(items):
        if not isinstance(item, dict) or not all(
            isinstance(k, str) and k in {"mention", "symbol", "evidence"} and isinstance(v, str)
            for k, v in item.items()
        ):
            raise UsageError(f"{origin}: matched[{number}] is an object of the texts mention, symbol, evidence")
        matched.append(Match(item.get("mention", ""), item.get("symbol", ""), item.get("evidence", "")))
    return matched


def _operation(item: Any, where: str) -> Operation:
    allowed = kinds()
    if not isinstance(item, dict):
        raise UsageError(f'{where}: an operation is an object with "kind", one of: {", ".join(allowed)}')
    kind = item.get("kind")
    if not isinstance(kind, str) or kind not in allowed:
        raise UsageError(f"{where}.kind: {kind!r} is no operation; allowed: {', '.join(allowed)}")
    model = allowed[kind]
    try:
        return model.model_validate(item, strict=False)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join([where, *(str(part) for part in first["loc"])])
        problem = first["msg"][:1].lower() + first["msg"][1:]
        if first["type"] == "extra_forbidden":
            names = [name for name in model.model_fields if name != "kind"]
            problem = f"unknown field; {kind} takes: {', '.join(names)}"
        elif first["type"] == "missing":
            problem = f"missing; {kind} needs it"
        raise UsageError(f"{place}: {problem}") from None
