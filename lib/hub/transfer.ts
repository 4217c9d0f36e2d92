/**
 * Transfers one file: goes on where an earlier transfer was cut, and is believed only when size and checksum are right.
 *
 * `@huggingface/hub`'s own download (`downloadFileToCacheDir`) begins anew each time, checks nothing, has no signal,
 * and lets two processes write into one file. This takes its listing for what a file must be, and the rest is here.
 */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rm, stat, truncate } from "node:fs/promises";
import { TorchwrightError } from "../errors";
import { fileAddress, type RemoteFile } from "./remote";
import { ATTEMPTS, type HubCall, interrupted, passes, pause, send, Silence } from "./request";
import { writing } from "./writing";

/**
 * Completes `part`, which may have the beginning already.
 *
 * @param told is called with the bytes that are there
 * @throws TorchwrightError ERR_HUB_CONNECTION, ERR_CHECKSUM, ERR_DISK_FULL, ERR_FILE_WRITE and what the hub refuses;
 *   the reason of the settings' signal. What came stays in `part`, unless it is wrong
 */
export async function transfer(
  call: HubCall,
  commit: string,
  file: RemoteFile,
  part: string,
  told: (bytes: number) => void,
): Promise<void> {
  const again = (await sizeOf(part)) > 0;
  try {
    await complete(call, commit, file, part, told);
  } catch (error) {
    // What an earlier transfer left may be at fault: without it there is a second try.
    if (!again || (await sizeOf(part)) > 0 || !(error instanceof TorchwrightError) || error.code !== "ERR_CHECKSUM") {
      throw error;
    }
    await complete(call, commit, file, part, told);
  }
}

/** As long as something comes, a bad line is still a line. */
async function complete(
  call: HubCall,
  commit: string,
  file: RemoteFile,
  part: string,
  told: (bytes: number) => void,
): Promise<void> {
  for (let idle = 0; ;) {
    const before = await sizeOf(part);
    try {
      return await goOn(call, fileAddress(call, commit, file.path), file, part, told);
    } catch (error) {
      idle = (await sizeOf(part)) > before ? 0 : idle + 1;
      if (idle >= ATTEMPTS || !passes(error)) throw error;
      await pause(call, idle);
    }
  }
}

/** One request: from the end of `part` to the end of the file. */
async function goOn(
  call: HubCall,
  url: string,
  file: RemoteFile,
  part: string,
  told: (bytes: number) => void,
): Promise<void> {
  const { operation } = call;
  const there = await sizeOf(part);
  let start = there <= file.size ? there : 0;
  const hash = hashOf(file);
  const limit = new Silence(call);
  try {
    const response =
      start > 0 && start === file.size
        ? undefined
        : await send(call, url, start > 0 ? { range: `bytes=${start}-` } : {}, limit);
    if (response) {
      if (!continuesAt(response, start)) start = 0; // the server has no ranges: all of it comes again
      const announced = Number(response.headers.get("content-length") ?? Number.NaN);
      if (!Number.isNaN(announced) && start + announced !== file.size) {
        await response.body?.cancel().catch(() => undefined);
        throw unlike(call, file, `the server announces ${start + announced} bytes`, "What came before is kept"); // a page of a proxy, maybe
      }
    }
    if (start < there) await writing(operation, part, () => truncate(part, start));
    await addPart(hash, part, start, limit);
    told(start);
    if (response) await append(call, file, response.body, { part, start, hash, limit, told });
  } catch (error) {
    throw limit.explain(error, url);
  } finally {
    limit.stop();
  }
  const digest = hash.digest("hex");
  if (digest !== file.etag) throw await wrong(call, file, part, `its checksum is ${digest}`);
}

interface Receiver {
  readonly part: string;
  readonly start: number;
  readonly hash: Hash;
  readonly limit: Silence;
  readonly told: (bytes: number) => void;
}

type Body = Awaited<ReturnType<typeof send>>["body"];

async function append(
  call: HubCall,
  file: RemoteFile,
  body: Body,
  { part, start, hash, limit, told }: Receiver,
): Promise<void> {
  const { operation, settings } = call;
  const out = await writing(operation, part, () => open(part, "a"));
  let bytes = start;
  try {
    const reader = body?.getReader();
    while (reader) {
      const next = await reader.read().catch((cause: unknown) => {
        throw settings.signal?.aborted || limit.signal.aborted ? cause : cut(call, file, bytes, cause);
      });
      if (next.done) break;
      const chunk = next.value as Uint8Array;
      limit.feed();
      if (bytes + chunk.length > file.size) {
        await reader.cancel().catch(() => undefined);
        throw await wrong(call, file, part, "the server sends more");
      }
      await writing(operation, part, () => out.appendFile(chunk));
      hash.update(chunk);
      bytes += chunk.length;
      told(bytes);
    }
    await writing(operation, part, () => out.sync());
    if (bytes === file.size && (await out.stat()).size !== bytes) {
      throw await wrong(call, file, part, "another process wrote into it");
    }
  } finally {
    await out.close();
  }
  if (bytes < file.size) throw cut(call, file, bytes);
}

/** The error for a connection that ended before the file did. */
function cut({ operation, repository }: HubCall, file: RemoteFile, bytes: number, cause?: unknown): TorchwrightError {
  const text = `${operation}: expected ${file.size} bytes of ${file.path} of "${repository}", got ${bytes} before the connection was cut. They are kept: the next call goes on from there.`;
  return interrupted(text, cause);
}

/** The error for a file that is not what the hub lists, and was thrown away. */
async function wrong(call: HubCall, file: RemoteFile, part: string, how: string): Promise<TorchwrightError> {
  await rm(part, { force: true });
  return unlike(call, file, how, "It was thrown away");
}

function unlike({ operation, repository }: HubCall, file: RemoteFile, how: string, what: string): TorchwrightError {
  return new TorchwrightError(
    "ERR_CHECKSUM",
    `${operation}: expected ${file.path} of "${repository}" with ${file.size} bytes and the checksum ${file.etag}, as the hub lists it, but ${how}. ` +
      `${what}. Try again; if it stays so, a proxy or mirror in between changes it.`,
  );
}

/** git hashes a blob with its size in front. */
function hashOf({ size, etag }: RemoteFile): Hash {
  return etag.length === 64 ? createHash("sha256") : createHash("sha1").update(`blob ${size}\0`);
}

async function addPart(hash: Hash, part: string, bytes: number, limit: Silence): Promise<void> {
  if (bytes === 0) return;
  for await (const chunk of createReadStream(part, { end: bytes - 1, highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer);
    limit.feed(); // the server waits meanwhile
  }
}

function continuesAt(
  { status, headers }: { readonly status: number; readonly headers: { get(name: string): string | null } },
  start: number,
): boolean {
  return status === 206 && new RegExp(`^bytes ${start}-`).test(headers.get("content-range") ?? "");
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0;
}
