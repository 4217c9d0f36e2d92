/**
 * Runs a program with top-level `await` that imports from "torchwright", as a user's would, against
 * the sources in `lib/`: `node -r ./test/support/run-typescript.js test/support/run-program.ts <file>`.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { compileFunction } from "node:vm";
import { ModuleKind, ScriptTarget, transpileModule } from "typescript";

const file = resolve(process.argv[2] ?? "");
const { outputText } = transpileModule(readFileSync(file, "utf8"), {
  compilerOptions: { module: ModuleKind.CommonJS, target: ScriptTarget.ES2022 },
});
const near = createRequire(file);
const requireFrom = (name: string): unknown =>
  near(name === "torchwright" ? resolve(__dirname, "../../lib/index") : name);
const program = compileFunction(`return (async () => {${outputText}\n})();`, ["require", "exports"], {
  filename: file,
}) as (require: typeof requireFrom, exports: object) => Promise<void>;

program(requireFrom, {}).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
