/**
 * Saves of a model folder that were killed: their leftovers are named, found, finished and cleared here, next to the
 * tokenizer's reader, because that is the first to open a folder.
 *
 * A save writes a folder beside its target (`saving`), moves an older target out of the way (`old`) and the new one
 * into place. Killed between these two renames it leaves nothing at the target, and both folders, whole, beside it.
 */
import { randomBytes } from "node:crypto";
import { readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";

/** An exchange takes two renames: one that lasts longer than this was killed, whoever has its number now. */
const EXCHANGE_MS = 10_000;
/** A folder that nobody has written to for so long is no save in progress, whoever has its number now. */
const ABANDONED_MS = 24 * 3600 * 1000;

/** Where a save of `target` writes, and where it puts an older one: folders of this process beside it. */
export function placesBeside(target: string): { readonly saving: string; readonly old: string } {
  const own = path.join(
    path.dirname(target),
    `.${path.basename(target)}.${process.pid}-${randomBytes(4).toString("hex")}`,
  );
  return { saving: `${own}.saving`, old: `${own}.old` };
}

interface Leftover {
  readonly folder: string;
  readonly kind: "saving" | "old";
  readonly pid: number;
}

async function leftovers(target: string): Promise<readonly Leftover[]> {
  const parent = path.dirname(target);
  const names = await readdir(parent).catch(() => []);
  return names.flatMap((name) => {
    const [, base, pid, kind] = /^\.(.+)\.(\d+)-[0-9a-f]{8}\.(saving|old)$/.exec(name) ?? [];
    return base === path.basename(target)
      ? [{ folder: path.join(parent, name), kind: kind as Leftover["kind"], pid: Number(pid) }]
      : [];
  });
}

/** Milliseconds since 1970. */
const STARTED = Date.now() - 1000 * process.uptime();

/** Whether the process that wrote a folder runs: in containers many have one number after another. */
async function runs({ pid, folder }: Leftover): Promise<boolean> {
  if (pid === process.pid) return ((await stat(folder).catch(() => undefined))?.ctimeMs ?? 0) >= STARTED;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // someone else's
  }
}

/**
 * Puts into place what a killed save left where `target` is missing: the new folder, which was whole before the
 * exchange began, or else the old one. False where there is nothing to do or it cannot be done.
 */
export async function finishInterruptedSave(target: string): Promise<boolean> {
  const resolved = path.resolve(target);
  if (await stat(resolved).catch(() => undefined)) return false;
  const found = await leftovers(resolved);
  for (const old of found.filter(({ kind }) => kind === "old")) {
    try {
      if ((await runs(old)) && Date.now() - (await stat(old.folder)).ctimeMs < EXCHANGE_MS) continue; // it is at it
      const saving = old.folder.replace(/old$/, "saving");
      await rename(found.some(({ folder }) => folder === saving) ? saving : old.folder, resolved);
      await rm(old.folder, { recursive: true, force: true });
      return true;
    } catch {
      // Another process was quicker, or the disk is read-only: the caller reports what is missing.
    }
  }
  return false;
}

/** Removes what killed saves left beside a target that is in place; saves in progress are left alone. */
export async function clearLeftovers(target: string): Promise<void> {
  for (const leftover of await leftovers(path.resolve(target))) {
    const { folder } = leftover;
    const abandoned =
      !(await runs(leftover)) ||
      Date.now() - ((await stat(folder).catch(() => undefined))?.mtimeMs ?? Infinity) > ABANDONED_MS;
    if (abandoned) await rm(folder, { recursive: true, force: true }).catch(() => undefined); // tried again by the next save
  }
}
