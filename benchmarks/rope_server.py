"""rope on one tree, as a server: run by the interpreter of rope's own environment (see rope_refactorings.py).

`python rope_server.py ROOT SOURCE_FOLDER` reads one JSON object a line and writes one answer a line.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from rope.base.project import Project
from rope.refactor.change_signature import ArgumentAdder, ChangeSignature
from rope.refactor.move import create_move
from rope.refactor.rename import Rename


def changes(project: Any, job: dict[str, Any]) -> Any:
    """rope's changes for an operation as plans hold them; `offset` counts characters to the name that it is about."""
    document, offset = job["operation"], job["offset"]
    resource = project.get_resource(job["path"])
    kind = document["kind"]
    if kind == "rename_module":
        return Rename(project, resource).get_changes(os.path.basename(document["new_path"]).removesuffix(".py"))
    if kind in ("rename_symbol", "rename_parameter"):
        return Rename(project, resource, offset).get_changes(document["new_name"], docs=True, in_hierarchy=True)
    if kind == "move_symbols":
        target = os.path.join(project.address, document["target"])
        if not os.path.exists(target):
            open(target, "w", encoding="utf-8").close()
        return create_move(project, resource, offset).get_changes(project.get_resource(document["target"]))
    value = document["call_value"] if document.get("call_sites") == "all" else None
    adder = ArgumentAdder(job["position"], document["name"], document["default"], value)
    return ChangeSignature(project, resource, offset).get_changes([adder], in_hierarchy=True)


def main() -> None:
    root, source = sys.argv[1:]
    folders = [] if source == "." else [source]
    project = Project(root, ropefolder=None, source_folders=folders, save_objectdb=False)
    for text in sys.stdin:
        project.validate()
        started = time.perf_counter()
        answer: dict[str, Any] = {}
        try:
            found = changes(project, json.loads(text))
            answer["seconds"] = round(time.perf_counter() - started, 3)
            project.do(found)
        except Exception as error:  # whatever ends a refactoring is an answer
            answer["reason"] = f"{type(error).__name__}: {error}"[:300]
        project.history.clear()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
