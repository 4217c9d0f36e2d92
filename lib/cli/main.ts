#!/usr/bin/env node
/** The command line: `npx torchwright <command>`. */
import { CommanderError } from "commander";
import { EXIT_CODE, exitCodeOf } from "./exit-code";
import { createProgram } from "./program";
import { errorText } from "./report-error";

async function main(): Promise<void> {
  try {
    await createProgram().parseAsync(process.argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version end in the same way as a mistake, with 0.
      process.exitCode = error.exitCode === 0 ? EXIT_CODE.ok : EXIT_CODE.usage;
      return;
    }
    console.error(errorText(error));
    process.exitCode = exitCodeOf(error);
  }
}

void main();
