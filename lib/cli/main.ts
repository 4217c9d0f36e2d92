#!/usr/bin/env node
/** The command line: `npx torchwright <command>`. */
import { CommanderError } from "commander";
import { TorchwrightError } from "../errors";
import { EXIT_CODE, exitCodeOf } from "./exit-code";
import { createProgram } from "./program";
import { errorText } from "./report-error";

/**
 * A reader that goes away, as `head` does, has what it wanted: the command goes on without it. Any other failure of
 * standard output ends it; what was to be said on standard error, nobody can be told.
 */
function watchOutputs(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return;
    console.error(
      errorText(new TorchwrightError("ERR_FILE_WRITE", `standard output: ${error.message}`, { cause: error })),
    );
    process.exit(EXIT_CODE.failed);
  });
  process.stderr.on("error", () => undefined);
}

async function main(): Promise<void> {
  watchOutputs();
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
