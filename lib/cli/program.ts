/** All commands and their options. Nothing is loaded for them before one is chosen. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { Command } from "commander";
import { addSetup } from "./commands/setup";

/** The command line's root; it throws where commander would end the process. */
export function createProgram(): Command {
  const program = new Command("torchwright")
    .description("Fine-tunes BERT on libtorch, without Python.")
    .version(packageVersion())
    .showHelpAfterError("(--help shows what there is)")
    .exitOverride();
  addSetup(program);
  return program;
}

function packageVersion(): string {
  const file = path.join(__dirname, "..", "..", "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
