/** Downloads one file: resumed where it was cut, checked for size and SHA-256 before it is believed. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";
import { requireSpace, writeFailure } from "./disk";
import { failureReason, request } from "./http";
import { makeFolder } from "../files/make-folder";
import type { Archive } from "./release";
import { transferProgress } from "./transfer-progress";

export interface DownloadOptions {
  readonly sha256: string;
  /** Attempts in a row that bring less than a hundredth; each goes on where the last one was cut. Default 3. */
  readonly attempts?: number;
  /** Rest before the second attempt, twice as long before the third; default 500 ms. */
  readonly pauseMs?: number;
  /** Longest silence of the server before it counts as gone, default 20 s. */
  readonly stallMs?: number;
  /** Longest wait for the first answer, default 15 s. */
  readonly connectMs?: number;
  readonly quiet?: boolean;
  /** Bytes that are needed beside those that come, to unpack them; checked before the transfer begins. Default 0. */
  readonly alsoNeeded?: number;
  /** Told of every piece that comes over the network, in bytes. */
  readonly received?: (bytes: number) => void;
}

/** A refusal that another attempt would not change, unless it went on from what an earlier one left. */
class Refused extends Error {}

/** A transfer that had begun: the next attempt goes on from there. */
class Cut extends Error {}

/**
 * Downloads `archive` to `file`, through `file.part`, which a later call resumes.
 * Fails with a plain Error whose message is the reason, for the list of sources tried.
 *
 * @throws TorchwrightError ERR_DISK_FULL, ERR_FILE_WRITE
 */
export async function download(archive: Archive, file: string, options: DownloadOptions): Promise<void> {
  const part = `${file}.part`;
  const { attempts = 3, pauseMs = 500 } = options;
  await makeFolder(path.dirname(file));
  for (let attempt = 1; ;) {
    const before = await sizeOf(part);
    try {
      await transfer(archive, part, options);
      await verify(archive, part, options.sha256);
      await rename(part, file);
      return;
    } catch (error) {
      const failure = await writeFailure(error, path.dirname(file));
      if (failure) throw failure;
      // What never answered is given up at once: the next source may be better.
      const again = error instanceof Cut || before > 0;
      const came = (await sizeOf(part)) - before;
      attempt = came > 0 && came >= (archive.bytes ?? 0) / 100 ? 1 : attempt + 1;
      if (!again || attempt > attempts) {
        throw error instanceof Cut ? error : new Error(failureReason(error), { cause: error });
      }
      await pause(pauseMs * Math.max(attempt - 1, 1));
    }
  }
}

async function transfer(archive: Archive, part: string, options: DownloadOptions): Promise<void> {
  const start = await sizeOf(part);
  if (archive.bytes !== undefined && start === archive.bytes) return;
  const abort = new AbortController();
  const watchdog = new Watchdog(abort, options.connectMs ?? 15_000);
  try {
    const response = await request(archive.url, {
      headers: start > 0 ? { range: `bytes=${start}-` } : {},
      signal: abort.signal,
    });
    if (response.status === 416) {
      await rm(part, { force: true });
      throw new Refused("the server has less than was downloaded before");
    }
    if (!response.ok || !response.body) throw new Refused(`HTTP status ${response.status}`);
    const from = response.status === 206 ? start : 0;
    if (from > 0 && !(response.headers.get("content-range") ?? `bytes ${from}-`).startsWith(`bytes ${from}-`)) {
      await rm(part, { force: true });
      throw new Refused(`asked for what follows byte ${from}, got ${response.headers.get("content-range")}`);
    }
    const length = Number(response.headers.get("content-length") ?? Number.NaN);
    checkAnnounced(archive, from + length);
    const total = archive.bytes ?? (Number.isFinite(length) ? from + length : undefined);
    await requireSpace(
      path.dirname(part),
      Math.max((total ?? 0) - from, 0) + (options.alsoNeeded ?? 0),
      "setup: the download and what is unpacked",
    );
    const progress = options.quiet ? undefined : transferProgress(path.basename(part, ".part"), total, from);
    let done = from;
    const counted = async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const chunk of source) {
        watchdog.feed(options.stallMs ?? 20_000);
        done += chunk.length;
        if (archive.bytes !== undefined && done > archive.bytes) {
          throw new Refused(`expected ${archive.bytes} bytes, got more`);
        }
        options.received?.(chunk.length);
        progress?.update(done);
        yield chunk;
      }
    };
    try {
      const body = Readable.fromWeb(response.body);
      await pipeline(body, counted, createWriteStream(part, { flags: from > 0 ? "a" : "w" }));
    } catch (error) {
      if (error instanceof Refused) {
        await rm(part, { force: true });
        throw error;
      }
      throw new Cut(failureReason(error), { cause: error });
    } finally {
      progress?.finish();
    }
    if (total !== undefined && done < total) throw new Cut(`the connection was cut after ${done} of ${total} bytes`);
  } finally {
    watchdog.stop();
  }
}

/** Refuses another file before it is transferred. */
function checkAnnounced(archive: Archive, announced: number): void {
  if (archive.bytes !== undefined && Number.isFinite(announced) && announced !== archive.bytes) {
    throw new Refused(`expected ${archive.bytes} bytes, the server announces ${announced}`);
  }
}

async function verify(archive: Archive, file: string, sha256: string): Promise<void> {
  const bytes = await sizeOf(file);
  const problem =
    archive.bytes !== undefined && bytes !== archive.bytes
      ? `expected ${archive.bytes} bytes, got ${bytes}`
      : await checksumProblem(file, sha256);
  if (problem === undefined) return;
  await rm(file, { force: true });
  throw new Refused(problem);
}

/** A sentence when the file's SHA-256 is not the expected one. */
export async function checksumProblem(file: string, sha256: string): Promise<string | undefined> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  const got = hash.digest("hex");
  return got === sha256.toLowerCase() ? undefined : `checksum: expected SHA-256 ${sha256.toLowerCase()}, got ${got}`;
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0;
}

/** Ends a transfer that has gone silent. */
class Watchdog {
  #timer: NodeJS.Timeout;
  readonly #abort: AbortController;

  constructor(abort: AbortController, ms: number) {
    this.#abort = abort;
    this.#timer = this.#start(ms);
  }

  feed(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = this.#start(ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #start(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#abort.abort(new Error(`the server was silent for ${ms / 1000} s`)), ms);
  }
}
