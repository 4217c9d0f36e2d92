/** One setup at a time in a cache, across processes; a dead process's lock is taken over. */
import { randomUUID } from "node:crypto";
import { readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";
import { TorchwrightError } from "../errors";
import { makeFolder } from "../files/make-folder";

export interface LockOptions {
  /** Longest wait for another process, default 30 minutes. */
  readonly timeoutMs?: number;
  readonly pollMs?: number;
  /** How long a lock may stay without a sign of life before it is taken over, default a minute. */
  readonly silentMs?: number;
  readonly log?: (line: string) => void;
}

interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly id: string;
}

/**
 * Older than this without a sign of life, a lock counts as left behind: its process may have been on another machine.
 */
const SILENT_MS = 60_000;
const SIGN_OF_LIFE_MS = 5_000;

/** The lock of a cache, which whoever changes it holds. */
export function lockFile(cache: string): string {
  return path.join(cache, ".libtorch.lock");
}

/** Runs `work` while `file` marks this process as its owner. */
export async function withLock<T>(file: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  await makeFolder(path.dirname(file));
  const id = randomUUID();
  const deadline = Date.now() + (options.timeoutMs ?? 30 * 60_000);
  const seen = { stamp: 0, since: Date.now() };
  for (let told = false; !(await take(file, id));) {
    const owner = await readOwner(file);
    if (await isLeftBehind(file, owner, seen, options.silentMs ?? SILENT_MS)) {
      await breakLock(file, owner);
      continue;
    }
    if (Date.now() > deadline) {
      throw new TorchwrightError(
        "ERR_BUSY",
        `setup: expected ${path.dirname(file)} to be free within ${Math.round((options.timeoutMs ?? 30 * 60_000) / 1000)} s, got another setup ` +
          `that still runs (process ${owner?.pid ?? "unknown"} on ${owner?.host ?? "unknown"}). If there is none, remove ${file}.`,
      );
    }
    if (!told) options.log?.(`another setup is running (process ${owner?.pid ?? "unknown"}); waiting for it`);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, options.pollMs ?? 500));
  }
  const alive = setInterval(() => void utimes(file, new Date(), new Date()).catch(() => undefined), SIGN_OF_LIFE_MS);
  alive.unref();
  try {
    return await work();
  } finally {
    clearInterval(alive);
    // Only one's own: after a long sleep of the machine another process may have taken it over.
    if ((await readOwner(file))?.id === id) await rm(file, { force: true });
  }
}

/**
 * A process of this machine is asked for; one elsewhere, one whose number went to another process, and one that died
 * before it wrote its name are known by their silence, measured by our own clock.
 */
async function isLeftBehind(
  file: string,
  owner: Owner | undefined,
  seen: { stamp: number; since: number },
  silentMs: number,
): Promise<boolean> {
  if (owner?.host === hostname() && !isAlive(owner.pid)) return true;
  const stamp = (await stat(file).catch(() => undefined))?.mtimeMs;
  if (stamp === undefined) return false; // given back by now
  if (stamp !== seen.stamp) Object.assign(seen, { stamp, since: Date.now() });
  return Date.now() - seen.since > silentMs;
}

async function take(file: string, id: string): Promise<boolean> {
  const owner: Owner = { pid: process.pid, host: hostname(), id };
  try {
    await writeFile(file, JSON.stringify(owner), { flag: "wx" });
    return true;
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && (await isFile(file))) return false;
    if (syscall === "write") await rm(file, { force: true }); // made, but without a name in it: the disk is full
    throw error;
  }
}

async function isFile(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined))?.isFile() ?? true; // gone by now: it was one
}

async function readOwner(file: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Owner;
  } catch {
    return undefined; // gone by now, or just being written
  }
}

/** Of several that see the same dead owner, the one whose rename succeeds removes the lock. */
async function breakLock(file: string, dead: Owner | undefined): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  try {
    await rename(file, aside);
  } catch {
    return;
  }
  const taken = await readOwner(aside);
  if (taken && taken.id !== dead?.id) {
    // Another process broke the dead lock first, and this one is its own: give it back.
    await rename(aside, file).catch(() => undefined);
    return;
  }
  await rm(aside, { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
