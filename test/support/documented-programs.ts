/** The programs that stand in the documentation: README's, those of docs/ and the `@example`s of doc comments. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

export const ROOT = path.join(__dirname, "../..");
const BLOCK = /```ts\n([\s\S]*?)```/g;

export interface DocumentedProgram {
  /** Its file, and which one it is there: `README.md #2`. */
  readonly name: string;
  readonly code: string;
}

export function documentedPrograms(): DocumentedProgram[] {
  return ["README.md", ...sources("docs"), ...sources("lib")].flatMap(programsOf);
}

function sources(folder: string): string[] {
  return (
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" })
      // The report of the surface under docs/api is declarations, no program.
      .filter((name) => /\.(?:ts|md)$/.test(name) && !/generated|api-reference|\.api\.md$/.test(name))
      .map((name) => path.join(folder, name))
  );
}

function programsOf(file: string): DocumentedProgram[] {
  const text = readFileSync(path.join(ROOT, file), "utf8");
  // In a doc comment every line begins with " * ".
  const plain = file.endsWith(".ts") ? text.replace(/^ *\* ?/gm, "") : text;
  return [...plain.matchAll(BLOCK)].map((match, i) => ({ name: `${file} #${i + 1}`, code: match[1] ?? "" }));
}
