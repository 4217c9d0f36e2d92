/** What goes wrong with a log's files, as one coded error. */
import { TorchwrightError } from "../../errors";

/**
 * Runs what writes to a place.
 * @throws ERR_FILE_WRITE with the place and the reason
 */
export async function writing<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TorchwrightError(
      "ERR_FILE_WRITE",
      `fit: expected ${place} to be a place that can be written, got ${reason}`,
      { cause },
    );
  }
}
