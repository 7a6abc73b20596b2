"""References to members through TypeScript's types, as the index finds them."""

from __future__ import annotations

from repo_index import Index


def places(index: Index, spec: str, certainty: str = "exact") -> list[str]:
    """`path:line` of references of that certainty."""
    found = index.references(index.symbol(spec))
    return [f"{r.path}:{r.line}" for r in found if r.certainty == certainty]


SHAPES = (
    "export interface Shape { area: number; name: string }\n"
    "export interface Circle extends Shape { name: 'circle'; radius: number }\n"
    "export interface Square extends Shape { name: 'square'; side: number }\n"
    "export interface Labelled { name: string }\n"
)


def test_a_place_means_a_member_when_both_share_a_declaration_above(repository):
    index = repository(
        {
            "shapes.ts": SHAPES + "export interface Both extends Circle, Labelled { name: 'circle' }\n",
            "use.ts": (
                'import type { Both, Circle, Labelled, Square } from "./shapes";\n'
                "export const a = (c: Circle) => c.name;\n"
                "export const b = (s: Square) => s.name;\n"
                "export const c = (l: Labelled) => l.name;\n"
                "export const d = (b: Both) => b.name;\n"
            ),
        }
    )
    assert places(index, "shapes.ts::Circle.name") == [
        "shapes.ts:1", "shapes.ts:2", "shapes.ts:3", "shapes.ts:5", "use.ts:2", "use.ts:3", "use.ts:5",
    ]  # fmt: skip
    # renaming one renames the others too
    assert "use.ts:4" in places(index, "shapes.ts::Circle.name", "likely")


def test_type_parameters_have_the_members_of_their_constraint(repository):
    index = repository(
        {
            "shapes.ts": SHAPES,
            "use.ts": (
                'import type { Circle, Shape } from "./shapes";\n'
                "export function first<T extends Circle>(shape: T): T { shape.radius; return shape; }\n"
                "export class Box<S extends Shape> { constructor(private shape: S) {} get(): S { return this.shape; } }\n"
                'export type Radius<T extends Circle> = T["radius"];\n'
                "export const unknown = first(JSON.parse('')).radius;\n"
            ),
        }
    )
    assert places(index, "shapes.ts::Circle.radius") == ["shapes.ts:2", "use.ts:2", "use.ts:4"]
    assert places(index, "shapes.ts::Circle.radius", "likely") == ["use.ts:5"]


def test_what_is_unknown_is_likely_where_imports_lead_to_the_type(repository):
    index = repository(
        {
            "shapes.ts": SHAPES,
            "other.ts": "export class Square { side = 1 }\nexport const other = new Square().side;\n",
            "make.ts": 'import type { Square } from "./shapes";\nexport declare const all: Map<string, Square>;\n',
            "use.ts": 'import { all } from "./make";\nall.forEach((s) => s.side);\nall.get("a")!.side;\n',
            "lists.ts": (
                'import type { Square } from "./shapes";\n'
                "export const total = (squares: Square[]) => squares.map((s) => s.side);\n"
                "export const make = ({ on }: { on: (s: Square) => void }) => on({ side: 1 } as any);\n"
            ),
            "apart.ts": "export const f = (x: any) => x.side;\n",
        }
    )
    assert places(index, "shapes.ts::Square.side") == ["shapes.ts:3"]
    assert places(index, "shapes.ts::Square.side", "likely") == ["lists.ts:2", "lists.ts:3", "use.ts:2", "use.ts:3"]


def test_aliases_in_export_clauses_are_references(repository):
    index = repository(
        {
            "a.ts": "function open() {}\nexport { open as start };\n",
            "b.ts": 'export { start as begin } from "./a";\n',
            "c.ts": 'import { begin } from "./b";\nbegin();\n',
        }
    )
    found = index.references(index.symbol("a.ts::open"))
    assert [(r.path, r.line, r.name) for r in found if r.certainty == "exact"] == [
        ("a.ts", 1, "open"),
        ("a.ts", 2, "open"),
        ("a.ts", 2, "start"),
        ("b.ts", 1, "start"),
        ("b.ts", 1, "begin"),
        ("c.ts", 1, "begin"),
        ("c.ts", 2, "begin"),
    ]


