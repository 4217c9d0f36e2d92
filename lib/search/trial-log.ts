/**
 * The results of a search as JSON Lines, each on disk before the next trial begins: `trials.jsonl`, whose first line
 * says which search it is.
 *
 * A process that is killed leaves at most a torn last line, which is dropped.
 */
import { type FileHandle, open, readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { TorchwrightError } from "../errors";
import { flushFolder } from "../models/save-folder";
import { makeFolder } from "../files/make-folder";
import type { Draw } from "./space";
import type { TrialFailure } from "./trial";

const TRIALS_FILE = "trials.jsonl";
const FORMAT = "torchwright-search";

/** What a trial came to on a rung: a score or a failure. */
export interface Outcome {
  readonly seconds: number;
  readonly score?: number;
  readonly metrics?: Readonly<Record<string, number>>;
  readonly error?: TrialFailure;
}

/** A line of the file. */
export interface Entry extends Draw, Outcome {
  readonly trial: number;
  readonly rung: number;
  /** Infinity is null in the file; the rung says it, too. */
  readonly budget: number;
}

export class TrialLog {
  readonly #file: string;
  readonly #handle: FileHandle;
  readonly #entries: ReadonlyMap<string, Entry>;
  /** What the file is long, unless another process writes, too. */
  #size: number;

  private constructor(file: string, handle: FileHandle, entries: readonly Entry[], size: number) {
    this.#file = file;
    this.#handle = handle;
    this.#entries = new Map(entries.map((entry) => [keyOf(entry), entry]));
    this.#size = size;
  }

  /**
   * Opens a folder's file, or begins one.
   *
   * @throws TorchwrightError ERR_INVALID_ARG where it is of another search, ERR_BAD_ROW where it is damaged before its
   *   end, ERR_FILE_READ, ERR_FILE_WRITE
   */
  static async open(folder: string, settings: Readonly<Record<string, unknown>>): Promise<TrialLog> {
    const file = path.join(folder, TRIALS_FILE);
    await writing(file, () => makeFolder(folder));
    const bytes = await readBytes(file);
    const header = `${JSON.stringify({ format: FORMAT, version: 1, settings })}\n`;
    const { lines, size } = wholeLines(file, bytes, header);
    const [first, ...rest] = lines;
    if (lines.length > 0) checkHeader(file, first, JSON.parse(header) as Header);
    else await checkUnused(folder);
    const entries = rest.map((line, i) => asEntry(line) ?? badLine(file, i + 2)); // the header is line 1
    const handle = await writing(file, () => open(file, "a"));
    const log = new TrialLog(file, handle, entries, size);
    try {
      await writing(file, () => handle.truncate(size));
      if (lines.length === 0) await log.#write(header);
      await writing(file, () => flushFolder(folder));
    } catch (error) {
      await log.close();
      throw error;
    }
    return log;
  }

  /** How many results the file had when it was opened. */
  get length(): number {
    return this.#entries.size;
  }

  /** What the file had of a trial on a rung when it was opened. */
  find(trial: number, rung: number): Entry | undefined {
    return this.#entries.get(keyOf({ trial, rung }));
  }

  /**
   * Resolves when the entry will outlive a crash. Throws ERR_FILE_WRITE, also where another process writes the same
   * file.
   */
  async append(entry: Entry): Promise<void> {
    await this.#write(`${JSON.stringify(entry)}\n`);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #write(text: string): Promise<void> {
    const { size } = await writing(this.#file, () => this.#handle.stat());
    if (size !== this.#size) {
      throw new TorchwrightError(
        "ERR_FILE_WRITE",
        `search: expected to be the only one that writes ${this.#file}, got a file that another search has changed; run one at a time`,
      );
    }
    const bytes = Buffer.from(text);
    await writing(this.#file, async () => {
      await this.#handle.appendFile(bytes);
      await this.#handle.sync();
    });
    this.#size += bytes.length;
  }
}

interface Header {
  readonly format: unknown;
  readonly version: unknown;
  readonly settings: Readonly<Record<string, unknown>>;
}

function keyOf({ trial, rung }: Pick<Entry, "trial" | "rung">): string {
  return `${trial}/${rung}`;
}

async function readBytes(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
    throw new TorchwrightError("ERR_FILE_READ", `search: ${file} could not be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/**
 * The lines that were written whole, parsed, and how many bytes they are. The last may be of blocks that never reached
 * the disk.
 */
function wholeLines(
  file: string,
  bytes: Buffer,
  header: string,
): { readonly lines: readonly unknown[]; readonly size: number } {
  let size = bytes.lastIndexOf("\n") + 1;
  if (size === 0 && !header.startsWith(bytes.toString())) throw otherFile(file);
  const texts = bytes.toString("utf8", 0, size).split("\n").slice(0, -1);
  const lines = texts.map(parse);
  if (lines.length > 1 && asEntry(lines.at(-1)) === undefined) {
    lines.pop();
    size -= Buffer.byteLength(`${texts.at(-1)}\n`);
  }
  return { lines, size };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Trials go on from the checkpoints in their folders, which must be of this search. */
async function checkUnused(folder: string): Promise<void> {
  const trial = (await readdir(folder)).find((name) => /^trial-\d+$/.test(name));
  if (trial === undefined) return;
  throw new TorchwrightError(
    "ERR_INVALID_ARG",
    `search: expected a folder without ${trial}, as it has no results of a search in ${TRIALS_FILE}; take another folder`,
  );
}

function checkHeader(file: string, found: unknown, own: Header): void {
  const header = (found ?? {}) as Partial<Header>;
  if (header.format !== own.format || typeof header.settings !== "object") throw otherFile(file);
  if (header.version !== own.version) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `search: expected ${file} to be of version ${String(own.version)}, which this release knows, got ${String(header.version)}`,
    );
  }
  const { settings } = header;
  const names = [...new Set([...Object.keys(own.settings), ...Object.keys(settings)])];
  const other = names.find((name) => !isDeepStrictEqual(own.settings[name], settings[name]));
  if (other === undefined) return;
  throw new TorchwrightError(
    "ERR_INVALID_ARG",
    `search: expected the settings of the search that ${file} is of, got another ${other}: ${JSON.stringify(own.settings[other])} instead of ` +
      `${JSON.stringify(settings[other])}. Take another folder, or the settings of that search to go on with it`,
  );
}

function otherFile(file: string): TorchwrightError {
  return new TorchwrightError(
    "ERR_INVALID_ARG",
    `search: expected ${file} to be a search's results, got another file; take another folder`,
  );
}

/** The line as an entry, if it is one. */
function asEntry(line: unknown): Entry | undefined {
  const entry = (line ?? {}) as Partial<Entry>;
  const { trial, rung, seed, values, seconds, score, metrics = {}, error } = entry;
  const numbers = [trial, rung, seed].every((value) => Number.isSafeInteger(value)) && Number.isFinite(seconds);
  const outcome = score === undefined ? typeof error?.message === "string" : Number.isFinite(score);
  if (!numbers || typeof values !== "object" || !outcome) return undefined;
  // JSON has no NaN.
  return {
    ...(entry as Entry),
    metrics: Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name, value ?? NaN])),
  };
}

function badLine(file: string, line: number): never {
  throw new TorchwrightError(
    "ERR_BAD_ROW",
    `search: ${file}, line ${line}: expected a trial's result, got another text; the file was damaged or edited`,
  );
}

async function writing<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new TorchwrightError("ERR_FILE_WRITE", `search: ${file} could not be written: ${(cause as Error).message}`, {
      cause,
    });
  }
}
