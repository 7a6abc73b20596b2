"""Facts of single JavaScript and TypeScript files."""

from __future__ import annotations

import random

import pytest

from repo_index.facts import FileFacts
from repo_index.languages import for_path


def extract(source: str, path: str = "a.ts") -> FileFacts:
    language = for_path(path)
    assert language is not None
    facts = language.extract(source.encode(), path)
    for occurrence in facts.occurrences:
        written = source.encode()[slice(*occurrence.span)].decode()
        assert written == occurrence.name or occurrence.name == "default", occurrence
    return facts


def uses(facts: FileFacts) -> list[tuple[int, str, str, str]]:
    """(line, name, binding, target or receiver type) of all occurrences."""
    return [(o.line, o.name, o.binding, o.target or (o.receiver.type if o.receiver else "")) for o in facts.occurrences]


def definitions(facts: FileFacts) -> list[tuple[str, str]]:
    return [(d.kind, d.qualified) for d in facts.definitions]


def test_definitions():
    facts = extract(
        "export function f(a: number, { b }: P, ...rest: string[]): void {}\n"
        "const arrow = async (x = 1) => x, plain = 2;\n"
        "/** Doc. */\nexport abstract class C<T> extends B implements I, J<T> {\n"
        "  @dec() #hidden = 1; static s: string;\n"
        "  constructor(private readonly dep: Dep) { super(); }\n"
        "  get v() { return 1; }\n  private m?(): void;\n  handler = () => {};\n}\n"
        "interface I { a: string; b(): void; c: () => void }\n"
        "type T = { d: string };\nenum E { X, Y = 2 }\n"
        "namespace N.M { export function g() { function inner() {} } }\n"
        "export const api = { get(id: string) {}, post: () => {}, url: '' };\n"
    )
    assert definitions(facts) == [
        ("function", "f"),
        ("function", "arrow"),
        ("constant", "plain"),
        ("class", "C"),
        ("attribute", "C.#hidden"),
        ("attribute", "C.s"),
        ("method", "C.constructor"),
        ("attribute", "C.dep"),
        ("method", "C.v"),
        ("method", "C.m"),
        ("method", "C.handler"),
        ("interface", "I"),
        ("attribute", "I.a"),
        ("method", "I.b"),
        ("method", "I.c"),
        ("type", "T"),
        ("attribute", "T.d"),
        ("enum", "E"),
        ("attribute", "E.X"),
        ("attribute", "E.Y"),
        ("class", "N"),
        ("class", "N.M"),
        ("function", "N.M.g"),
        ("function", "N.M.g.inner"),
        ("constant", "api"),
        ("method", "api.get"),
        ("method", "api.post"),
        ("attribute", "api.url"),
    ]
    found = {d.qualified: d for d in facts.definitions}
    assert [(p.name, p.kind) for p in found["f"].parameters] == [
        ("a", "positional"),
        ("{ b }", "positional"),
        ("rest", "var_positional"),
    ]
    assert found["arrow"].parameters[0].default == "1"
    assert found["C"].bases == ("B", "I", "J") and found["C"].doc == "Doc."
    assert found["C.dep"].type == "Dep" and not found["C.dep"].exported
    assert {q for q, d in found.items() if d.exported} == {
        "f", "C", "C.s", "C.constructor", "C.v", "C.handler", "api", "api.get", "api.post", "api.url",
    }  # fmt: skip
    assert facts.errors == []


def test_exports_and_imports():
    facts = extract(
        'import d, { a as b, type T } from "./x";\nimport * as ns from "./y";\nimport type { U } from "./z";\n'
        'import "./side";\nimport legacy = require("./legacy");\n'
        'export { a as one, default as two } from "./x";\nexport * from "./all";\nexport * as group from "./group";\n'
        "const v = 1;\nexport { v as value, b };\nexport default class {}\n"
        'const lazy = await import("./lazy");\nfunction f() { const { g } = require("./in"); }\n'
        'new Worker(new URL("./worker.ts", import.meta.url));\n/// <reference path="lib.d.ts" />\n'
    )
    assert [(i.module, i.name, i.local, i.kind, i.scope) for i in facts.imports] == [
        ("./x", "default", "d", "runtime", ""),
        ("./x", "a", "b", "runtime", ""),
        ("./x", "T", "T", "type", ""),
        ("./y", None, "ns", "runtime", ""),
        ("./z", "U", "U", "type", ""),
        ("./side", None, "", "runtime", ""),
        ("./legacy", None, "legacy", "runtime", ""),
        ("./x", "a", "", "reexport", ""),
        ("./x", "default", "", "reexport", ""),
        ("./all", "*", "", "reexport", ""),
        ("./group", None, "", "reexport", ""),
        ("./lazy", None, "lazy", "lazy", ""),
        ("./in", "g", "g", "lazy", "f"),
        ("./worker.ts", None, "", "lazy", ""),
        ("./lib.d.ts", None, "", "type", ""),
    ]
    assert [(e.name, e.local, e.module) for e in facts.exports] == [
        ("one", "a", "./x"),
        ("two", "default", "./x"),
        ("*", "*", "./all"),
        ("group", "*", "./group"),
        ("value", "v", ""),
        ("b", "b", ""),
        ("default", "default", ""),
    ]


