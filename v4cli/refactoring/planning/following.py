"""Names as earlier operations of a plan leave them."""

from __future__ import annotations

from typing import Any

#: fields of operations that hold symbols or paths
_OPERANDS = ("symbol", "symbols", "class_symbol", "first", "second", "path", "source", "target", "old", "new")


def renamed(ref: str, earlier: dict[str, Any]) -> str:
    """A symbol ("path::qualified") or a path, as it is called once the earlier operation is carried out."""
    path, mark, qualified = ref.partition("::")
    kind = earlier["kind"]
    if kind == "rename_symbol":
        old = earlier["symbol"]
        new = old[: len(old) - len(old.rpartition("::")[2].rpartition(".")[2])] + earlier["new_name"]
        if ref == old or ref.startswith(f"{old}."):
            return new + ref[len(old) :]
    elif kind == "rename_module":
        if path == earlier["path"] or path.startswith(earlier["path"] + "/"):
            return earlier["new_path"] + path[len(earlier["path"]) :] + mark + qualified
    elif kind == "move_symbols":
        top = f"{path}::{qualified.partition('.')[0]}"
        if mark and top in earlier["symbols"]:
            return f"{earlier['target']}::{qualified}"
    elif kind == "merge_modules":
        if path == earlier["source"]:
            return earlier["target"] + mark + qualified
    elif kind == "function_to_method":
        if ref == earlier["symbol"]:
            return f"{earlier['class_symbol']}.{qualified}"
    elif kind == "gather_functions":
        if ref in earlier["symbols"]:
            return f"{path}::{earlier['class_name']}.{qualified}"
    elif kind == "merge_functions" and ref in {earlier["first"], earlier["second"]}:
        return f"{earlier['first'].partition('::')[0]}::{earlier['new_name']}"
    return ref


def follow(document: dict[str, Any], earlier: dict[str, Any]) -> dict[str, Any]:
    """An operation whose operands are called as the earlier operation leaves them."""
    changed = dict(document)
    for field in _OPERANDS:
        value = document.get(field)
        if isinstance(value, str):
            changed[field] = renamed(value, earlier)
        elif isinstance(value, list):
            changed[field] = [renamed(v, earlier) if isinstance(v, str) else v for v in value]
    return changed


def worked_on(document: dict[str, Any]) -> list[str]:
    """What "it" is after an operation: the symbols or the file that it was about, as they are called afterwards."""
    kind = document["kind"]
    if kind == "gather_functions":
        return [f"{document['symbols'][0].partition('::')[0]}::{document['class_name']}"]
    if kind == "introduce_parameter_object":
        return [document["symbol"]]
    refs = document.get("symbols") or [document[f] for f in ("symbol", "first", "path", "source") if f in document][:1]
    return [renamed(ref, document) for ref in refs]
