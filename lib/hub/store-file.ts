/** Puts one file of a commit into the cache. */
import { existsSync } from "node:fs";
import { mkdir, rename, stat } from "node:fs/promises";
import path from "node:path";
import type { CachedModel } from "./cached-model";
import { withLock } from "./lock";
import type { RemoteFile } from "./remote";
import type { HubCall } from "./request";
import { showProgress } from "./show-progress";
import { transfer } from "./transfer";
import { checkSpace, writing } from "./writing";

/** Downloads a file, unless any commit brought it before. Throws as {@link transfer} does. */
export async function storeFile(call: HubCall, cache: CachedModel, commit: string, file: RemoteFile): Promise<void> {
  const blob = cache.blob(file.etag);
  if (!existsSync(blob)) {
    const { operation, settings } = call;
    // Not Python's `<etag>.….incomplete`, which a process of its own may be writing.
    const part = `${blob}.torchwright.incomplete`;
    await writing(operation, blob, async () => {
      await mkdir(path.dirname(blob), { recursive: true });
      await withLock(cache.lock(file.etag), settings.signal, async () => {
        if (existsSync(blob)) return; // another process was at it
        const there = (await stat(part).catch(() => undefined))?.size ?? 0;
        await checkSpace(operation, path.dirname(blob), file.size - there);
        const shown = showProgress(call, file);
        try {
          await transfer(call, commit, file, part, shown.told);
        } finally {
          shown.end();
        }
        await rename(part, blob);
      });
    });
  }
  await cache.link(commit, file.path, file.etag);
}
