/**
 * `manifest.json` of a saved folder: size and SHA-256 of its payload, so that damage is an error at loading
 * and not a model that is subtly wrong. Safetensors files carry no checksum of their own.
 *
 * The payload is what nobody edits by hand: weights, vocabulary, calibration, and where a checkpoint stood. Settings
 * (`config.json`, `training.json`, `tokenizer_config.json`) are left out, because to edit them is legitimate, and
 * damage to JSON shows.
 */
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { TorchwrightError } from "../errors";
import { hashFiles } from "./hash-files";

export const MANIFEST_FILE = "manifest.json";
const FORMAT = "torchwright-manifest";
const PAYLOAD =
  /\.(?:safetensors|pt)$|^(?:calibration\.json|trainer_state\.json|tokenizer\.json|tokenizer\.model|vocab\.(?:txt|json)|merges\.txt)$/;

interface Listed {
  readonly bytes: number;
  readonly sha256: string;
}

/** Lists the payload of a folder that is complete. */
export async function writeManifest(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => PAYLOAD.test(name)).sort();
  const digests = await hashFiles(names.map((name) => path.join(folder, name)));
  const files: Record<string, Listed> = {};
  for (const [i, name] of names.entries()) {
    files[name] = { bytes: (await stat(path.join(folder, name))).size, sha256: digests[i] ?? "" };
  }
  await writeFile(
    path.join(folder, MANIFEST_FILE),
    `${JSON.stringify({ format: FORMAT, version: 1, files }, null, 2)}\n`,
  );
}

/**
 * Compares a folder's payload with its manifest; resolves at once where it has none, as a folder of Hugging
 * Face's. Sizes are compared first.
 *
 * @throws TorchwrightError ERR_CHECKSUM naming the file that differs or is missing
 */
export async function verifyManifest(folder: string): Promise<void> {
  const listed = await readManifest(path.join(folder, MANIFEST_FILE));
  for (const [name, { bytes }] of listed) {
    const size = await stat(path.join(folder, name)).then(
      (found) => found.size,
      () => undefined,
    );
    if (size !== bytes) {
      throw differs(folder, name, size === undefined ? "it is missing" : `it has ${size} bytes, not ${bytes}`);
    }
  }
  const digests = await hashFiles(listed.map(([name]) => path.join(folder, name)));
  listed.forEach(([name, { sha256 }], i) => {
    if (digests[i] !== sha256) throw differs(folder, name, `its SHA-256 is ${digests[i]}, not ${sha256}`);
  });
}

/**
 * Names in the text of a manifest, without a look at the files; none in that of another program. Throws where it is no
 * JSON.
 */
export function namesInManifest(text: string): readonly string[] {
  const { format, files } = JSON.parse(text) as { readonly format?: unknown; readonly files?: object };
  return format === FORMAT ? Object.keys(files ?? {}) : [];
}

/** Names of the files that a folder's manifest lists. Throws as {@link verifyManifest} does. */
export async function listedInManifest(folder: string): Promise<readonly string[]> {
  return (await readManifest(path.join(folder, MANIFEST_FILE))).map(([name]) => name);
}

function differs(folder: string, name: string, how: string): TorchwrightError {
  return new TorchwrightError(
    "ERR_CHECKSUM",
    `${path.join(folder, name)}: expected the file that was saved, but ${how}. It is damaged or was replaced: restore it, ` +
      `or, where it was changed on purpose, delete ${path.join(folder, MANIFEST_FILE)}, which then no longer describes the folder.`,
  );
}

/** What a manifest lists; nothing where there is none, or where the file is another program's. */
async function readManifest(file: string): Promise<readonly (readonly [string, Listed])[]> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new TorchwrightError("ERR_FILE_READ", `${file}: could not be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw damaged(file, (cause as Error).message, cause);
  }
  const { format, version, files } = (parsed ?? {}) as Record<string, unknown>;
  if (format !== FORMAT) return [];
  if (version !== 1) throw damaged(file, `its version is ${JSON.stringify(version)}, and this release knows version 1`);
  const entries = Object.entries((files ?? {}) as Record<string, Partial<Listed> | null>);
  for (const [name, entry] of entries) {
    // A manifest is data: it must not name files outside its folder.
    if (path.basename(name) !== name || typeof entry?.bytes !== "number" || typeof entry.sha256 !== "string") {
      throw damaged(file, `its entry ${JSON.stringify(name)} is not understood`);
    }
  }
  return entries as [string, Listed][];
}

function damaged(file: string, why: string, cause?: unknown): TorchwrightError {
  return new TorchwrightError("ERR_CHECKSUM", `${file}: expected a manifest, but ${why}. Restore it, or delete it.`, {
    cause,
  });
}

/**
 * Loads with `load` while the folder is compared with its manifest, and gives the result only if both went
 * well; otherwise `dispose` frees it.
 */
export async function loadVerified<T>(
  folder: string,
  load: () => Promise<T>,
  dispose: (loaded: T) => void,
): Promise<T> {
  const verified = verifyManifest(folder);
  verified.catch(() => undefined); // awaited in every case below
  let loaded: T;
  try {
    loaded = await load();
  } catch (error) {
    await verified; // damage explains what loading stumbled over
    throw error;
  }
  try {
    await verified;
  } catch (error) {
    dispose(loaded);
    throw error;
  }
  return loaded;
}
