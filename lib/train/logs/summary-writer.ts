/** Writes TensorBoard's event files, as PyTorch's class of that name. */
import { appendFile, readdir, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, TorchwrightError } from "../../errors";
import { makeFolder } from "../../files/make-folder";
import { encodeEvent, type EventContent } from "./event-encoding";
import { writing } from "./writing";

/** How an event file is named. */
export interface SummaryWriterOptions {
  /**
   * Where work goes on that was broken off: what other files in the folder say of this step and later ones is hidden.
   * Default: nothing is.
   */
  readonly purgeStep?: number;
}

/** `events.out.tfevents.<seconds>.<host>.<process>.<number>`; readers take files in the order of their names. */
const NAME = /^events\.out\.tfevents\.(\d+)\./;

/**
 * Writes scalars and texts for TensorBoard: `tensorboard --logdir <folder>`. Values wait in memory until `flush` or
 * `close`; what was flushed is on its way to disk and can be read, also where the process is killed. Each writer has a
 * file of its own.
 *
 * @example
 * ```ts
 * import { SummaryWriter } from "torchwright";
 * await using writer = new SummaryWriter("runs/by-hand");
 * for (let step = 1; step <= 10; step++) writer.addScalar("train/loss", 1 / step, step);
 * await writer.flush();
 * ```
 */
export class SummaryWriter implements AsyncDisposable {
  /** Folder of the event files. */
  readonly logDir: string;
  #pending: Buffer[] = [];
  #file: string | undefined;
  /** The writes that are under way, in order. */
  #writes: Promise<void> = Promise.resolve();

  /**
   * @param logDir made at the first flush
   * @throws ERR_INVALID_ARG
   */
  constructor(logDir: string, { purgeStep }: SummaryWriterOptions = {}) {
    if (typeof logDir !== "string" || logDir === "") throw invalid("a folder's path as logDir", logDir);
    this.logDir = logDir;
    this.#add({ kind: "version" }, purgeStep ?? 0, now());
    if (purgeStep !== undefined) this.#add({ kind: "start" }, purgeStep, now());
  }

  /**
   * Adds a point to a curve; `/` in a tag makes groups. The value is kept in single precision.
   *
   * @param wallTime seconds since 1970; default: now
   * @throws ERR_INVALID_ARG for a step that is no whole number of 0 or more, or a value that is no number
   */
  addScalar(tag: string, value: number, step: number, wallTime: number = now()): void {
    if (typeof value !== "number") throw invalid(`a number as value of ${describe(tag)}`, value);
    this.#add({ kind: "scalar", tag: checkTag(tag), value }, step, wallTime);
  }

  /**
   * Adds a text, which TensorBoard shows as Markdown.
   *
   * @param wallTime seconds since 1970; default: now
   * @throws ERR_INVALID_ARG
   */
  addText(tag: string, text: string, step = 0, wallTime: number = now()): void {
    if (typeof text !== "string") throw invalid(`a string as text of ${describe(tag)}`, text);
    this.#add({ kind: "text", tag: checkTag(tag), text }, step, wallTime);
  }

  /**
   * Writes what was added.
   * @throws ERR_FILE_WRITE
   */
  async flush(): Promise<void> {
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    const write = this.#writes.then(() =>
      writing(this.logDir, async () => {
        this.#file ??= await makeFile(this.logDir);
        if (bytes.length > 0) await appendFile(this.#file, bytes);
      }),
    );
    this.#writes = write.catch(() => undefined); // told to whoever asked for it
    await write;
  }

  /**
   * Writes what was added; no file stays open, and more may be added.
   * @throws ERR_FILE_WRITE
   */
  async close(): Promise<void> {
    await this.flush();
  }

  /** The same as `close`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #add(content: EventContent, step: number, wallTime: number): void {
    if (!Number.isSafeInteger(step) || step < 0) throw invalid("a step that is a whole number of 0 or more", step);
    if (typeof wallTime !== "number" || !Number.isFinite(wallTime)) throw invalid("a wallTime in seconds", wallTime);
    this.#pending.push(encodeEvent(content, { wallTime, step }));
  }
}

/** A new file, behind all others of the folder. */
async function makeFile(folder: string): Promise<string> {
  await makeFolder(folder);
  const others = (await readdir(folder)).flatMap((name) => NAME.exec(name)?.[1] ?? []).map(Number);
  const seconds = Math.max(Math.floor(now()), ...others.map((other) => other + 1));
  for (let number = 0; ; number++) {
    const file = join(
      folder,
      `events.out.tfevents.${String(seconds).padStart(10, "0")}.${hostname()}.${process.pid}.${number}`,
    );
    try {
      await writeFile(file, "", { flag: "wx" });
      return file;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error; // else another thread of this process was first
    }
  }
}

function now(): number {
  return Date.now() / 1000;
}

function checkTag(tag: string): string {
  if (typeof tag === "string" && tag !== "") return tag;
  throw invalid("a tag that is a string", tag);
}

function invalid(expected: string, got: unknown): TorchwrightError {
  return new TorchwrightError("ERR_INVALID_ARG", `SummaryWriter: expected ${expected}, got ${describe(got)}`);
}
