"""rename_module, move_symbols, add_parameter and rename_symbol on JavaScript and TypeScript, and their instructions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from repo_index import Index
from v4cli.errors import NothingToDo, Refused
from v4cli.refactoring import planner
from v4cli.refactoring.operation import Operation
from v4cli.refactoring.operations.add_parameter import AddParameter
from v4cli.refactoring.operations.move_symbols import MoveSymbols
from v4cli.refactoring.operations.rename_module import RenameModule
from v4cli.refactoring.operations.rename_symbol import RenameSymbol
from v4cli.refactoring.verify import verify
from v4cli.refactoring.workspace import Workspace

MakeRepository = Callable[[Mapping[str, str | bytes]], Path]
Run = Callable[..., dict[str, str | None]]


@pytest.fixture
def run(make_repository: MakeRepository, tmp_path: Path) -> Run:
    """run(files, operation) -> the texts that change; every check passes."""

    def go(files: Mapping[str, str], operation: Operation) -> dict[str, str | None]:
        ws = Workspace(Index.open(make_repository(files), cache_dir=tmp_path / "cache").refresh())
        go.outcome = operation.apply(ws)  # type: ignore[attr-defined]
        failed = [c for c in verify(ws.base, ws.index, ws.changed().keys(), ws.moves) if not c.passed]
        assert failed == []
        return {path: None if data is None else data.decode() for path, data in ws.changed().items()}

    return go


def move(source: str, names: str, target: str, **fields: Any) -> MoveSymbols:
    return MoveSymbols(symbols=[f"{source}::{n}" for n in names.split()], target=target, **fields)


SHOP = {
    "tsconfig.json": '{"compilerOptions": {"baseUrl": ".", "paths": {"@app/*": ["src/*"], "cart": ["./src/cart.ts"]}}}\n',
    "package.json": '{"name": "shop", "exports": {".": "./src/index.ts", "./cart": {"import": "./dist/cart.js"}}}\n',
    "README.md": "The cart is in `src/cart.ts`.\n",
    "src/index.ts": "export * from './cart';\nexport { default as Cart } from './cart';\n",
    "src/log.ts": "export function log(text: string): void {}\n",
    "src/cart.ts": (
        "import { log } from './log';\n"
        "import type { Money } from './money';\n\n"
        "/** A line. */\n"
        "export interface Line {\n  price: Money;\n}\n\n"
        "const RATE = 0.2;\n\n"
        "// what the state takes\n"
        "function tax(line: Line): number {\n  return line.price * RATE;\n}\n\n"
        "export function total(lines: Line[]): number {\n"
        "  log('total');\n  return lines.reduce((sum, line) => sum + tax(line), 0);\n}\n\n"
        "export const show = (lines: Line[]) => `${total(lines)}`;\n\n"
        "export default class Cart {\n  lines: Line[] = [];\n}\n"
    ),
    "src/money.ts": "export type Money = number;\n",
    "src/page/view.tsx": (
        "import * as cart from '../cart';\n"
        "import Cart, { total as sum, type Line } from '@app/cart';\n"
        "import { show } from '../cart.js';\n"
        "import { log } from 'cart';\n"
        "export const view = (lines: Line[]) => <p>{sum(lines) + cart.total(lines)}{show(lines)}</p>;\n"
        "export const make = () => new Cart();\n"
        "export type All = import('../cart').Line;\n"
    ),
    "src/page/view.test.ts": (
        "jest.mock('../cart');\nvi.mock(\"../cart\");\nconst lazy = () => import('../cart');\n"
        "const old = require('../cart');\n"
    ),
}


def test_a_file_moves_with_every_specifier_in_its_own_style(run: Run) -> None:
    changed = run(SHOP, RenameModule(path="src/cart.ts", new_path="src/shop/basket.ts"))
    assert changed["src/cart.ts"] is None
    moved = changed["src/shop/basket.ts"] or ""
    assert moved.startswith("import { log } from '../log';\nimport type { Money } from '../money';\n")
    assert changed["src/index.ts"] == (
        "export * from './shop/basket';\nexport { default as Cart } from './shop/basket';\n"
    )
    view = changed["src/page/view.tsx"] or ""
    assert "import * as cart from '../shop/basket';" in view
    assert "from '@app/shop/basket';" in view
    assert "import { show } from '../shop/basket.js';" in view
    assert "import { log } from 'cart';" in view
    assert "import('../shop/basket').Line" in view
    assert (changed["src/page/view.test.ts"] or "").count("../shop/basket") == 4
    assert json.loads(changed["package.json"] or "")["exports"]["./cart"]["import"] == "./dist/shop/basket.js"
    assert '"cart": ["./src/shop/basket.ts"]' in (changed["tsconfig.json"] or "")
    assert changed["README.md"] == "The cart is in `src/shop/basket.ts`.\n"


def test_folders_index_files_and_javascript_with_declarations(run: Run) -> None:
    files = {
        "lib/index.js": "module.exports = require('./tools');\n",
        "lib/tools/index.js": "exports.a = require('./one.js').a;\nexports.b = require('../two');\n",
        "lib/tools/one.js": "exports.a = 1;\n",
        "lib/tools/one.d.ts": "export const a: number;\n",
        "lib/two.js": "exports.c = require('./tools/one').a;\n",
    }
    changed = run(files, RenameModule(path="lib/tools", new_path="lib/kit"))
    assert changed["lib/index.js"] == "module.exports = require('./kit');\n"
    assert changed["lib/two.js"] == "exports.c = require('./kit/one').a;\n"
    assert changed["lib/kit/index.js"] == files["lib/tools/index.js"]
    changed = run(files, RenameModule(path="lib/tools/one.js", new_path="lib/first.js"))
    assert changed["lib/first.d.ts"] == files["lib/tools/one.d.ts"]
    assert "require('../first.js').a" in (changed["lib/tools/index.js"] or "")
    assert changed["lib/two.js"] == "exports.c = require('./first').a;\n"


def test_renaming_back_restores_every_byte(run: Run) -> None:
    there = run(SHOP, RenameModule(path="src/cart.ts", new_path="src/basket.ts"))
    after = {p: d for p, d in ({**SHOP, **there}).items() if d is not None}
    back = run(after, RenameModule(path="src/basket.ts", new_path="src/cart.ts"))
    assert {p: d for p, d in ({**after, **back}).items() if d is not None} == SHOP


def test_a_function_moves_to_a_new_file_with_helpers_and_imports(run: Run) -> None:
    changed = run(SHOP, move("src/cart.ts", "total", "src/page/sum.ts"))
    assert changed["src/page/sum.ts"] == (
        "import type { Line } from '../cart';\nimport { log } from '../log';\n\nconst RATE = 0.2;\n\n"
        "// what the state takes\n"
        "function tax(line: Line): number {\n  return line.price * RATE;\n}\n\n"
        "export function total(lines: Line[]): number {\n"
        "  log('total');\n  return lines.reduce((sum, line) => sum + tax(line), 0);\n}\n"
    )
    cart = changed["src/cart.ts"] or ""
    assert "import { total } from './page/sum';" in cart and "log" not in cart and "function" not in cart
    assert "RATE" not in cart
    assert changed["src/index.ts"] == (
        "export * from './cart';\nexport { total } from './page/sum';\nexport { default as Cart } from './cart';\n"
    )
    view = changed["src/page/view.tsx"] or ""
    assert "import { total as sum } from '@app/page/sum';" in view
    assert "import Cart, { type Line } from '@app/cart';" in view
    assert "sum(lines) + sum(lines)" in view


def test_types_stay_type_only_and_a_default_export_gets_its_name(run: Run) -> None:
    changed = run(SHOP, move("src/cart.ts", "Line", "src/money.ts"))
    assert changed["src/money.ts"] == (
        "export type Money = number;\n\n/** A line. */\nexport interface Line {\n  price: Money;\n}\n"
    )
    assert "import type { Line } from './money';" in (changed["src/cart.ts"] or "")
    assert "Money }" not in (changed["src/cart.ts"] or "")
    assert "export type { Line } from './money';" in (changed["src/index.ts"] or "")
    assert "import('../money').Line" in (changed["src/page/view.tsx"] or "")
    changed = run(SHOP, move("src/cart.ts", "Cart", "src/basket.ts"))
    assert "export class Cart {" in (changed["src/basket.ts"] or "")
    assert "export { Cart } from './basket';" in (changed["src/index.ts"] or "")
    assert "import { Cart } from '@app/basket';" in (changed["src/page/view.tsx"] or "")


def test_the_last_definition_of_a_file_takes_the_file_along(run: Run) -> None:
    files = {
        "a.ts": "import { y } from './b';\nexport const x = () => y;\n",
        "b.ts": "export const y = 1;\n",
        "i.ts": "export * from './a';\nexport { y } from './b';\n",
        "u.ts": "import { x } from './a';\nx();\n",
    }
    changed = run(files, move("a.ts", "x", "c.ts"))
    assert changed["a.ts"] is None and changed["c.ts"] == files["a.ts"]
    assert changed["i.ts"] == "export * from './c';\nexport { y } from './b';\n"
    changed = run(files, move("a.ts", "x", "b.ts"))
    assert changed["b.ts"] == "export const y = 1;\n\nexport const x = () => y;\n"
    assert (changed["a.ts"] or "").strip() == "export {};"
    assert changed["u.ts"] == "import { x } from './b';\nx();\n"
    assert changed["i.ts"] == "export * from './a';\nexport { y, x } from './b';\n"


def test_configuration_names_files_from_its_own_folder(run: Run) -> None:
    files = {
        "src/index.js": "export const a = 1;\n",
        "hooks/src/index.js": "export const b = 1;\n",
        "hooks/package.json": '{"main": "src/index.js"}\n',
        "package.json": '{"main": "src/index.js", "module": "./hooks/src/index.js"}\n',
    }
    changed = run(files, RenameModule(path="src/index.js", new_path="src/main.js"))
    assert set(changed) == {"src/index.js", "src/main.js", "package.json"}
    assert changed["package.json"] == '{"main": "src/main.js", "module": "./hooks/src/index.js"}\n'
    changed = run(files, RenameModule(path="hooks/src/index.js", new_path="hooks/src/main.js"))
    assert changed["hooks/package.json"] == '{"main": "src/main.js"}\n'
    assert changed["package.json"] == '{"main": "src/index.js", "module": "./hooks/src/main.js"}\n'


def test_renames_that_types_leave_open_are_refused(run: Run) -> None:
    files = {
        "a.ts": (
            "export interface A {\n  size: number;\n}\nexport interface B {\n  size: number;\n}\n"
            "export const f = (x: A | B) => x.size;\nexport function make(): A {\n  return { size: 1 };\n}\n"
        ),
    }
    with pytest.raises(Refused, match=r"member of both|cannot be told"):
        run(files, RenameSymbol(symbol="a.ts::A.size", new_name="extent"))
    declared = {
        "hooks.js": "export function useIt() {}\n",
        "index.js": "export { useIt } from './hooks';\n",
        "index.d.ts": "declare namespace All {\n  export function useIt(): void;\n}\nexport = All;\n",
    }
    with pytest.raises(Refused, match=r"index\.d\.ts declares useIt"):
        run(declared, RenameSymbol(symbol="hooks.js::useIt", new_name="useThat"))
    alone = {"a.ts": files["a.ts"].replace("A | B", "A")}
    changed = run(alone, RenameSymbol(symbol="a.ts::A.size", new_name="extent"))
    assert (changed["a.ts"] or "").count("extent") == 3


def test_a_re_export_is_left_where_asked(run: Run) -> None:
    changed = run(SHOP, move("src/cart.ts", "total", "src/sum.ts", keep_alias=True))
    assert "export { total } from './sum';" in (changed["src/cart.ts"] or "")
    assert "src/index.ts" not in changed


@pytest.mark.parametrize(
    ("files", "operation", "message"),
    [
        (
            {"a.ts": "export const x = 1;\nexport const y = 2;\n", "b.ts": "const x = 3;\n"},
            move("a.ts", "x", "b.ts"),
            "x is bound there already",
        ),
        (
            {"a.ts": "export const x = 1, y = 2;\nexport const z = 3;\n"},
            move("a.ts", "x", "b.ts"),
            "defines y as well",
        ),
        (
            {"a.js": "exports.x = 1;\nexports.y = require('./b');\n", "b.js": ""},
            move("a.js", "x", "c.js"),
            "no ES module",
        ),
        (
            {"a.ts": "export class A {}\nexport class B extends A {}\nexport const c = new B();\n"},
            move("a.ts", "B", "b.ts"),
            "import cycle",
        ),
        (
            {"a.ts": "export let n = 1;\nexport function up() { n += 1; }\n"},
            move("a.ts", "up", "b.ts"),
            "assigns n",
        ),
        (
            {"a.ts": "export const x = 1;\nexport const y = 2;\n", "i.ts": "import * as a from './a';\nf(a);\n"},
            move("a.ts", "x", "b.ts"),
            "used as a whole",
        ),
        ({"a.ts": "export const x = 1;\n", "b.py": "y = 1\n"}, move("a.ts", "x", "b.py"), "JavaScript"),
        (
            {"a.ts": "export const f = (x: number) => x;\n[1].map(f);\n"},
            AddParameter(symbol="a.ts::f", name="n", default="1"),
            "without a call",
        ),
        (
            {"a.ts": "export function f(...rest: number[]) {}\n"},
            AddParameter(symbol="a.ts::f", name="n", default="1"),
            "any number of arguments",
        ),
        (
            {"a.js": "export function f() { return arguments.length; }\n"},
            AddParameter(symbol="a.js::f", name="n", default="1"),
            "arguments",
        ),
        ({"a.ts": "export const x = 1;\n", "b.ts": ""}, RenameModule(path="a.ts", new_path="b.ts"), "exists already"),
    ],
)
def test_refusals(
    make_repository: MakeRepository, tmp_path: Path, files: dict[str, str], operation: Operation, message: str
) -> None:
    ws = Workspace(Index.open(make_repository(files), cache_dir=tmp_path / "cache").refresh())
    with pytest.raises((Refused, NothingToDo), match=message):
        operation.apply(ws)


SHAPES = {
    "shapes.ts": (
        "export interface Shape {\n  area(unit: string): number;\n}\n"
        "export class Square implements Shape {\n"
        "  constructor(private side: number, label?: string) {}\n"
        "  area(unit: string): number {\n    return this.side ** 2;\n  }\n}\n"
        "export function over(a: string): string;\n"
        "export function over(a: number): number;\n"
        "export function over(a: any): any {\n  return a;\n}\n"
        "export const twice = (n: number, by = 2) => n * by;\n"
    ),
    "use.test.ts": (
        "import { Square, over, twice } from './shapes';\n"
        "new Square(2).area('m');\nover(1);\ntwice(2);\ntwice(\n  2,\n  3,\n);\ntwice(...([1, 2] as const));\n"
    ),
}


def test_a_parameter_goes_through_interfaces_overloads_and_constructors(run: Run) -> None:
    fields = {"name": "exact", "default": "false", "call_sites": "all", "call_value": "true"}
    changed = run(SHAPES, AddParameter(symbol="shapes.ts::Square.area", **fields))  # type: ignore[arg-type]
    assert "area(unit: string, exact?: boolean): number;" in (changed["shapes.ts"] or "")
    assert "area(unit: string, exact = false): number {" in (changed["shapes.ts"] or "")
    assert "new Square(2).area('m', true);" in (changed["use.test.ts"] or "")
    changed = run(SHAPES, AddParameter(symbol="shapes.ts::over", **fields))  # type: ignore[arg-type]
    assert (changed["shapes.ts"] or "").count("exact?: boolean") == 2
    assert "over(a: any, exact = false)" in (changed["shapes.ts"] or "")
    changed = run(SHAPES, AddParameter(symbol="shapes.ts::Square", **fields))  # type: ignore[arg-type]
    assert "label?: string, exact = false) {}" in (changed["shapes.ts"] or "")
    assert "new Square(2, undefined, true)" in (changed["use.test.ts"] or "")


def test_arguments_left_out_are_filled_and_spread_calls_stay(run: Run) -> None:
    add = AddParameter(symbol="shapes.ts::twice", name="exact", default="false", call_sites="all", call_value="true")
    changed = run(SHAPES, add)
    use = changed["use.test.ts"] or ""
    assert "twice(2, undefined, true);" in use
    assert "twice(\n  2,\n  3,\n  true,\n);" in use
    left = run.outcome.left_alone  # type: ignore[attr-defined]
    assert [(place.line, place.reason) for place in left] == [(9, "passes a list of arguments of unknown length")]
    changed = run(SHAPES, add.model_copy(update={"call_sites": "all_but_tests"}))
    assert "use.test.ts" not in changed


def test_names_in_exports_shorthands_and_jsx(run: Run) -> None:
    files = {
        "a.tsx": (
            "function Box() {\n  return null;\n}\nexport { Box, Box as Crate };\nexport const all = { Box };\n"
            "export default Box;\n"
        ),
        "b.tsx": "import Box, { Box as B, Crate } from './a';\nexport const view = [<Box />, <B />, <Crate />];\n",
    }
    changed = run(files, RenameSymbol(symbol="a.tsx::Box", new_name="Chest"))
    assert "export { Chest, Chest as Crate };\nexport const all = { Box: Chest };\nexport default Chest;" in (
        changed["a.tsx"] or ""
    )
    assert "{ Chest as B, Crate }" in (changed["b.tsx"] or "")


@pytest.mark.parametrize(
    ("instruction", "operations"),
    [
        ("rename total to sumUp", [{"symbol": "src/cart.ts::total", "new_name": "sumUp"}]),
        ("rename src/cart.ts to src/basket.ts", [{"path": "src/cart.ts", "new_path": "src/basket.ts"}]),
        ("rename the cart module to basket", [{"path": "src/cart.ts", "new_path": "src/basket.ts"}]),
        ("move src/cart.ts to src/page", [{"path": "src/cart.ts", "new_path": "src/page/cart.ts"}]),
        ("move cart.ts to basket.ts", [{"path": "src/cart.ts", "new_path": "src/basket.ts"}]),
        ("move total to src/sum.ts", [{"symbols": ["src/cart.ts::total"], "target": "src/sum.ts"}]),
        (
            "Move the interface Line and total from cart.ts to a new file src/sum.ts.",
            [{"symbols": ["src/cart.ts::Line", "src/cart.ts::total"], "target": "src/sum.ts"}],
        ),
        (
            "add a boolean parameter named exact, default false, to the function total and pass true in all calls",
            [
                {
                    "symbol": "src/cart.ts::total",
                    "name": "exact",
                    "default": "false",
                    "call_sites": "all",
                    "call_value": "true",
                }
            ],
        ),
    ],
)
def test_instructions_need_no_model(
    make_repository: MakeRepository, instruction: str, operations: list[dict[str, Any]]
) -> None:
    def no_model() -> Any:
        raise AssertionError("the model is not needed here")

    index = Index.open(make_repository(SHOP)).refresh()
    made = planner.plan(instruction, index, no_model)
    assert [o.model_dump(exclude_defaults=True) for o in made.operations] == operations
