/** What the hub says of a model: the commit of a revision, and a commit's files, asked through `@huggingface/hub`. */
import { createRequire } from "node:module";
import { TorchwrightError } from "../errors";
import { COMMIT } from "./cached-model";
import { apiFetch, type HubCall, notTheHub } from "./request";

export interface RemoteFile {
  /** "/" between folders. */
  readonly path: string;
  readonly size: number;
  /**
   * What the hub calls the content: SHA-256 of a large file (Git LFS, Xet), 64 hex digits, or git's SHA-1 of a blob,
   * 40.
   */
  readonly etag: string;
}

interface Common {
  readonly hubUrl: string;
  readonly fetch: typeof fetch;
}

/** What is used of `@huggingface/hub`; its own type files do not pass `tsc` without `skipLibCheck`. */
interface HubLibrary {
  readonly modelInfo: (
    options: Common & { readonly name: string; readonly revision: string; readonly additionalFields: readonly ["sha"] },
  ) => Promise<{ readonly sha: unknown }>;
  readonly listFiles: (
    options: Common & { readonly repo: { readonly type: "model"; readonly name: string }; readonly revision: string },
  ) => AsyncIterable<ListedFile>;
}

interface ListedFile {
  readonly type: string;
  readonly path: string;
  readonly size: number;
  readonly oid?: string;
  readonly lfs?: { readonly oid: string };
}

/** Loaded when first needed: most programs only open folders. */
const library = (): HubLibrary => createRequire(__filename)("@huggingface/hub") as HubLibrary;

/** The commit that the settings' revision is now. Throws ERR_HUB_…. */
export async function remoteCommit(call: HubCall): Promise<string> {
  const { modelInfo } = library();
  const { repository, settings } = call;
  const common = { hubUrl: settings.endpoint, fetch: apiFetch(call) };
  const { sha } = await understood(call, () =>
    modelInfo({ ...common, name: repository, revision: settings.revision, additionalFields: ["sha"] }),
  );
  if (typeof sha !== "string" || !COMMIT.test(sha)) throw notTheHub(call, settings.endpoint);
  return sha;
}

/** The files of a commit by name, without those in folders of it. Throws ERR_HUB_…. */
export async function remoteFiles(call: HubCall, commit: string): Promise<ReadonlyMap<string, RemoteFile>> {
  const { listFiles } = library();
  const { repository, settings } = call;
  return understood(call, async () => {
    const files = new Map<string, RemoteFile>();
    for await (const entry of listFiles({
      repo: { type: "model", name: repository },
      revision: commit,
      hubUrl: settings.endpoint,
      fetch: apiFetch(call),
    })) {
      if (entry.type !== "file") continue;
      const { path, size } = entry;
      const etag = entry.lfs?.oid ?? entry.oid ?? "";
      // The names become paths here: they must not lead anywhere else.
      if (
        !/^[^/\\:]+$/.test(path) ||
        path === "." ||
        path === ".." ||
        !/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(etag) ||
        !Number.isSafeInteger(size)
      ) {
        continue;
      }
      files.set(path, { path, size, etag });
    }
    return files;
  });
}

/** Where a commit's file is fetched from; the hub redirects to wherever it lies. */
export function fileAddress({ repository, settings }: HubCall, commit: string, file: string): string {
  return `${settings.endpoint}/${repository}/resolve/${commit}/${encodeURIComponent(file)}`;
}

/** What the library stumbles over, JSON of another shape, is told as an answer that is not the hub's. */
async function understood<T>(call: HubCall, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const { signal, endpoint } = call.settings;
    if (error instanceof TorchwrightError || signal?.aborted) throw error;
    throw notTheHub(call, endpoint, error);
  }
}
