/** Room on the disk and the right to write: known before gigabytes are transferred, and named when they run out. */
import { statfs } from "node:fs/promises";
import path from "node:path";
import { TorchwrightError } from "../errors";

const FULL = new Set(["ENOSPC", "EDQUOT"]);
const NOT_WRITABLE = new Set(["EROFS", "EACCES", "EPERM", "ENOTDIR", "EEXIST", "EISDIR", "ELOOP", "ENAMETOOLONG"]);

/** Bytes that this user may still write on the disk of `folder`, which need not exist yet. */
export async function freeBytes(folder: string): Promise<number> {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    try {
      const { bavail, bsize } = await statfs(at);
      return bavail * bsize;
    } catch (error) {
      if (path.dirname(at) === at) throw error;
    }
  }
}

/**
 * Refuses work that needs more than there is.
 *
 * @throws TorchwrightError ERR_DISK_FULL with the bytes needed and free
 */
export async function requireSpace(folder: string, needed: number, what: string): Promise<void> {
  const free = await freeBytes(folder);
  if (free >= needed) return;
  throw new TorchwrightError(
    "ERR_DISK_FULL",
    `${what}: expected ${needed} bytes free (${gigabytes(needed)}) on the disk of ${folder}, got ${free} (${gigabytes(free)}). ${REMEDY}`,
  );
}

/**
 * The coded error of a failure to write below `folder`; undefined for any other failure, such as one of the network.
 * No other source of libtorch would do better, so it ends the search for one.
 */
export async function writeFailure(
  error: unknown,
  folder: string,
  operation = "setup",
): Promise<TorchwrightError | undefined> {
  if (error instanceof TorchwrightError) {
    return error.code === "ERR_DISK_FULL" || error.code === "ERR_FILE_WRITE" ? error : undefined;
  }
  const failed = systemError(error);
  if (failed?.code === undefined) return undefined;
  if (FULL.has(failed.code)) {
    const free = await freeBytes(folder).catch(() => undefined);
    return new TorchwrightError(
      "ERR_DISK_FULL",
      `${operation}: expected room to write in ${folder}, got ${failed.code}${free === undefined ? "" : ` with ${free} bytes free`}: ${failed.message}. ${REMEDY}`,
      { cause: error },
    );
  }
  const where = failed.dest ?? failed.path;
  // A folder that cannot be made because it does not exist: of a file system that lets nobody make one.
  const refused = NOT_WRITABLE.has(failed.code) || (failed.code === "ENOENT" && failed.syscall === "mkdir");
  if (!refused || where === undefined || !isInside(where, folder)) return undefined;
  return new TorchwrightError(
    "ERR_FILE_WRITE",
    `${operation}: expected a folder that can be written, ${folder}, got ${failed.message}. ` +
      "Change its owner or mode, or name another: TORCHWRIGHT_CACHE=<folder>.",
    { cause: error },
  );
}

/**
 * Does `work`, which writes below `folder`. @throws TorchwrightError ERR_DISK_FULL, ERR_FILE_WRITE, and what `work`
 * throws
 */
export async function writingBelow<T>(folder: string, operation: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw (await writeFailure(error, folder, operation)) ?? error;
  }
}

const REMEDY =
  "Free some, remove an installed one (setup --list, setup --remove <name>), or name another disk: TORCHWRIGHT_CACHE=<folder>.";

type SystemError = NodeJS.ErrnoException & { readonly dest?: string };

/** The system's error among an error and its causes. */
function systemError(error: unknown): SystemError | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ("errno" in at && "syscall" in at) return at as SystemError;
  }
  return undefined;
}

/** Also true for a folder around it: a cache whose parent cannot be written is not made. */
function isInside(file: string, folder: string): boolean {
  const [inner, outer] = [path.resolve(file), path.resolve(folder)];
  return inner === outer || inner.startsWith(outer + path.sep) || outer.startsWith(inner + path.sep);
}

/** `1.5 GB`. */
export function gigabytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
