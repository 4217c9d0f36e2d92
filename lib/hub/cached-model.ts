/**
 * One model's folder in the cache, in the layout that Python's `huggingface_hub` reads and writes:
 *
 * - `blobs/<etag>`: the files, by what the hub calls their content (SHA-256 of large ones, git's SHA-1 of others);
 * - `snapshots/<commit>/<file>`: a commit's files, links to blobs;
 * - `refs/<branch or tag>`: the commit that it was when last asked;
 * - `.no_exist/<commit>/<file>`: an empty mark for a file that a commit does not have, so that nobody needs to ask again.
 */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { makeFolder } from "../files/make-folder";
import { writing } from "./writing";

/** All digits of a commit, as opposed to a branch or tag. */
export const COMMIT = /^[0-9a-f]{40}$/;

export class CachedModel {
  readonly folder: string;

  constructor(
    /** For messages. */
    readonly operation: string,
    readonly cacheDir: string,
    /** `owner/name` or `name`. */
    readonly repository: string,
  ) {
    this.folder = path.join(cacheDir, `models--${repository.replace("/", "--")}`);
  }

  snapshot(commit: string): string {
    return path.join(this.folder, "snapshots", commit);
  }

  blob(etag: string): string {
    return path.join(this.folder, "blobs", etag);
  }

  /** Where one process says that it is downloading a blob; beside Python's locks, which cannot be taken from here. */
  lock(etag: string): string {
    return path.join(this.cacheDir, ".locks", path.basename(this.folder), `${etag}.torchwright.lock`);
  }

  /** The commit of a revision as far as the cache knows. */
  async commitOf(revision: string): Promise<string | undefined> {
    if (COMMIT.test(revision)) return revision;
    const text = (await readFile(path.join(this.folder, "refs", revision), "utf8").catch(() => "")).trim();
    return COMMIT.test(text) ? text : undefined;
  }

  /** Whether a commit's file is there, whole; a link to a blob that was removed is none. */
  has(commit: string, file: string): boolean {
    return existsSync(path.join(this.snapshot(commit), file));
  }

  /** Whether it is known that a commit has no such file. */
  lacks(commit: string, file: string): boolean {
    return existsSync(path.join(this.folder, ".no_exist", commit, file));
  }

  /** Files of a commit, those in folders of it left out. */
  async files(commit: string): Promise<readonly string[]> {
    const names = await readdir(this.snapshot(commit)).catch(() => []);
    return names.filter((name) => this.has(commit, name)).sort();
  }

  /** Every commit that has files, with the branches and tags that stand for it. */
  async commits(): Promise<ReadonlyMap<string, readonly string[]>> {
    const commits = new Map<string, string[]>();
    for (const commit of await readdir(path.join(this.folder, "snapshots")).catch(() => [])) commits.set(commit, []);
    const refs = path.join(this.folder, "refs");
    for (const entry of await readdir(refs, { recursive: true, withFileTypes: true }).catch(() => [])) {
      if (!entry.isFile()) continue;
      const name = path.relative(refs, path.join(entry.parentPath, entry.name));
      commits.get((await this.commitOf(name)) ?? "")?.push(name);
    }
    return commits;
  }

  /** Makes a commit's file of a blob that is there. Throws ERR_FILE_WRITE. */
  async link(commit: string, file: string, etag: string): Promise<void> {
    const target = path.join(this.snapshot(commit), file);
    await writing(this.operation, target, async () => {
      await makeFolder(path.dirname(target));
      // Beside and renamed: a link to a blob that was removed may be in the way, and others may be at it, too.
      const beside = `${target}.${randomBytes(4).toString("hex")}.tmp`;
      const blob = this.blob(etag);
      try {
        await symlink(path.relative(path.dirname(target), blob), beside).catch(() => copyFile(blob, beside)); // Windows may refuse links
        await rename(beside, target);
      } catch (error) {
        await rm(beside, { force: true });
        throw error;
      }
    });
  }

  /** Marks a file as one that a commit does not have; a cache that cannot be written goes without. */
  async markMissing(commit: string, file: string): Promise<void> {
    const mark = path.join(this.folder, ".no_exist", commit, file);
    await makeFolder(path.dirname(mark))
      .then(() => writeFile(mark, "", { flag: "a" }))
      .catch(() => undefined);
  }

  /** Notes the commit of a branch or tag; a cache that cannot be written goes without. */
  async noteRevision(revision: string, commit: string): Promise<void> {
    if (revision === commit || (await this.commitOf(revision)) === commit) return;
    const ref = path.join(this.folder, "refs", revision);
    const beside = `${ref}.${randomBytes(4).toString("hex")}.tmp`;
    await makeFolder(path.dirname(ref))
      .then(() => writeFile(beside, commit))
      .then(() => rename(beside, ref))
      .catch(() => rm(beside, { force: true }));
  }
}
