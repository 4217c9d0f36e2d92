/** Writes a model folder so that it is either whole or not there. */
import { open, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, TorchwrightError } from "../errors";
import { makeFolder } from "../files/make-folder";
import { clearLeftovers, finishInterruptedSave, placesBeside } from "../text/interrupted-save";
import { CALIBRATION_FILE, formatCalibration } from "./calibration";
import { writeManifest } from "./manifest";
import type { SaveOptions } from "./model";

/** A kind of folder, by what it may hold: a save replaces folders of its own kind only. */
export interface FolderKind {
  readonly name: string;
  readonly files: RegExp;
}

const MODEL_FOLDER: FolderKind = {
  name: "model folder",
  files:
    /^(?:config\.json|calibration\.json|manifest\.json|model(?:-\d+-of-\d+)?\.safetensors|model\.safetensors\.index\.json|model\.pt|training\.json|trainer_state\.json|(?:optimizer|rng_state|weights)\.safetensors|generation_config\.json|tokenizer(?:_config)?\.json|tokenizer\.model|vocab\.(?:txt|json)|merges\.txt|special_tokens_map\.json|added_tokens\.json|README\.md|\.gitattributes)$/,
};

export const ADAPTER_FOLDER: FolderKind = {
  name: "folder of an adapter",
  files: /^(?:adapter_config\.json|adapter_model\.safetensors|manifest\.json|README\.md|\.gitattributes)$/,
};

/**
 * Calls `write` with a new folder beside `folder`, adds the manifest of what was written, then puts it in place in one
 * rename; an older folder of its kind there is exchanged. When anything fails, the old folder is as it was. A process
 * that is killed, or a machine that loses power, leaves the old or the new folder whole: killed between the two renames
 * of an exchange it leaves nothing at `folder` itself, and the next save, or whoever opens `folder`, puts the new one
 * there. The next save also clears what a killed one left beside `folder`.
 *
 * @throws TorchwrightError ERR_FILE_WRITE, also when `folder` holds files that are none of its kind's: they would be
 *   lost
 */
export async function writeFolder(
  folder: string,
  write: (temporary: string) => Promise<void>,
  kind = MODEL_FOLDER,
): Promise<void> {
  if (typeof folder !== "string" || folder === "") {
    throw new TorchwrightError("ERR_INVALID_ARG", `save: expected a folder's path, got ${describe(folder)}`);
  }
  const target = path.resolve(folder);
  const { saving: beside, old } = placesBeside(target);
  try {
    await finishInterruptedSave(target);
    const replaces = await holdsOne(kind, target);
    await makeFolder(beside);
    await write(beside);
    await writeManifest(beside);
    await flush(beside);
    if (replaces) {
      await rename(target, old);
      try {
        await rename(beside, target);
      } catch (error) {
        await rename(old, target);
        throw error;
      }
    } else {
      await rename(beside, target);
    }
  } catch (cause) {
    await rm(beside, { recursive: true, force: true }).catch(() => undefined); // the cause is what counts
    if (cause instanceof TorchwrightError) throw cause;
    throw new TorchwrightError("ERR_FILE_WRITE", `save: ${folder} could not be written: ${(cause as Error).message}`, {
      cause,
    });
  }
  // It is in place: what fails from here on, the next save does again.
  await flushFolder(path.dirname(target)).catch(() => undefined);
  await rm(old, { recursive: true, force: true }).catch(() => undefined);
  await clearLeftovers(target).catch(() => undefined);
}

/** Writes what a model's caller wants beside its own files. */
export async function writeCompanions(
  folder: string,
  { tokenizer, calibration, files = {}, more }: SaveOptions,
): Promise<void> {
  await tokenizer?.save(folder);
  if (calibration !== undefined) await writeFile(path.join(folder, CALIBRATION_FILE), formatCalibration(calibration));
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  await more?.(folder);
}

/** True for a folder that will be replaced, false where there is nothing or an empty folder. */
async function holdsOne(kind: FolderKind, target: string): Promise<boolean> {
  let names: string[];
  try {
    names = await readdir(target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
  const foreign = names.find((name) => !kind.files.test(name));
  if (foreign !== undefined) {
    throw new TorchwrightError(
      "ERR_FILE_WRITE",
      `save: expected a new folder or a ${kind.name} to replace, got ${target}, which also holds ${JSON.stringify(foreign)}. ` +
        "Save into a folder of its own.",
    );
  }
  return names.length > 0;
}

async function flush(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await sync(path.join(folder, name));
  await flushFolder(folder);
}

/** Makes names durable: those of new files, and a rename. Windows opens no folders, and needs it not. */
export async function flushFolder(folder: string): Promise<void> {
  if (process.platform !== "win32") await sync(folder);
}

async function sync(entry: string): Promise<void> {
  const handle = await open(entry, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
