/** Exit codes of the command line. */
import { UsageError } from "./usage-error";

export const EXIT_CODE = {
  /** Done. */
  ok: 0,
  /** It began and failed: the last line of standard error says why. */
  failed: 1,
  /** The command line itself is wrong: an unknown option, a missing value. Nothing was begun. */
  usage: 2,
  /** Ended by Ctrl-C (SIGINT), with what was done kept as the command says. */
  interrupted: 130,
  /** Ended by SIGTERM, likewise. */
  terminated: 143,
} as const;

/** The exit code for an error that ended a command. */
export function exitCodeOf(error: unknown): number {
  return error instanceof UsageError ? EXIT_CODE.usage : EXIT_CODE.failed;
}

/** For the end of every command's help. */
export const EXIT_CODES_HELP =
  "\nExit codes: 0 done; 1 failed, the last line says why; 2 wrong usage, nothing was begun; 130 ended by Ctrl-C; 143 ended by SIGTERM.";
