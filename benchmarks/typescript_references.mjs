// Reads [[path, offset], ...] (offsets in UTF-16 units) and prints, for each, the [path, offset, length] of every
// reference inside the tree that the TypeScript language service finds there.
import { join } from "node:path";
import { inside, options, readFileSync, root, sources, ts } from "./typescript_program.mjs";

const files = sources();
const settings = options();
const texts = new Map();
const host = {
  getScriptFileNames: () => files,
  getScriptVersion: () => "1",
  getScriptSnapshot(path) {
    if (!texts.has(path)) {
      const text = ts.sys.readFile(path);
      texts.set(path, text === undefined ? undefined : ts.ScriptSnapshot.fromString(text));
    }
    return texts.get(path);
  },
  getCurrentDirectory: () => root,
  getCompilationSettings: () => settings,
  getDefaultLibFileName: (given) => ts.getDefaultLibFilePath(given),
  fileExists: ts.sys.fileExists,
  readFile: ts.sys.readFile,
  readDirectory: ts.sys.readDirectory,
  directoryExists: ts.sys.directoryExists,
  getDirectories: ts.sys.getDirectories,
};
const service = ts.createLanguageService(host);
const answers = [];
for (const [path, offset] of JSON.parse(readFileSync(0, "utf8"))) {
  const places = [];
  for (const group of service.findReferences(join(root, path), offset) ?? [])
    for (const { fileName, textSpan } of group.references) {
      const where = inside(fileName);
      if (where !== null) places.push([where, textSpan.start, textSpan.length]);
    }
  answers.push(places);
}
console.log(JSON.stringify(answers));
