/**
 * Programs of the documentation and the examples are right in strict TypeScript, and Node runs them as they are: by
 * leaving the types out.
 */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import ts from "typescript";
import { type DocumentedProgram, documentedPrograms, ROOT } from "./support/documented-programs";

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: ["node"],
  strict: true,
  noUncheckedIndexedAccess: true,
  erasableSyntaxOnly: true,
  skipLibCheck: true,
  noEmit: true,
  paths: { torchwright: [path.join(ROOT, "lib/index.ts")] },
};

/** What is wrong with them, one line each. */
function faults(programs: readonly DocumentedProgram[]): string[] {
  const files = new Map(
    programs.map(({ name, code }, i) => [
      path.join(ROOT, `documented-${i}.mts`),
      { name, code: `${code}\nexport {};\n` },
    ]),
  );
  const host = ts.createCompilerHost(OPTIONS);
  const disk = { fileExists: host.fileExists, readFile: host.readFile };
  host.fileExists = (file) => files.has(file) || disk.fileExists(file);
  host.readFile = (file) => files.get(file)?.code ?? disk.readFile(file);
  const program = ts.createProgram([...files.keys()], OPTIONS, host);
  return [...files].flatMap(([file, { name }]) => {
    const source = program.getSourceFile(file);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ messageText, start = 0 }) => {
        const line = (source?.getLineAndCharacterOfPosition(start).line ?? 0) + 1;
        return `${name}, line ${line}: ${ts.flattenDiagnosticMessageText(messageText, "\n").split("\n")[0]}`;
      },
    );
  });
}

describe("the documentation's types", function () {
  this.timeout(180_000); // the compiler reads all of the library

  it("are right, and can be left out", () => {
    const examples = readdirSync(path.join(ROOT, "examples")).filter((name) => name.endsWith(".mts"));
    const programs = examples.map((name) => ({ name, code: readFileSync(path.join(ROOT, "examples", name), "utf8") }));
    const wrong = {
      name: "wrong",
      code: 'import { memory } from "torchwright";\nconst { noSuchField } = memory();\nenum Kind {}',
    };
    expect(faults([...documentedPrograms(), ...programs, wrong])).to.deep.equal([
      "wrong, line 2: Property 'noSuchField' does not exist on type 'MemoryCounters'.",
      "wrong, line 3: This syntax is not allowed when 'erasableSyntaxOnly' is enabled.",
    ]);
  });
});
