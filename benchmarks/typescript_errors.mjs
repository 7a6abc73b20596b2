// Reads lines {"changes": {"path": text or null, ...}, "fresh": bool}: the files that a change leaves other than they are
// in the tree (null: gone). Writes for each line what `tsc --noEmit` reports on the changed tree: [[file, line, code,
// message], ...]. Unless "fresh" is asked for, files that the change cannot reach keep the errors of the tree as it was,
// as with `tsc --incremental`.
import { createInterface } from "node:readline";
import { dirname, join } from "node:path";
import { inside, options, root, sources, ts } from "./typescript_program.mjs";

const files = sources();
const parsed = new Map();
let before;

function errors({ changes, fresh }) {
  const changed = new Map(Object.entries(changes).map(([path, text]) => [join(root, path), text]));
  const folders = new Set();
  for (const [path, text] of changed)
    for (let at = dirname(path); text !== null && at.startsWith(root); at = dirname(at)) folders.add(at);
  const readFile = (path) => (changed.has(path) ? changed.get(path) ?? undefined : ts.sys.readFile(path));
  const settings = options(readFile);
  const host = {
    ...ts.createCompilerHost(settings),
    readFile,
    fileExists: (path) => (changed.has(path) ? changed.get(path) !== null : ts.sys.fileExists(path)),
    directoryExists: (path) => folders.has(path) || ts.sys.directoryExists(path),
    getSourceFile(path, target) {
      const text = readFile(path);
      if (text === undefined) return undefined;
      if (!changed.has(path) && parsed.has(path)) return parsed.get(path);
      const file = ts.createSourceFile(path, text, target, true);
      file.version = text; // what tells the builder that a file is another
      if (!changed.has(path)) parsed.set(path, file);
      return file;
    },
    hasInvalidatedResolutions: () => true,
  };
  const added = [...changed].filter(([path, text]) => text !== null && /\.[cm]?[jt]sx?$/.test(path)).map(([path]) => path);
  const names = [...new Set([...files.filter((path) => changed.get(path) !== null), ...added])].sort();
  if (fresh) return told(ts.getPreEmitDiagnostics(ts.createProgram({ rootNames: names, options: settings, host })));
  const builder = ts.createSemanticDiagnosticsBuilderProgram(names, settings, host, before);
  if (!changed.size) before = builder;
  return told([
    ...builder.getConfigFileParsingDiagnostics(),
    ...builder.getOptionsDiagnostics(),
    ...builder.getGlobalDiagnostics(),
    ...builder.getSyntacticDiagnostics(),
    ...builder.getSemanticDiagnostics(),
  ]);
}

function told(diagnostics) {
  return ts.sortAndDeduplicateDiagnostics(diagnostics).map((d) => [
    d.file ? inside(d.file.fileName) ?? d.file.fileName : "",
    d.file ? d.file.getLineAndCharacterOfPosition(d.start).line + 1 : 0,
    d.code,
    ts.flattenDiagnosticMessageText(d.messageText, " "),
  ]);
}

for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(errors(JSON.parse(line))));
