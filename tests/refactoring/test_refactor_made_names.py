"""Definitions that code finds by names made at run time are not renamed, their neighbours are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from carrying_out import carry_out

from v4cli.errors import Refused
from v4cli.refactoring.operations.rename_symbol import RenameSymbol

Make = Callable[[dict[str, str | bytes]], Path]

VISITOR = """\
class Visitor:
    def visit(self, node):
        return getattr(self, {made})(node)


class Printer(Visitor):
    def visit_Leaf(self, node):
        return "leaf"

    def finish(self):
        return "end"


class Elsewhere:
    def visit_Leaf(self):
        return 1
"""
NODES = "class Leaf:\n    pass\n\n\nclass Branch:\n    pass\n"
MADE = {
    "f-string": 'f"visit_{type(node).__name__}"',
    "format": '"visit_{}".format(type(node).__name__)',
    "percent": '"visit_%s" % type(node).__name__',
    "sum": '"visit_" + type(node).__name__',
}


def files(made: str) -> dict[str, str | bytes]:
    return {"visitor.py": VISITOR.replace("{made}", made), "nodes.py": NODES}


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("symbol", ["visitor.py::Printer.visit_Leaf", "nodes.py::Leaf"])
def test_what_a_made_name_may_mean_is_refused(make_repository: Make, name: str, symbol: str) -> None:
    with pytest.raises(Refused, match=r"visitor\.py:3: looks up .*visit_Leaf"):
        carry_out(make_repository(files(MADE[name])), RenameSymbol(symbol=symbol, new_name="Other"))


@pytest.mark.parametrize(
    "symbol", ["visitor.py::Printer.finish", "visitor.py::Elsewhere.visit_Leaf", "nodes.py::Branch"]
)
def test_what_it_cannot_mean_is_renamed(make_repository: Make, symbol: str) -> None:
    done = carry_out(make_repository(files(MADE["f-string"])), RenameSymbol(symbol=symbol, new_name="Other"))
    assert len(done.result.changes) == 1


def test_a_name_of_a_class_counts_only_where_one_is_asked_for(make_repository: Make) -> None:
    done = carry_out(
        make_repository(files('f"visit_{node.kind}"')), RenameSymbol(symbol="nodes.py::Leaf", new_name="Other")
    )
    assert done.text("nodes.py").startswith("class Other:")
