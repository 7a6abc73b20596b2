"""The order in which the names of an import statement stand."""

from __future__ import annotations

from collections.abc import Callable

Key = tuple[int, str, str]
Order = Callable[[str], Key]


def order_of(items: list[str]) -> Order | None:
    """The order that the items stand in: by case (constants, classes, functions), or alphabetical; None if neither."""

    def folded(item: str) -> Key:
        return 0, item.split()[0].lower(), item

    def plain(item: str) -> Key:
        return 0, item.split()[0], item

    for key in (by_case, plain, folded):
        keys = [key(item) for item in items]
        if keys == sorted(keys):
            return key
    return None


def by_case(item: str) -> Key:
    """isort's order of names: constants, classes, the rest."""
    name = item.split()[0]
    rank = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return rank, name, item


def merge_sorted(before: list[str], items: list[str], added: list[str]) -> list[str]:
    key = order_of(before)
    merged = items + sorted(a for a in added if a not in items)
    return sorted(merged, key=key) if key is not None and len(before) > 0 else merged
