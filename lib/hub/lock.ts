/**
 * One process at a time downloads a file; others wait and then find it there.
 *
 * Only for thrift: each writes to a file of its own, which gets its name when it is whole and right, so two that
 * download at once, as Python and this do, harm nothing. A lock is held as long as its file is touched, so one that was
 * left behind is known whatever host or container its process ran on.
 */
import { randomUUID } from "node:crypto";
import { readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeFolder } from "../files/make-folder";

const TOUCH_MS = 2_000;
/** Beyond this the holder is gone, or so busy that it may as well share. */
const STALE_MS = 15_000;
/** Beyond this it is gone, if no process of this host has its number. */
const DEAD_MS = 2.5 * TOUCH_MS;
const POLL_MS = 100;

/** Runs `work` with the lock; `signal` ends waiting for it. */
export async function withLock<T>(file: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  await makeFolder(path.dirname(file));
  const own = `${process.pid} ${hostname()} ${randomUUID()}`;
  while (!(await take(file, own))) {
    const age = await stat(file).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > STALE_MS || (age > DEAD_MS && (await isDead(file)))) await remove(file);
    else await sleep(POLL_MS, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
  }
  const touch = setInterval(() => void utimes(file, new Date(), new Date()).catch(() => undefined), TOUCH_MS);
  touch.unref();
  try {
    return await work();
  } finally {
    clearInterval(touch);
    if ((await readFile(file, "utf8").catch(() => "")) === own) await rm(file, { force: true });
  }
}

async function take(file: string, own: string): Promise<boolean> {
  try {
    await writeFile(file, own, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function isDead(file: string): Promise<boolean> {
  const [pid, host] = (await readFile(file, "utf8").catch(() => "")).split(" ");
  if (host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/** Of several that see the same leftover, the one whose rename succeeds removes it. */
async function remove(file: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  await rename(file, aside).then(
    () => rm(aside, { force: true }),
    () => undefined,
  );
}
