/** The folder of a model on the hub: in the cache, into which what is missing there is downloaded. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { TorchwrightError } from "../errors";
import { CachedModel, COMMIT } from "./cached-model";
import { type HubOptions, resolveHubOptions } from "./options";
import { type RemoteFile, remoteCommit, remoteFiles } from "./remote";
import type { HubCall } from "./request";
import { type Choice, choose, type FileSelection, namedBy } from "./selection";
import { storeFile } from "./store-file";

/** Throws as `modelFolder` does. */
export async function fetchModel(
  operation: string,
  name: string,
  options: HubOptions,
  selection: FileSelection,
): Promise<string> {
  const settings = await resolveHubOptions(operation, options);
  const call: HubCall = { operation, repository: name, settings };
  const cache = new CachedModel(operation, settings.cacheDir, name);
  settings.signal?.throwIfAborted();
  if (settings.offline) return cached(call, cache, selection);
  let commit: string;
  let remote: ReadonlyMap<string, RemoteFile> | undefined;
  try {
    commit = COMMIT.test(settings.revision) ? settings.revision : await remoteCommit(call);
    remote = (await isComplete(cache, commit, selection)) ? undefined : await remoteFiles(call, commit);
  } catch (error) {
    if (!(error instanceof TorchwrightError) || error.code !== "ERR_HUB_CONNECTION") throw error;
    const folder = await cached(call, cache, selection).catch(() => {
      throw error;
    });
    process.emitWarning(`${error.message} The copy in the cache is used: ${folder}`, {
      type: "TorchwrightWarning",
      code: "WARN_HUB_CACHED",
    });
    return folder;
  }
  if (remote) await download(call, cache, commit, remote, selection);
  await cache.noteRevision(settings.revision, commit); // last: it never names a commit of which something is missing
  return cache.snapshot(commit);
}

/** Whether the cache has all that a commit has of a selection: known without asking. */
async function isComplete(cache: CachedModel, commit: string, selection: FileSelection): Promise<boolean> {
  const { missing, without, all } = await chosen(cache, commit, selection);
  return (
    missing.length === 0 &&
    without.every((name) => cache.lacks(commit, name)) &&
    all.every((name) => cache.has(commit, name) || cache.lacks(commit, name))
  );
}

/** A selection among a commit's files in the cache; `all` has what these name, too. */
async function chosen(
  cache: CachedModel,
  commit: string,
  selection: FileSelection,
): Promise<Choice & { readonly all: readonly string[] }> {
  const choice = choose(selection, (name) => cache.has(commit, name));
  return { ...choice, all: [...choice.files, ...(await furtherFiles(cache, commit, selection, choice.files))] };
}

async function furtherFiles(
  cache: CachedModel,
  commit: string,
  selection: FileSelection,
  files: readonly string[],
): Promise<readonly string[]> {
  const naming = files.filter((name) => Object.hasOwn(selection.naming, name));
  const texts = await Promise.all(naming.map((name) => readFile(path.join(cache.snapshot(commit), name), "utf8")));
  return texts.flatMap((text, i) => namedBy(selection, naming[i] ?? "", text)).filter((name) => !files.includes(name));
}

async function download(
  call: HubCall,
  cache: CachedModel,
  commit: string,
  remote: ReadonlyMap<string, RemoteFile>,
  selection: FileSelection,
): Promise<void> {
  const { operation, repository, settings } = call;
  const { files, missing, without } = choose(selection, (name) => remote.has(name));
  if (missing.length > 0) {
    throw (
      selection.refuse?.(operation, repository, new Set(remote.keys())) ??
      new TorchwrightError(
        "ERR_HUB_FILE_NOT_FOUND",
        `${operation}: expected ${missing.join(" and ")} in "${repository}" at revision "${settings.revision}", got a repository with ${listed([...remote.keys()])}`,
      )
    );
  }
  const store = async (names: readonly string[]): Promise<void> => {
    for (const name of names) {
      const file = remote.get(name);
      if (!file) await cache.markMissing(commit, name);
      else if (!cache.has(commit, name)) await storeFile(call, cache, commit, file);
    }
  };
  await store(files);
  await store([...without, ...(await furtherFiles(cache, commit, selection, files))]);
}

/** What the cache has of a model, if that is enough. Throws ERR_HUB_OFFLINE, or what the selection refuses. */
async function cached(call: HubCall, cache: CachedModel, selection: FileSelection): Promise<string> {
  const { operation, repository, settings } = call;
  const { revision } = settings;
  const fail = (expected: string, got: string): TorchwrightError =>
    new TorchwrightError(
      "ERR_HUB_OFFLINE",
      `${operation}: expected ${expected} in the cache, ${settings.cacheDir}, as the network may not be used, got ${got}. ` +
        "Ask once without localFilesOnly and HF_HUB_OFFLINE, or copy the cache of a machine that has it.",
    );
  const commit = await cache.commitOf(revision);
  const names = commit === undefined ? [] : await cache.files(commit);
  if (commit === undefined || names.length === 0) {
    const known = [...(await cache.commits())].map(([hash, refs]) =>
      refs.length > 0 ? `${refs.join(", ")} (${hash})` : hash,
    );
    throw fail(
      `"${repository}" at revision "${revision}"`,
      known.length > 0 ? `the revisions ${known.join("; ")}` : `no revision of it, and no folder "${repository}" here`,
    );
  }
  const { missing, all } = await chosen(cache, commit, selection);
  if (missing.length > 0) {
    throw (
      selection.refuse?.(operation, repository, new Set(names)) ??
      fail(`${missing.join(" and ")} of "${repository}"`, listed(names))
    );
  }
  const absent = all.filter((name) => !cache.has(commit, name) && !cache.lacks(commit, name));
  if (absent.length > 0) throw fail(`${absent.join(", ")} of "${repository}"`, listed(names));
  return cache.snapshot(commit);
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 30).join(", ");
  return names.length === 0
    ? "no files"
    : `the files ${shown}${names.length > 30 ? ` and ${names.length - 30} more` : ""}`;
}
