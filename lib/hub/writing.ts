/** Writing to the cache: what the system refuses becomes an error that says what to do. */
import { TorchwrightError } from "../errors";
import { freeBytes } from "../setup/disk";

const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);
const ELSEWHERE = "Another folder is chosen with the option cacheDir, or HF_HUB_CACHE or HF_HOME.";

/** Does `work`, which writes to `place`. Throws ERR_DISK_FULL, ERR_FILE_WRITE. */
export async function writing<T>(operation: string, place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const { code, syscall, message } = cause as NodeJS.ErrnoException;
    if (syscall === undefined) throw cause; // none of the file system's
    if (FULL.has(code ?? "")) {
      throw new TorchwrightError(
        "ERR_DISK_FULL",
        `${operation}: expected room for ${place}, got ${message}; what has come is kept. ${ELSEWHERE}`,
        { cause },
      );
    }
    throw new TorchwrightError("ERR_FILE_WRITE", `${operation}: could not write ${place}: ${message}. ${ELSEWHERE}`, {
      cause,
    });
  }
}

/**
 * Looks before a download whether it fits; a file system that does not say is taken at its word. Throws ERR_DISK_FULL.
 */
export async function checkSpace(operation: string, folder: string, bytes: number): Promise<void> {
  const free = await freeBytes(folder).catch(() => Infinity);
  if (free >= bytes) return;
  throw new TorchwrightError(
    "ERR_DISK_FULL",
    `${operation}: expected ${megabytes(bytes)} free on the disk of ${folder}, got ${megabytes(free)}. ${ELSEWHERE}`,
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 0)} MB`;
}
