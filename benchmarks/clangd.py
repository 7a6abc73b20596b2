"""A client of clangd, the C and C++ language server, for benchmarks."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote, unquote


def uri(path: Path) -> str:
    return "file://" + quote(str(path))


class Clangd:
    """`clangd` over its language server protocol, with its background index filled before the first question."""

    def __init__(self, root: Path, database: Path) -> None:
        self.root = root
        self.process = subprocess.Popen(
            ["clangd", f"--compile-commands-dir={database}", "--background-index", "-j=2", "--limit-references=0",
             "--log=error"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=root,
        )  # fmt: skip
        self.number = 0
        self.indexing: set[str] = set()
        self.indexed = False
        capabilities = {
            "window": {"workDoneProgress": True},
            "textDocument": {"semanticTokens": {"requests": {"full": True}, "tokenTypes": [], "tokenModifiers": [],
                                                "formats": ["relative"]}},
        }  # fmt: skip
        answer = self.ask("initialize", {"processId": None, "rootUri": uri(root), "capabilities": capabilities})
        self.token_types: list[str] = answer["capabilities"]["semanticTokensProvider"]["legend"]["tokenTypes"]
        self.tell("initialized", {})

    def __enter__(self) -> Clangd:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()

    def tell(self, method: str, parameters: Any) -> None:
        self._send({"jsonrpc": "2.0", "method": method, "params": parameters})

    def ask(self, method: str, parameters: Any) -> Any:
        self.number += 1
        number = self.number
        self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": parameters})
        while True:
            message = self._read()
            if message.get("id") == number and "method" not in message:
                return message.get("result")

    def wait(self, seconds: float) -> None:
        """Until the background index is filled. Raises TimeoutError."""
        end = time.monotonic() + seconds
        while not self.indexed:
            if time.monotonic() > end:
                raise TimeoutError("clangd does not finish its index")
            self._read()

    def open(self, path: str) -> None:
        text = (self.root / path).read_text(encoding="utf-8", errors="replace")
        kind = "c" if path.endswith(".c") else "cpp" if path.endswith((".cc", ".cpp")) else "c"
        item = {"uri": uri(self.root / path), "languageId": kind, "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": item})

    def close(self, path: str) -> None:
        self.tell("textDocument/didClose", {"textDocument": {"uri": uri(self.root / path)}})

    def references(self, path: str, line: int, column: int) -> set[tuple[str, int, int]]:
        """(path, line from 0, column from 0) of every reference and declaration in the tree."""
        answer = self.ask(
            "textDocument/references",
            {
                "textDocument": {"uri": uri(self.root / path)},
                "position": {"line": line, "character": column},
                "context": {"includeDeclaration": True},
            },
        )
        found = set()
        for place in answer or ():
            file = Path(unquote(place["uri"].removeprefix("file://")))
            if file.is_relative_to(self.root):
                start = place["range"]["start"]
                found.add((file.relative_to(self.root).as_posix(), start["line"], start["character"]))
        return found

    def inactive(self, path: str) -> set[int]:
        """Lines, from 0, that the preprocessor leaves out of an open file."""
        answer = self.ask("textDocument/semanticTokens/full", {"textDocument": {"uri": uri(self.root / path)}})
        data, line, found = (answer or {}).get("data", ()), 0, set()
        for at in range(0, len(data), 5):
            line += data[at]
            if self.token_types[data[at + 3]] == "comment":
                found.add(line)
        return found

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps(message).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        stream = self.process.stdout
        assert stream is not None
        length = 0
        while (line := stream.readline()).strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        message: dict[str, Any] = json.loads(stream.read(length) or b"{}")
        if not length:
            raise RuntimeError("clangd has ended")
        if message.get("method") == "window/workDoneProgress/create":
            self._send({"jsonrpc": "2.0", "id": message["id"], "result": None})
        if message.get("method") == "$/progress" and "ndex" in str(message["params"].get("token", "")):
            self.indexed = message["params"]["value"].get("kind") == "end"
        return message
