/**
 * A mistake on the command line or in a configuration file: nothing was begun, and the process ends with
 * `EXIT_CODE.usage`.
 */
import { type ErrorCode, TorchwrightError } from "../errors";

export class UsageError extends TorchwrightError {
  constructor(
    message: string,
    { code = "ERR_INVALID_ARG", ...options }: ErrorOptions & { readonly code?: ErrorCode } = {},
  ) {
    super(code, message, options);
  }
}

/** Codes of values that are wrong on every machine. */
const MISTAKES: readonly ErrorCode[] = ["ERR_INVALID_ARG", "ERR_UNKNOWN_DEVICE"];

/** What `work` refuses of the options is a mistake of usage. */
export function asUsage<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TorchwrightError && MISTAKES.includes(error.code)) {
      throw new UsageError(error.message, { code: error.code, cause: error });
    }
    throw error;
  }
}
