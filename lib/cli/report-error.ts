/** How an error ends a command: one line that says what happened, with its code. */
import { TorchwrightError } from "../errors";

/** The message; its code in brackets where it has one; a stack only for what is a mistake of our own. */
export function errorText(error: unknown): string {
  if (error instanceof TorchwrightError) return `error: ${error.message} [${error.code}]`;
  if (!(error instanceof Error)) return `error: ${String(error)}`;
  // A failure of the system, such as ENOENT, explains itself.
  return "code" in error && typeof error.code === "string"
    ? `error: ${error.message}`
    : `error: ${error.stack ?? error.message}`;
}