def test_commonjs_exports():
    facts = extract(
        "function a() {}\nfunction trim() {}\n"
        "module.exports = { a, b: trim, c() {}, d: () => {}, ...require('./more'), e: require('./e') };\n"
        "exports.trim = function (x) { return trim(x); };\n",
        "a.js",
    )
    assert [(e.name, e.local, e.module) for e in facts.exports] == [
        ("a", "a", ""),
        ("b", "trim", ""),
        ("c", "c", ""),
        ("d", "d", ""),
        ("*", "*", "./more"),
        ("e", "*", "./e"),
        ("default", "*", ""),
        ("trim", "exports.trim", ""),
    ]
    assert (4, "trim", "definition", "trim") in uses(facts)
    assert [(d.qualified, d.exported) for d in facts.definitions] == [
        ("a", True), ("trim", True), ("c", True), ("d", True), ("exports.trim", True),
    ]  # fmt: skip


def test_scoping():
    facts = extract(
        'import { x, y, T } from "m";\n'
        "function f(x, { y: z = x } = {}) { var w = x; return y; }\n"
        "{ let x = 1; x; }\n"
        "for (const x of [y]) x;\n"
        "try { x; } catch (x) { x; }\n"
        "const g = y => y;\n"
        "late(); function late() { hoisted; if (1) { var hoisted = x; } }\n"
        "class K<T> { m(t: T): void {} }\n"
        "switch (y) { case 1: let y; y; }\n"
        "const named = function x() { return x; };\n"
        "type A = T extends infer x ? x : T; label: for (;;) break label;\n"
    )
    found = [(line, name) for line, name, binding, _ in uses(facts) if binding == "import"]
    assert found == [
        (1, "x"), (1, "y"), (1, "T"),
        (2, "y"),
        (4, "y"),
        (5, "x"),
        (7, "x"),
        (9, "y"),
        (11, "T"), (11, "T"),
    ]  # fmt: skip
    assert (7, "late", "definition", "late") in uses(facts)
    assert not [u for u in uses(facts) if u[2] == "global"]


def test_shorthand_properties():
    facts = extract("const a = 1;\nconst o = { a, b: a };\nf({ a });\nconst { c, a: d } = o;\n")
    assert len(facts.shorthands) == 3
    at = [o for o in facts.occurrences if o.line == 3 and o.name == "a"]
    assert [(o.kind, o.binding) for o in at] == [("keyword", "member"), ("use", "definition")]
    assert len({o.span for o in at}) == 1 and at[0].span in facts.shorthands


def test_receivers():
    facts = extract(
        'import { Client } from "./client";\n'
        "class Base { run() {} }\n"
        "class S extends Base {\n  client = new Client();\n"
        "  go(other: Base | null, c: Promise<Client>) { this.run(); super.run(); other?.run(); this.client.send(); }\n"
        "  make() { return new Client(); }\n}\n"
        "const s = new S(); s.go(); s.make().send();\n"
        "function f({ client }: S, x = new Base()) { client.send(); x.run(); (y as Client).send(); y.send(); }\n"
    )
    found = [(o.line, o.name, o.receiver.kind, o.receiver.type, o.chain) for o in facts.occurrences if o.receiver]
    assert found == [
        (5, "run", "self", "S", ()),
        (5, "run", "super", "S", ()),
        (5, "run", "instance", "Base", ()),
        (5, "client", "self", "S", ()),
        (5, "send", "self", "S", ("client", "send")),
        (8, "go", "instance", "s", ()),
        (8, "make", "instance", "s", ()),
        (8, "send", "instance", "s.make", ()),
        (9, "client", "instance", "S", ()),
        (9, "send", "instance", "S", ("client", "send")),
        (9, "run", "instance", "Base", ()),
        (9, "send", "instance", "Client", ()),
        (9, "send", "instance", "y", ()),
    ]
    assert {d.qualified: d.type for d in facts.definitions if d.type} == {
        "S.client": "Client",
        "S.make": "Client",
        "s": "S",
    }


def test_calls():
    source = "f(1, ...a, b); new C(x); o.m(); <D e={1} />; new E; tag`x`;"
    facts = extract(source, "a.tsx")
    assert [(source[slice(*c.callee_span)], c.positional, c.starred) for c in facts.calls] == [
        ("f", 2, True),
        ("C", 1, False),
        ("m", 0, False),
    ]
    kinds = {o.name: o.kind for o in facts.occurrences}
    assert (kinds["D"], kinds["E"], kinds["tag"], kinds["e"]) == ("call", "call", "use", "keyword")


