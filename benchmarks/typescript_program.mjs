// What both oracles share: the files of a tree and the compiler options that hold for it.
import { createRequire } from "node:module";
import { readFileSync, readdirSync, realpathSync, statSync, existsSync } from "node:fs";
import { join, relative } from "node:path";

const require = createRequire(import.meta.url);
export const ts = require(process.argv[2]);
export const root = realpathSync(process.argv[3]);

const CODE = /\.[cm]?[jt]sx?$/;
const MAX_BYTES = 1_000_000;

export function inside(path) {
  const found = relative(root, path);
  return found.startsWith("..") ? null : found;
}

export function sources() {
  const found = [];
  const todo = [root];
  while (todo.length) {
    const folder = todo.pop();
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      const stat = statSync(path);
      if (stat.isDirectory()) {
        if (name !== ".git") todo.push(path);
      } else if (CODE.test(name) && stat.size <= MAX_BYTES) found.push(path);
    }
  }
  return found.sort();
}

// The tree's own tsconfig.json, with what makes the compiler read JavaScript as well.
export function options(readFile = ts.sys.readFile) {
  const path = join(root, "tsconfig.json");
  let given = {};
  if (existsSync(path)) {
    const read = ts.readConfigFile(path, readFile);
    given = ts.parseJsonConfigFileContent(read.config, { ...ts.sys, readFile }, root).options;
  }
  return {
    strict: true,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    module: ts.ModuleKind.ESNext,
    jsx: ts.JsxEmit.Preserve,
    target: ts.ScriptTarget.ESNext,
    ...given,
    allowJs: true,
    checkJs: true,
    resolveJsonModule: true,
    noEmit: true,
    types: [],
  };
}

export { readFileSync };
