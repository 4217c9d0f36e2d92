/** A mistake on the command line or in a configuration file: nothing was begun, and the process ends with `EXIT_CODE.usage`. */
import { TorchwrightError } from "../errors";

export class UsageError extends TorchwrightError {
  constructor(message: string, options?: ErrorOptions) {
    super("ERR_INVALID_ARG", message, options);
  }
}

/** What `work` refuses of the options is a mistake of usage. */
export function asUsage<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TorchwrightError && error.code === "ERR_INVALID_ARG") throw new UsageError(error.message, { cause: error });
    throw error;
  }
}