def test_jsdoc_names_and_modules():
    facts = extract(
        "import { a } from './a';\nclass K { m() {} }\n"
        "/** {@link a} {@link K#m} {@link nothing}\n * @param {import('./t').T<K>} p\n * @throws {K} 'a' a */\n"
        "function f(p) {}\n/** @typedef {import('./u').U} V */\n/** @type {V[]} */ let v;\n",
        "a.js",
    )
    assert [(o.line, o.name, o.target) for o in facts.occurrences if o.kind == "doc"] == [
        (3, "a", "a"),
        (3, "K", "K"),
        (3, "m", "K.m"),
        (4, "T", ""),
        (4, "K", "K"),
        (5, "K", "K"),
        (7, "U", "V"),
        (7, "V", "V"),
        (8, "V", "V"),
    ]
    assert [(i.module, i.name, i.local, i.kind) for i in facts.imports][1:] == [
        ("./t", "T", "", "type"),
        ("./u", "U", "V", "type"),
    ]


def test_merged_declarations_and_overloads_have_one_name():
    facts = extract(
        "export function f(a: string): void;\nexport function f(a: any) {}\n"
        "export interface Box { a: 1 }\nexport interface Box { b: 2 }\nexport const Box = make();\n"
        "test('x', () => { function helper() {} helper(); });\ntest('y', () => { function helper() {} helper(); });\n"
    )
    names = [d.qualified for d in facts.definitions]
    assert names == ["f", "f", "Box", "Box.a", "Box", "Box.b", "Box", "helper", "helper#2"]
    calls = [(o.line, o.target) for o in facts.occurrences if o.name == "helper" and o.kind == "call"]
    assert calls == [(6, "helper"), (7, "helper#2")]


def test_grammar_gaps_are_read():
    assert not extract("interface A<in out T, out U = 1> { x: T\n  <V>(a: V): void\n}\n").errors
    assert not extract("// @flow\nfunction f(a: string): number { return 1; }\n", "a.js").errors
    # `x satisfies a.b.C` is read as a property of `x satisfies a.b`
    facts = extract('import * as a from "./a";\nx() satisfies a.b.C;\n')
    assert [(o.name, o.chain) for o in facts.occurrences if o.line == 2 and o.target == "a"] == [
        ("a", ()),
        ("b", ("b",)),
        ("C", ("b", "C")),
    ]


@pytest.mark.parametrize(
    "source",
    [
        "",
        "\ufeffexport const a = 1;",
        "const a = 1;\r\nexport { a };\r\n",
        "export const é = 'ü', 名 = 1; é + 名;",
        "x = " + "(" * 3000 + ")" * 3000,
        "a" + ".b()" * 5000,
        "a" + " + 1" * 20000,
        "[" * 5000,
        "{" * 3000 + "const {" * 200,
        "export " * 500 + "import " * 500,
        "let x: " + "A<" * 1000 + "B" + ">" * 1000 + ";",
        "f(" * 2000,
        "<div>" * 1000,
        "/** {@link " + "{" * 5000,
        "const " + ", ".join(f"a{i} = a{i - 1}" for i in range(1, 3000)) + "; a2999.b;",
    ],
)
def test_odd_input_never_raises(source):
    for path in ("a.ts", "a.tsx", "a.js"):
        extract(source, path)


def test_damaged_files_never_raise():
    source = (
        b'import a, { b } from "./x";\nexport class C extends D<E> { #x = 1; m({ a, b: [c] }, ...d) { this.x?.y() } }\n'
        b"export default { a, b() {}, ...c };\nmodule.exports = { d: require('./y') };\nexport * as q from './z';\n"
        b"type T = { [K in keyof U]: U[K] } & import('./v').W;\nenum F { A = 1 }\nnamespace G.H { }\n"
        b"const j = <J k={l} {...m}>{n}</J>; import('./o').then(({ p }) => p);\n"
    )
    random.seed(7)
    for path in ("a.ts", "a.tsx", "a.js"):
        language = for_path(path)
        for _ in range(300):
            damaged = bytearray(source)
            for _ in range(random.randint(1, 8)):
                at = random.randrange(len(damaged))
                if random.random() < 0.5:
                    del damaged[at : at + random.randint(1, 12)]
                else:
                    damaged[at:at] = random.choice([b"{", b"}", b"(", b"=>", b"\xff", b"'", b"export ", b"...", b"<"])
            language.extract(bytes(damaged), path)


def test_facts_depend_on_the_text_alone():
    source = "export const a = () => b; class C { m() { return this.n(); } n() {} }\n"
    assert extract(source, "x/a.ts") == extract(source, "y/b.ts")
