/** One fetch at a time per folder of the cache, across processes; a dead process's lock is taken over. */
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";

export interface LockOptions {
  /** Longest wait for another process, default 30 minutes. */
  readonly timeoutMs?: number;
  readonly pollMs?: number;
  readonly log?: (line: string) => void;
}

interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly id: string;
}

/** Runs `work` while `file` marks this process as its owner. */
export async function withLock<T>(file: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  await mkdir(path.dirname(file), { recursive: true });
  const id = randomUUID();
  const deadline = Date.now() + (options.timeoutMs ?? 30 * 60_000);
  for (let told = false; !(await take(file, id)); ) {
    const owner = await readOwner(file);
    if (owner && owner.host === hostname() && !isAlive(owner.pid)) {
      await breakLock(file, owner);
      continue;
    }
    if (Date.now() > deadline) {
      throw new Error(
        `waited in vain for another fetch (process ${owner?.pid ?? "unknown"} on ${owner?.host ?? "unknown"}); ` +
          `if there is none, remove ${file}`,
      );
    }
    if (!told) options.log?.(`another fetch is running (process ${owner?.pid ?? "unknown"}); waiting for it`);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, options.pollMs ?? 500));
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

async function take(file: string, id: string): Promise<boolean> {
  const owner: Owner = { pid: process.pid, host: hostname(), id };
  try {
    await writeFile(file, JSON.stringify(owner), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function readOwner(file: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Owner;
  } catch {
    return undefined; // gone by now, or just being written
  }
}

/** Of several that see the same dead owner, the one whose rename succeeds removes the lock. */
async function breakLock(file: string, dead: Owner): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  try {
    await rename(file, aside);
  } catch {
    return;
  }
  const taken = await readOwner(aside);
  if (taken && taken.id !== dead.id) {
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
