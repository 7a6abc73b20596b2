"""Where JavaScript and TypeScript specifiers lead."""

from __future__ import annotations

import json

import pytest

from repo_index.languages import for_path
from repo_index.project import ProjectFiles


def resolver(files: dict[str, object]):
    texts = {p: t if isinstance(t, str) else json.dumps(t) for p, t in files.items()}
    project = ProjectFiles(texts, lambda path: texts[path].encode())

    def resolve(importer: str, module: str) -> str:
        language = for_path(importer)
        assert language is not None
        found = language.resolve_module(module, importer, project)
        return found.path if found.path is not None and found.state == "resolved" else found.state

    return resolve


def test_relative_files_extensions_and_folders():
    resolve = resolver(
        dict.fromkeys(
            "src/a.ts src/b.tsx src/c.d.ts src/d.js src/e/index.ts src/f.mts src/g.json src/h.test.js src/i.css "
            "src/both.js src/both.d.ts src/j.jsx src/index.ts src/x.vue src/types.d.cts".split(),
            "",
        )
    )
    a = "src/a.ts"
    assert resolve(a, "./b") == "src/b.tsx"
    assert resolve(a, "./b.js") == "src/b.tsx"
    assert resolve(a, "./b.jsx") == "src/b.tsx"
    assert resolve(a, "./c") == "src/c.d.ts"
    assert resolve(a, "./d") == "src/d.js"
    assert resolve(a, "./e") == "src/e/index.ts"
    assert resolve(a, "./e/") == "src/e/index.ts"
    assert resolve("src/e/index.ts", "..") == "src/index.ts"
    assert resolve("src/e/index.ts", "../a.js") == "src/a.ts"
    assert resolve(a, ".") == "src/index.ts"
    assert resolve(a, "./f.mjs") == "src/f.mts"
    assert resolve(a, "./g.json") == "src/g.json"
    assert resolve(a, "./h.test") == "src/h.test.js"
    assert resolve(a, "./i.css") == "src/i.css"
    assert resolve(a, "./i.css?inline") == "src/i.css"
    assert resolve(a, "./both") == "src/both.d.ts"
    assert resolve("src/d.js", "./both") == "src/both.js"
    assert resolve("src/d.js", "./j") == "src/j.jsx"
    assert resolve(a, "./x.vue") == "src/x.vue"
    assert resolve(a, "./types.cjs") == "src/types.d.cts"
    assert resolve(a, "./nothing") == "unresolved"
    assert resolve(a, "../../outside") == "unresolved"


def test_runtime_modules_and_packages_are_external():
    resolve = resolver({"a.ts": "", "fs.ts": ""})
    for module in (
        "fs",
        "node:fs",
        "fs/promises",
        "react",
        "@scope/pkg/deep",
        "https://x.test/y.js",
        "data:text/plain,1",
    ):
        assert resolve("a.ts", module) == "external", module


def test_compiler_paths_with_comments_extends_and_references():
    resolve = resolver(
        {
            "tsconfig.base.json": (
                '// base\n{"compilerOptions": {"paths": {"@lib/*": ["./libs/*/src", "./libs/*"], /* x */ }}}'
            ),
            "app/tsconfig.json": {"extends": "../tsconfig.base", "compilerOptions": {"strict": True}},
            "app/main.ts": "",
            "libs/core/src/index.ts": "",
            "libs/core/src/deep/x.ts": "",
            "libs/flat.ts": "",
            "web/tsconfig.json": {"files": [], "references": [{"path": "./tsconfig.app.json"}]},
            "web/tsconfig.app.json": (
                '{"compilerOptions": {"baseUrl": ".", "paths": {"@/*": ["src/*"], "@/special/*": ["special/*"],'
                ' "exact": ["src/one.ts"]}},}'
            ),
            "web/src/one.ts": "",
            "web/src/comp/two.tsx": "",
            "web/special/s.ts": "",
            "plain/jsconfig.json": {"compilerOptions": {"baseUrl": "./src"}},
            "plain/src/utils/helper.js": "",
            "plain/src/a.js": "",
            "loop/tsconfig.json": {"extends": "./other.json"},
            "loop/other.json": {"extends": "./tsconfig.json", "compilerOptions": {"paths": {"~/*": ["./*"]}}},
            "loop/x.ts": "",
            "loop/y.ts": "",
        }
    )
    assert resolve("app/main.ts", "@lib/core") == "libs/core/src/index.ts"
    assert resolve("app/main.ts", "@lib/flat") == "libs/flat.ts"
    assert resolve("app/main.ts", "@lib/none") == "unresolved"
    assert resolve("web/src/one.ts", "@/comp/two") == "web/src/comp/two.tsx"
    assert resolve("web/src/one.ts", "@/special/s") == "web/special/s.ts"
    assert resolve("web/src/comp/two.tsx", "exact") == "web/src/one.ts"
    assert resolve("web/src/one.ts", "src/comp/two") == "web/src/comp/two.tsx"
    assert resolve("plain/src/a.js", "utils/helper") == "plain/src/utils/helper.js"
    assert resolve("plain/src/a.js", "lodash") == "external"
    assert resolve("loop/x.ts", "~/y") == "loop/y.ts"


