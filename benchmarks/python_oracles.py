"""What the Python parts of the index are measured against: grimp for imports, basedpyright and jedi for references.

Each oracle lives in a virtual environment of its own below the user's cache folder, made at first use. They read
sources; nothing of the packages that they look at is run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlparse

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "v4-benchmarks" / "python"

PINNED = {
    "grimp": ("grimp==3.19",),
    "basedpyright": ("basedpyright==1.40.2",),
    "jedi": ("jedi==0.20.0",),
}

Place = tuple[str, int, int]
"""Path, line from 1, column from 0 in UTF-16 code units."""


def environment(name: str) -> Path:
    """The folder of the oracle's programs; makes its environment with pip at first use."""
    root = CACHE / "-".join(PINNED[name]).replace("==", "-")
    programs = root / "bin"
    if not (root / "complete").is_file():
        venv.create(root, with_pip=True, clear=True)
        command = [str(programs / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*command, *PINNED[name]], check=True)
        (root / "complete").touch()
    return programs


_GRIMP = """
import grimp, json, sys
sys.path.insert(0, sys.argv[1])
graph = grimp.build_graph(sys.argv[2], include_external_packages=False, cache_dir=None)
edges = sorted([m, x] for m in graph.modules for x in graph.find_modules_directly_imported_by(m))
print(json.dumps({"modules": sorted(graph.modules), "edges": edges}))
"""


def grimp_graph(root: Path, package: str) -> tuple[set[str], set[tuple[str, str]]]:
    """(modules, (importer, imported)) of a package that lies in the folder `root`."""
    command = [str(environment("grimp") / "python"), "-c", _GRIMP, str(root), package]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return set(answer["modules"]), {(importer, imported) for importer, imported in answer["edges"]}


_JEDI = """
import jedi, json, sys
question, root, *folders = sys.argv[1:]
project = jedi.Project(root, added_sys_path=folders)
for line in sys.stdin:
    path, row, column = json.loads(line)
    try:
        script = jedi.Script(path=path, project=project)
        if question == "references":
            names = script.get_references(row, column, include_builtins=False)
        else:
            names = script.goto(row, column, follow_imports=True)
        found = [[str(n.module_path), n.line, n.column] for n in names if n.module_path]
    except Exception as error:
        found = repr(error)
    print(json.dumps(found), flush=True)
"""


def jedi_places(
    question: str, root: Path, source_roots: Iterable[str], places: Iterable[Place]
) -> list[set[Place] | str]:
    """References to the name at each place, or its definitions ("definition"), or the error that jedi ends with."""
    root = root.resolve()
    asked = "".join(json.dumps([str(root / path), line, column]) + "\n" for path, line, column in places)
    folders = [str(root / folder) for folder in source_roots]
    command = [str(environment("jedi") / "python"), "-c", _JEDI, question, str(root), *folders]
    lines = subprocess.run(command, input=asked, check=True, capture_output=True, text=True).stdout.splitlines()
    found: list[set[Place] | str] = []
    for answer in map(json.loads, lines):
        if isinstance(answer, str):
            found.append(answer)
        else:
            inside = ((Path(path), line, column) for path, line, column in answer)
            found.append({(p.relative_to(root).as_posix(), x, y) for p, x, y in inside if p.is_relative_to(root)})
    return found


class LanguageServer:
    """basedpyright's language server over standard input and output, for one folder of sources."""

    def __init__(self, root: Path, source_roots: Iterable[str]) -> None:
        self.root = root.resolve()
        programs = environment("basedpyright")
        self._settings = {
            "analysis": {
                "diagnosticMode": "openFilesOnly",
                "typeCheckingMode": "off",
                "autoSearchPaths": True,
                "extraPaths": list(source_roots),
                "useLibraryCodeForTypes": True,
            },
            "pythonPath": str(programs / "python"),
        }
        self._process = subprocess.Popen(
            [str(programs / "basedpyright-langserver"), "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._number = 0
        self._opened: set[str] = set()
        folder = {"uri": self.root.as_uri(), "name": self.root.name}
        capabilities = {"workspace": {"configuration": True, "workspaceFolders": True}}
        parameters = {"processId": os.getpid(), "rootUri": folder["uri"], "capabilities": capabilities}
        self.ask("initialize", {**parameters, "workspaceFolders": [folder]})
        self._send({"method": "initialized", "params": {}})

    def __enter__(self) -> LanguageServer:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def _out(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        length = 0
        while (line := self._out.readline().strip()) or not length:
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
            elif not line and self._process.poll() is not None:
                raise RuntimeError("the language server has ended")
        message: dict[str, Any] = json.loads(self._out.read(length))
        return message

    def ask(self, method: str, parameters: dict[str, Any]) -> Any:
        """The result of a request; what the server asks meanwhile is answered from the settings."""
        self._number += 1
        number = self._number
        self._send({"id": number, "method": method, "params": parameters})
        while True:
            message = self._receive()
            if "method" in message:
                if "id" in message:
                    items = message.get("params", {}).get("items", []) if isinstance(message["params"], dict) else []
                    answer = [self._configuration(item.get("section", "")) for item in items]
                    result = answer if message["method"] == "workspace/configuration" else None
                    self._send({"id": message["id"], "result": result})
            elif message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error'].get('message')}")
                return message.get("result")

    def _configuration(self, section: str) -> Any:
        value: Any = self._settings
        for part in section.split(".")[1:]:
            value = value.get(part) if isinstance(value, dict) else None
        return value

    def places(self, question: str, place: Place) -> set[Place]:
        """What the name at a place leads to inside the folder: its "references", its definition included, or its
        "definition"."""
        path, line, column = place
        uri = (self.root / path).as_uri()
        if path not in self._opened:
            self._opened.add(path)
            text = (self.root / path).read_text(encoding="utf-8")
            document = {"uri": uri, "languageId": "python", "version": 1, "text": text}
            self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        parameters = {
            "textDocument": {"uri": uri},
            "position": {"line": line - 1, "character": column},
            "context": {"includeDeclaration": True},
        }
        found: set[Place] = set()
        for location in self.ask(f"textDocument/{question}", parameters) or ():
            file = Path(unquote(urlparse(location["uri"]).path))
            if file.is_relative_to(self.root):
                start = location["range"]["start"]
                found.add((file.relative_to(self.root).as_posix(), start["line"] + 1, start["character"]))
        return found


def versions() -> dict[str, str]:
    return {name: " ".join(pins) for name, pins in PINNED.items()} | {"python": sys.version.split()[0]}
