/** Puts one file of a commit into the cache. */
import { randomBytes } from "node:crypto";
import { constants, existsSync } from "node:fs";
import { copyFile, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { makeFolder } from "../files/make-folder";
import type { CachedModel } from "./cached-model";
import { withLock } from "./lock";
import type { RemoteFile } from "./remote";
import type { HubCall } from "./request";
import { showProgress } from "./show-progress";
import { transfer } from "./transfer";
import { checkSpace, writing } from "./writing";

/** Of files that are not whole yet; other than that of Python's, which are no business of ours. */
const INCOMPLETE = ".torchwright.incomplete";

/** Downloads a file, unless any commit brought it before. Throws as {@link transfer} does. */
export async function storeFile(call: HubCall, cache: CachedModel, commit: string, file: RemoteFile): Promise<void> {
  const blob = cache.blob(file.etag);
  if (!existsSync(blob)) {
    const { operation, settings } = call;
    await writing(operation, blob, async () => {
      await makeFolder(path.dirname(blob));
      await withLock(cache.lock(file.etag), settings.signal, async () => {
        if (!existsSync(blob)) await download(call, commit, file, blob); // else another process was at it
      });
    });
  }
  await cache.link(commit, file.path, file.etag);
}

async function download(call: HubCall, commit: string, file: RemoteFile, blob: string): Promise<void> {
  const part = `${blob}.${randomBytes(4).toString("hex")}${INCOMPLETE}`;
  const there = await adopt(blob, part);
  await checkSpace(call.operation, path.dirname(blob), file.size - there);
  const shown = showProgress(call, file);
  try {
    await transfer(call, commit, file, part, shown.told);
  } finally {
    shown.end();
  }
  await rename(part, blob);
}

/**
 * Makes of what an interrupted download left the beginning of this one; gives its size. It is copied, where there is
 * room: should its writer live after all, it must not write into what becomes the blob.
 */
async function adopt(blob: string, part: string): Promise<number> {
  const folder = path.dirname(blob);
  const names = (await readdir(folder)).filter(
    (name) => name.startsWith(`${path.basename(blob)}.`) && name.endsWith(INCOMPLETE),
  );
  const found = await Promise.all(
    names.map(async (name) => ({
      left: path.join(folder, name),
      size: (await stat(path.join(folder, name)).catch(() => undefined))?.size ?? 0,
    })),
  );
  const [most, ...others] = found.sort((a, b) => b.size - a.size);
  for (const { left } of others) await rm(left, { force: true });
  if (!most) return 0;
  try {
    await copyFile(most.left, part, constants.COPYFILE_FICLONE);
    await rm(most.left, { force: true });
  } catch {
    await rm(part, { force: true });
    await rename(most.left, part).catch(() => undefined); // gone, when its writer was done with it
  }
  return (await stat(part).catch(() => undefined))?.size ?? 0;
}