@pytest.mark.parametrize("kind", ["npm", "yarn", "pnpm", "lerna"])
def test_workspaces(kind):
    files: dict[str, object] = {
        "package.json": {"name": "root", "private": True},
        "packages/core/package.json": {
            "name": "@my/core",
            "main": "./dist/index.js",
            "types": "./dist/index.d.ts",
        },
        "packages/core/src/index.ts": "",
        "packages/core/src/util.ts": "",
        "packages/ui/package.json": {
            "name": "@my/ui",
            "exports": {
                ".": {"types": "./dist/types/index.d.ts", "import": "./dist/index.mjs"},
                "./button": "./dist/button.js",
                "./icons/*": {"import": "./dist/icons/*.js"},
                "./private/*": None,
            },
        },
        "packages/ui/src/index.tsx": "",
        "packages/ui/src/button.tsx": "",
        "packages/ui/src/icons/star.tsx": "",
        "packages/app/package.json": {"name": "app", "imports": {"#db": "./src/db.ts", "#lib/*": "./src/lib/*.js"}},
        "packages/app/src/main.ts": "",
        "packages/app/src/db.ts": "",
        "packages/app/src/lib/q.ts": "",
        "examples/fake/package.json": {"name": "react"},
        "examples/fake/index.js": "",
    }
    if kind == "npm":
        files["package.json"] = {"name": "root", "workspaces": ["packages/*"]}
    elif kind == "yarn":
        files["package.json"] = {"name": "root", "workspaces": {"packages": ["packages/**"]}}
    elif kind == "pnpm":
        files["pnpm-workspace.yaml"] = "packages:\n  # all of them\n  - 'packages/*'\n  - '!examples/**'\n"
    else:
        files["lerna.json"] = {"packages": ["packages/*"]}
    resolve = resolver(files)
    main = "packages/app/src/main.ts"
    assert resolve(main, "@my/core") == "packages/core/src/index.ts"
    assert resolve(main, "@my/core/src/util") == "packages/core/src/util.ts"
    assert resolve(main, "@my/core/dist/util.js") == "packages/core/src/util.ts"
    assert resolve(main, "@my/core/missing") == "unresolved"
    assert resolve(main, "@my/ui") == "packages/ui/src/index.tsx"
    assert resolve(main, "@my/ui/button") == "packages/ui/src/button.tsx"
    assert resolve(main, "@my/ui/icons/star") == "packages/ui/src/icons/star.tsx"
    assert resolve(main, "#db") == "packages/app/src/db.ts"
    assert resolve(main, "#lib/q") == "packages/app/src/lib/q.ts"
    assert resolve(main, "#none") == "unresolved"
    assert resolve(main, "react") == "external"
    assert resolve("packages/ui/src/index.tsx", "@my/ui/button") == "packages/ui/src/button.tsx"


def test_folders_with_a_package_and_linked_packages():
    resolve = resolver(
        {
            "package.json": {"name": "self", "main": "lib/main", "dependencies": {"near": "file:./vendor/near"}},
            "lib/main.js": "",
            "vendor/near/package.json": {"name": "near", "module": "./es/near.js"},
            "vendor/near/es/near.js": "",
            "node_modules/kept/package.json": {"name": "kept", "main": "x"},
            "node_modules/kept/x.js": "",
            "test/a.js": "",
        }
    )
    assert resolve("test/a.js", "..") == "lib/main.js"
    assert resolve("test/a.js", "../") == "lib/main.js"
    assert resolve("test/a.js", "self") == "lib/main.js"
    assert resolve("test/a.js", "near") == "vendor/near/es/near.js"
    assert resolve("test/a.js", "kept") == "node_modules/kept/x.js"


def test_two_packages_of_one_name_are_ambiguous():
    files = {
        "package.json": {"workspaces": ["a/*"]},
        "a/one/package.json": {"name": "same"},
        "a/one/index.js": "",
        "a/two/package.json": {"name": "same"},
        "a/two/index.js": "",
        "main.js": "",
    }
    texts = {p: t if isinstance(t, str) else json.dumps(t) for p, t in files.items()}
    project = ProjectFiles(texts, lambda path: texts[path].encode())
    found = for_path("main.js").resolve_module("same", "main.js", project)
    assert (found.state, found.path, found.candidates) == (
        "ambiguous",
        "a/one/index.js",
        ("a/one/index.js", "a/two/index.js"),
    )


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        '{"name": 5, "exports": [[["x"]]], "imports": 7, "workspaces": 3}',
        "[" * 100_000,
        '{"a":' * 50_000,
    ],
)
def test_broken_configuration_is_no_configuration(content):
    resolve = resolver(
        {"package.json": content, "tsconfig.json": content, "pnpm-workspace.yaml": content, "a.ts": "", "b.ts": ""}
    )
    assert resolve("a.ts", "./b") == "b.ts"
    assert resolve("a.ts", "other") == "external"
    assert resolve("a.ts", "#x") in ("unresolved", "external")
    assert resolve("a.ts", "") == "unresolved"
