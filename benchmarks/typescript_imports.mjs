// Prints [file, line, specifier, resolved file or null] for every module specifier that the TypeScript compiler
// sees in the files of a tree: imports, exports, import types, require and import() calls, references in comments.
import { dirname, resolve } from "node:path";
import { inside, options, sources, ts } from "./typescript_program.mjs";

const program = ts.createProgram({ rootNames: sources(), options: options() });
const found = [];
for (const file of program.getSourceFiles()) {
  const path = inside(file.fileName);
  if (path === null) continue;
  const line = (position) => file.getLineAndCharacterOfPosition(position).line + 1;
  for (const literal of [...(file.imports ?? []), ...(file.moduleAugmentations ?? [])]) {
    if (literal.pos < 0 || literal.kind !== ts.SyntaxKind.StringLiteral && literal.kind !== ts.SyntaxKind.NoSubstitutionTemplateLiteral) continue;
    const resolved = program.getResolvedModuleFromModuleSpecifier(literal, file)?.resolvedModule?.resolvedFileName;
    found.push([path, line(literal.getStart(file)), literal.text, resolved ? inside(resolved) : null]);
  }
  for (const reference of file.referencedFiles) {
    const target = resolve(dirname(file.fileName), reference.fileName);
    found.push([path, line(reference.pos), reference.fileName, program.getSourceFile(target) ? inside(target) : null]);
  }
}
console.log(JSON.stringify(found));
