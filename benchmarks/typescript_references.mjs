// Reads a list of [[path, offset], ...] (UTF-16 units), one for each definition, and prints, for each, the [path, offset, length] of every
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

// Where the service is asked for one definition: at its name, at every declaration that the compiler merges with it,
// and, for `x.f = function f() {}` and its like, at the function's own name, which says the same.
function places(path, offset) {
  const program = service.getProgram();
  const file = program.getSourceFile(path);
  const found = new Map([[`${path}:${offset}`, [path, offset]]]);
  if (!file) return [...found.values()];
  const add = (name) => {
    const where = name.getSourceFile().fileName;
    if (inside(where) !== null) found.set(`${where}:${name.getStart()}`, [where, name.getStart()]);
  };
  const node = ts.getTouchingPropertyName(file, offset);
  for (const declaration of program.getTypeChecker().getSymbolAtLocation(node)?.declarations ?? []) {
    const name = ts.getNameOfDeclaration(declaration);
    if (name && name.getText() === node.getText()) add(name);
  }
  const given = node.parent?.parent;
  const value = node.parent?.initializer ?? (given && ts.isBinaryExpression(given) ? given.right : undefined);
  if (value && ts.isFunctionExpression(value) && value.name?.text === node.text) add(value.name);
  return [...found.values()];
}

const answers = [];
for (const wanted of JSON.parse(readFileSync(0, "utf8"))) {
  const answer = new Map();
  for (const [path, offset] of wanted)
    for (const [at, position] of places(join(root, path), offset))
      for (const group of service.findReferences(at, position) ?? [])
        for (const { fileName, textSpan } of group.references) {
          const where = inside(fileName);
          if (where !== null) answer.set(`${where}:${textSpan.start}`, [where, textSpan.start, textSpan.length]);
        }
  answers.push([...answer.values()]);
}
console.log(JSON.stringify(answers));
