"""References across JavaScript and TypeScript files, as the index finds them."""

from __future__ import annotations

from repo_index import Index


def places(index: Index, spec: str, certainty: str = "exact") -> list[str]:
    """`path:line:name` of references of that certainty."""
    symbol = index.symbol(spec)
    return [f"{r.path}:{r.line}:{r.name}" for r in index.references(symbol) if r.certainty == certainty]


def test_named_imports_through_barrels_and_aliases(repository):
    index = repository(
        {
            "src/area.ts": "export function area(r: number) { return r * r; }\nconst twice = area(1) + area(2);\n",
            "src/index.ts": 'export * from "./area.js";\n',
            "src/named.ts": 'export { area as surface } from "./area";\n',
            "src/use.ts": 'import { area } from ".";\nconsole.log(area(3));\nconst o = { area };\n',
            "src/other.ts": 'import { surface } from "./named";\nsurface(1);\n',
            "src/alias.ts": 'import { area as a } from "./index";\na(2);\nfunction f(area: number) { return area; }\n',
            "src/space.ts": 'import * as shapes from "./index";\nshapes.area(1);\n',
            "src/unrelated.ts": "function area() {}\narea();\n",
        }
    )
    assert places(index, "src/area.ts::area") == [
        "src/alias.ts:1:area",
        "src/alias.ts:1:a",
        "src/alias.ts:2:a",
        "src/area.ts:1:area",
        "src/area.ts:2:area",
        "src/area.ts:2:area",
        "src/named.ts:1:area",
        "src/named.ts:1:surface",
        "src/other.ts:1:surface",
        "src/other.ts:2:surface",
        "src/space.ts:2:area",
        "src/use.ts:1:area",
        "src/use.ts:2:area",
        "src/use.ts:3:area",
    ]


def test_default_exports_under_any_name(repository):
    index = repository(
        {
            "Button.tsx": "export default function Button(p: { label: string }) { return <b>{p.label}</b>; }\n",
            "ui.ts": 'export { default as Btn } from "./Button";\nexport { default } from "./Button";\n',
            "a.tsx": 'import Knob from "./Button";\nexport const x = <Knob label="x"></Knob>;\n',
            "b.tsx": 'import Press, { Btn } from "./ui";\nexport const y = [<Btn label="y" />, <Press label="" />];\n',
            "c.tsx": "const Button = () => null;\nexport const z = <Button />;\n",
        }
    )
    assert places(index, "Button.tsx::Button") == [
        "Button.tsx:1:Button",
        "a.tsx:1:Knob",
        "a.tsx:2:Knob",
        "a.tsx:2:Knob",
        "b.tsx:1:Press",
        "b.tsx:1:Btn",
        "b.tsx:2:Btn",
        "b.tsx:2:Press",
        "ui.ts:1:Btn",
    ]


def test_methods_through_this_instances_and_types(repository):
    index = repository(
        {
            "store.ts": (
                "export interface Store { get(key: string): string; }\n"
                "export class Memory implements Store {\n"
                "  items = new Map<string, string>();\n"
                "  get(key: string) { return this.items.get(key) ?? this.miss(key); }\n"
                "  miss(key: string) { return key; }\n"
                "}\n"
                "export const open = (): Memory => new Memory();\n"
            ),
            "use.ts": (
                'import { Memory, open } from "./store";\n'
                'import type { Store } from "./store";\n'
                "class Service {\n"
                "  constructor(private store: Memory) {}\n"
                '  run() { return this.store.get("a") + this.store.miss("b"); }\n'
                "}\n"
                "const memory = new Memory();\n"
                'memory.miss("c");\n'
                'open().miss("d");\n'
                "export function read(store: Store | undefined) { return store?.get('e'); }\n"
                "const map = new Map(); map.get('f');\n"
                "function local() { const m = open(); m.miss('g'); }\n"
            ),
        }
    )
    assert places(index, "store.ts::Memory.miss") == [
        "store.ts:4:miss",
        "store.ts:5:miss",
        "use.ts:5:miss",
        "use.ts:8:miss",
        "use.ts:9:miss",
        "use.ts:12:miss",
    ]
    assert places(index, "store.ts::Memory.get") == [
        "store.ts:1:get",
        "store.ts:4:get",
        "use.ts:5:get",
        "use.ts:10:get",
    ]