def test_a_declaration_file_beside_javascript_declares_the_same(repository):
    index = repository(
        {
            "lib/hooks.js": "export function useState() {}\n",
            "lib/hooks.d.ts": "export declare function useState(): void;\n",
            "use.ts": 'import { useState } from "./lib/hooks";\nuseState();\n',
        }
    )
    assert places(index, "lib/hooks.js::useState") == ["lib/hooks.d.ts:1", "lib/hooks.js:1", "use.ts:1", "use.ts:2"]


def test_static_and_instance_members_of_one_name(repository):
    index = repository(
        {
            "clock.ts": (
                "export interface Timed { now(): number }\n"
                "export class Clock implements Timed {\n"
                "  static now = () => 1;\n"
                "  now() { return Clock.now(); }\n"
                "}\n"
                "new Clock().now();\n"
            )
        }
    )
    assert places(index, "clock.ts::Clock.now") == ["clock.ts:1", "clock.ts:4", "clock.ts:6"]
    assert places(index, "clock.ts::Clock.now#2") == ["clock.ts:3", "clock.ts:4"]


def test_arguments_and_callbacks_have_the_types_of_parameters(repository):
    index = repository(
        {
            "server.tsx": (
                "export interface Options { port: number; tls?: { key: string } }\n"
                "export interface Reply { send(text: string): void }\n"
                "type Handler = (reply: Reply, last: boolean) => void;\n"
                "export function listen(options: Partial<Options>, handle?: (reply: Reply) => void) {}\n"
                "export class Router { constructor(options: Options) {} use(handler: Handler | undefined) {} }\n"
                "export function Page(props: Options) { return null; }\n"
                "export function either(options: Options): void;\n"
                "export function either(options: string): void;\n"
                "export function either(options: any) {}\n"
            ),
            "use.tsx": (
                'import { either, listen, Page, Router } from "./server";\n'
                "const port = 1;\n"
                "listen({ port: 1 }, (reply) => reply.send('a'));\n"
                "new Router({ port }).use(function (reply) { reply.send('b'); });\n"
                "export const page = <Page port={2} />;\n"
                "either({ port: 3 });\n"
            ),
        }
    )
    assert places(index, "server.tsx::Options.port") == ["server.tsx:1", "use.tsx:3", "use.tsx:4", "use.tsx:5"]
    assert places(index, "server.tsx::Options.port", "likely") == ["use.tsx:6"]
    assert places(index, "server.tsx::Reply.send") == ["server.tsx:2", "use.tsx:3", "use.tsx:4"]


def test_properties_of_unions_belong_to_each_part(repository):
    index = repository(
        {
            "events.ts": (
                "export interface Open { kind: 'open'; path: string }\n"
                "export interface Close { kind: 'close'; code: number }\n"
                "export type Event = Open | Close;\n"
                "export function handle(event: Event) { return event.kind === 'open' ? event.path : event.code; }\n"
            )
        }
    )
    assert places(index, "events.ts::Open.kind") == ["events.ts:1", "events.ts:4"]
    assert places(index, "events.ts::Close.kind") == ["events.ts:2", "events.ts:4"]
    assert places(index, "events.ts::Close.code") == ["events.ts:2", "events.ts:4"]


def test_a_block_that_adds_to_a_module_declares_the_same(repository):
    index = repository(
        {
            "core.ts": "export interface Plugin { name: string }\n",
            "index.ts": 'export * from "./core";\n',
            "more.ts": (
                'import type { Plugin } from "./core";\n'
                'declare module "./core" {\n  interface Plugin { extra: number }\n}\n'
                "export const f = (p: Plugin) => p.name;\n"
            ),
        }
    )
    expected = ["core.ts:1", "more.ts:1", "more.ts:3", "more.ts:5"]
    assert places(index, "core.ts::Plugin") == expected
    assert places(index, "more.ts::Plugin#2") == expected
