"""A small Go module, and what operations make of it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from repo_index import Index
from v4cli.refactoring.operation import Operation, Outcome
from v4cli.refactoring.verify import verify
from v4cli.refactoring.workspace import Workspace

SHOP: dict[str, str] = {
    "go.mod": "module example.org/shop\n\ngo 1.19\n",
    "README.md": "Call `cart.Total` of example.org/shop/cart, in cart/cart.go.\n",
    "main.go": (
        'package main\n\nimport (\n\t"fmt"\n\n\t"example.org/shop/cart"\n\t"example.org/shop/internal/log"\n)\n\n'
        'func main() {\n\tlog.Print("start")\n\tlines := []cart.Line{{Price: 3}}\n'
        "\tfmt.Println(cart.Total(lines), cart.Rate)\n}\n"
    ),
    "internal/log/log.go": (
        '// Package log writes lines.\npackage log\n\nimport "fmt"\n\n'
        "// Print writes one line.\nfunc Print(text string) { fmt.Println(text) }\n"
    ),
    "cart/cart.go": (
        "// Copyright the shop.\n\n// Package cart adds up.\npackage cart\n\n"
        'import (\n\t"errors"\n\t"strings"\n\n\t"example.org/shop/internal/log"\n)\n\n'
        "// Rate is the tax.\nconst Rate = 0.2\n\n"
        "// Line is one line.\ntype Line struct {\n\tPrice float64\n\tname  string\n}\n\n"
        "// Named tells its name.\ntype Named interface {\n\tName(upper bool) string\n}\n\n"
        "// Name gives the name.\nfunc (l *Line) Name(upper bool) string {\n"
        "\tif upper {\n\t\treturn strings.ToUpper(l.name)\n\t}\n\treturn l.name\n}\n\n"
        "// tax is what the state takes.\nfunc tax(line Line) float64 {\n\treturn line.Price * Rate\n}\n\n"
        "// Total adds the lines up.\nfunc Total(lines []Line) float64 {\n"
        '\tlog.Print("total")\n\tsum := 0.0\n\tfor _, line := range lines {\n'
        "\t\tsum += line.Price + tax(line)\n\t}\n\treturn sum\n}\n\n"
        'var ErrEmpty = errors.New("empty")\n'
    ),
    "cart/show.go": (
        "package cart\n\nfunc show(items []Named) (texts []string) {\n"
        "\tfor _, item := range items {\n\t\ttexts = append(texts, item.Name(true))\n\t}\n\treturn texts\n}\n"
    ),
    "cart/cart_test.go": (
        'package cart_test\n\nimport (\n\t"fmt"\n\t"testing"\n\n\t"example.org/shop/cart"\n)\n\n'
        "func TestTotal(t *testing.T) {\n\tif cart.Total(nil) != 0 {\n\t\tt.Fatal()\n\t}\n}\n\n"
        "func ExampleTotal() {\n\tfmt.Println(cart.Total(nil))\n}\n\n"
        "func ExampleLine_Name() {\n\tline := &cart.Line{}\n\tfmt.Println(line.Name(false))\n}\n"
    ),
}


class Changed(dict[str, str | None]):
    """path -> new text of what an operation changes, None for what is gone."""

    outcome: Outcome

    def text(self, path: str) -> str:
        found = self[path]
        assert found is not None
        return found


def changed(root: Path, operation: Operation) -> Changed:
    """Carry an operation out: every check of the engine passes, and what is written is formatted."""
    ws = Workspace(Index.open(root, cache_dir=root / ".git" / "cache").refresh())
    outcome = operation.apply(ws)
    assert [c for c in verify(ws.base, ws.index, ws.changed().keys(), ws.moves) if not c.passed] == []
    found = Changed({path: None if data is None else data.decode() for path, data in ws.changed().items()})
    found.outcome = outcome
    _check_format(found)
    return found


def _check_format(texts: Mapping[str, str | None]) -> None:
    if shutil.which("gofmt") is None:
        return
    for path, text in texts.items():
        if path.endswith(".go") and text is not None:
            done = subprocess.run(["gofmt"], input=text, capture_output=True, text=True, check=True)
            assert done.stdout == text, path