def test_commonjs(repository):
    index = repository(
        {
            "lib/app.js": (
                "var app = exports = module.exports = {};\n"
                "app.init = function init() { this.setup(); };\n"
                "app.setup = function setup() {};\n"
            ),
            "lib/make.js": "module.exports = make;\nfunction make() {}\nmake.version = 1;\n",
            "lib/tools.js": (
                "function trim(s) { return s; }\n"
                "exports.trim = trim;\n"
                "exports.pad = function (s) { return exports.trim(s); };\n"
                "module.exports.wide = (s) => exports.pad(s);\n"
            ),
            "index.js": (
                "const app = require('./lib/app');\n"
                "const create = require('./lib/make');\n"
                "const { trim, pad: fill } = require('./lib/tools');\n"
                "const tools = require('./lib/tools');\n"
                "app.init(); create(); create.version; trim(''); fill(''); tools.pad(''); tools.wide('');\n"
            ),
        }
    )
    assert places(index, "lib/app.js::app.init") == ["index.js:5:init", "lib/app.js:2:init", "lib/app.js:2:init"]
    assert places(index, "lib/app.js::app.setup") == ["lib/app.js:2:setup", "lib/app.js:3:setup", "lib/app.js:3:setup"]
    assert places(index, "lib/make.js::make") == [
        "index.js:2:create",
        "index.js:5:create",
        "index.js:5:create",
        "lib/make.js:1:make",
        "lib/make.js:2:make",
        "lib/make.js:3:make",
    ]
    assert places(index, "lib/make.js::make.version") == ["index.js:5:version", "lib/make.js:3:version"]
    assert places(index, "lib/tools.js::trim") == [
        "index.js:3:trim",
        "index.js:5:trim",
        "lib/tools.js:1:trim",
        "lib/tools.js:2:trim",
        "lib/tools.js:2:trim",
        "lib/tools.js:3:trim",
    ]
    assert places(index, "lib/tools.js::pad") == [
        "index.js:3:pad",
        "index.js:3:fill",
        "index.js:5:fill",
        "index.js:5:pad",
        "lib/tools.js:3:pad",
        "lib/tools.js:4:pad",
    ]


def test_types_enums_namespaces_and_object_literals(repository):
    index = repository(
        {
            "model.ts": (
                "export enum Color { Red, Green = Red }\n"
                "export namespace geo { export const zero = 0; export class Point { x = zero; } }\n"
                "export const api = { list() { return this.load(); }, load: () => 1 };\n"
                "export interface Options { depth: number; wide?: boolean }\n"
                "export type Deep = Options & { more: number };\n"
            ),
            "use.ts": (
                'import { Color, geo, api, type Options, Deep } from "./model";\n'
                "const c = Color.Red; const p = new geo.Point(); p.x; api.list();\n"
                "function f({ depth }: Options) { return depth; }\n"
                "const o: Options = { depth: 1 };\n"
                "f({ depth: 2 });\n"
                "let d: Deep; d.depth; d.more;\n"
            ),
        }
    )
    assert places(index, "model.ts::Color.Red") == ["model.ts:1:Red", "model.ts:1:Red", "use.ts:2:Red"]
    assert places(index, "model.ts::geo.Point") == ["model.ts:2:Point", "use.ts:2:Point"]
    assert places(index, "model.ts::geo.Point.x") == ["model.ts:2:x", "use.ts:2:x"]
    assert places(index, "model.ts::geo.zero") == ["model.ts:2:zero", "model.ts:2:zero"]
    assert places(index, "model.ts::api.load") == ["model.ts:3:load", "model.ts:3:load"]
    assert places(index, "model.ts::api.list") == ["model.ts:3:list", "use.ts:2:list"]
    assert places(index, "model.ts::Options.depth") == [
        "model.ts:4:depth",
        "use.ts:3:depth",
        "use.ts:4:depth",
        "use.ts:5:depth",
        "use.ts:6:depth",
    ]
    assert places(index, "model.ts::Deep.more") == ["model.ts:5:more", "use.ts:6:more"]
    assert places(index, "model.ts::Options")[:2] == ["model.ts:4:Options", "model.ts:5:Options"]


def test_dynamic_imports_and_mocks_are_edges(repository):
    index = repository(
        {
            "page.ts": "export const title = 1;\nexport default class Page {}\n",
            "a.ts": (
                'const page = await import("./page");\npage.title;\n'
                'import("./page").then(({ title, default: P }) => [title, new P()]);\n'
                'import("./page").then(m => m.title);\n'
                'let t: import("./page").default;\n'
            ),
            "a.test.ts": 'jest.mock("./page");\n',
        }
    )
    assert places(index, "page.ts::title") == [
        "a.ts:2:title",
        "a.ts:3:title",
        "a.ts:3:title",
        "a.ts:4:title",
        "page.ts:1:title",
    ]
    kinds = {(e.source, e.kind) for e in index.importers("page.ts")}
    assert kinds == {("a.ts", "lazy"), ("a.ts", "type"), ("a.test.ts", "test")}
