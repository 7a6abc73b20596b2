"""References of the index held against those of another tool, for one definition and over many."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from repo_index.records import Reference, Symbol

Place = TypeVar("Place", bound=tuple[Any, ...])


def by_certainty(references: Iterable[Reference], place: Callable[[Reference], Place]) -> tuple[set[Place], set[Place]]:
    """(exact, likely) places; likely ones in strings and documentation, which no such tool reports, are left out."""
    exact: set[Place] = set()
    likely: set[Place] = set()
    for reference in references:
        if reference.certainty == "exact":
            exact.add(place(reference))
        elif reference.certainty == "likely" and reference.kind not in ("string", "doc"):
            likely.add(place(reference))
    return exact, likely


def comparison(
    tree: str,
    symbol: Symbol,
    oracle: str,
    gold: set[Place],
    exact: set[Place],
    likely: set[Place],
    told: Callable[[Place], Any],
) -> dict[str, Any]:
    """Counts and differences for one definition; `gold` are the places of the tool called `oracle`."""
    return {
        "tree": tree,
        "symbol": symbol.id,
        "kind": symbol.kind,
        oracle: len(gold),
        "exact": len(exact & gold),
        "likely": len((likely - exact) & gold),
        "only_likely": len(likely - exact - gold),
        "only_exact": [told(p) for p in sorted(exact - gold)],
        "missed": [told(p) for p in sorted(gold - exact - likely)],
    }


def summary(rows: list[dict[str, Any]], oracle: str) -> dict[str, Any]:
    """Figures over a set of definitions."""
    total = {key: sum(row[key] for row in rows) for key in (oracle, "exact", "likely", "only_likely")}
    wrong = sum(len(row["only_exact"]) for row in rows)
    exact, places = total["exact"], total[oracle]
    return {
        "definitions": len(rows),
        "places": places,
        "recall": round((exact + total["likely"]) / places, 4) if places else 1.0,
        "recall_exact": round(exact / places, 4) if places else 1.0,
        "precision_exact": round(exact / (exact + wrong), 4) if exact + wrong else 1.0,
        "likely_right": total["likely"],
        "likely_wrong": total["only_likely"],
    }
