/** Writes a model folder so that it is either whole or not there. */
import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { describe, TorchwrightError } from "../errors";
import { writeManifest } from "./manifest";

/** What a model folder may hold: only a folder of these is replaced. */
const MODEL_FILES =
  /^(?:config\.json|manifest\.json|model(?:-\d+-of-\d+)?\.safetensors|model\.safetensors\.index\.json|model\.pt|training\.json|generation_config\.json|tokenizer(?:_config)?\.json|tokenizer\.model|vocab\.(?:txt|json)|merges\.txt|special_tokens_map\.json|added_tokens\.json|README\.md|\.gitattributes)$/;

/**
 * Calls `write` with a new folder beside `folder`, adds the manifest of what was written, then puts it in place
 * in one rename; an older model folder there is exchanged. When anything fails, the old folder is as it was.
 *
 * @throws TorchwrightError ERR_FILE_WRITE, also when `folder` holds files that are no model's: they would be lost
 */
export async function writeFolder(folder: string, write: (temporary: string) => Promise<void>): Promise<void> {
  if (typeof folder !== "string" || folder === "") {
    throw new TorchwrightError("ERR_INVALID_ARG", `save: expected a folder's path, got ${describe(folder)}`);
  }
  const target = path.resolve(folder);
  const beside = path.join(path.dirname(target), `.${path.basename(target)}.${randomBytes(4).toString("hex")}`);
  try {
    const replaces = await holdsModel(target);
    await mkdir(beside, { recursive: true });
    await write(beside);
    await writeManifest(beside);
    await flush(beside);
    if (replaces) {
      const old = `${beside}.old`;
      await rename(target, old);
      try {
        await rename(beside, target);
      } catch (error) {
        await rename(old, target);
        throw error;
      }
      await rm(old, { recursive: true, force: true });
    } else {
      await rename(beside, target);
    }
  } catch (cause) {
    await rm(beside, { recursive: true, force: true }).catch(() => undefined); // the cause is what counts
    if (cause instanceof TorchwrightError) throw cause;
    throw new TorchwrightError("ERR_FILE_WRITE", `save: ${folder} could not be written: ${(cause as Error).message}`, { cause });
  }
}

/** True for a model folder that will be replaced, false where there is nothing or an empty folder. */
async function holdsModel(target: string): Promise<boolean> {
  let names: string[];
  try {
    names = await readdir(target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
  const foreign = names.find((name) => !MODEL_FILES.test(name));
  if (foreign !== undefined) {
    throw new TorchwrightError(
      "ERR_FILE_WRITE",
      `save: expected a new folder or a model folder to replace, got ${target}, which also holds ${JSON.stringify(foreign)}. ` +
        "Save into a folder of its own.",
    );
  }
  return names.length > 0;
}

async function flush(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const file = await open(path.join(folder, name), "r");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }
}
