/** The files of a Hugging Face tokenizer folder: read whole, checked, and written back. */
import { readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { isUtf8 } from "node:buffer";
import { TorchwrightError } from "../errors";
import type { FileSelection } from "../hub/selection";
import { makeFolder } from "../files/make-folder";

/** Files that make up a tokenizer; the last two are older Python versions'. */
export const TOKENIZER_FILES = [
  "tokenizer.json",
  "tokenizer_config.json",
  "vocab.txt",
  "special_tokens_map.json",
  "added_tokens.json",
] as const;

/** What of a model on the hub makes up its tokenizer. */
export const TOKENIZER_SELECTION: FileSelection = {
  required: [],
  oneOf: [["tokenizer.json", "vocab.txt"]],
  optional: [...TOKENIZER_FILES, "config.json"],
  naming: {},
};

export type TokenizerFile = (typeof TOKENIZER_FILES)[number];

/** A parsed JSON object whose fields are not checked yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

export interface TokenizerFolder {
  readonly folder: string;
  /** Bytes of the files that are there, as they were when the folder was opened. */
  readonly files: ReadonlyMap<TokenizerFile, Buffer>;
  /** The model's config.json, where there is one that can be read; its own reader reports faults. */
  readonly modelConfig: JsonObject | undefined;
}

/** Reads what a folder has, which {@link openFolder} found. */
export async function readTokenizerFolder(folder: string): Promise<TokenizerFolder> {
  const files = new Map<TokenizerFile, Buffer>();
  for (const name of TOKENIZER_FILES) {
    const bytes = await readIfThere(path.join(folder, name));
    if (bytes) files.set(name, bytes);
  }
  let modelConfig: JsonObject | undefined;
  try {
    const bytes = await readIfThere(path.join(folder, "config.json"));
    if (bytes) modelConfig = asObject(JSON.parse(bytes.toString("utf8")));
  } catch {
    // Left to the model's reader, which names the fault.
  }
  return { folder, files, modelConfig };
}

async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new TorchwrightError(
      "ERR_FILE_READ",
      `AutoTokenizer.fromPretrained: ${file} could not be read: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

/** The text of a file of the folder, if it is there; throws ERR_TOKENIZER_INVALID unless it is UTF-8. */
export function textOf(source: TokenizerFolder, name: TokenizerFile): string | undefined {
  const bytes = source.files.get(name);
  if (!bytes) return undefined;
  if (!isUtf8(bytes)) throw invalid(source, name, "it is not UTF-8 text");
  const text = bytes.toString("utf8");
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}

/** A JSON object of the folder, if it is there; throws ERR_TOKENIZER_INVALID naming the file. */
export function jsonOf(source: TokenizerFolder, name: TokenizerFile): JsonObject | undefined {
  const text = textOf(source, name);
  if (text === undefined) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw invalid(source, name, `it is not JSON (${(error as Error).message}); it may be cut short`, error);
  }
  const object = asObject(parsed);
  if (!object) throw invalid(source, name, "expected a JSON object");
  return object;
}

/** The value as an object, or undefined for anything else. */
export function asObject(value: unknown): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

/** The error for a file of the folder that cannot be used. */
export function invalid(source: TokenizerFolder, name: string, why: string, cause?: unknown): TorchwrightError {
  return new TorchwrightError(
    "ERR_TOKENIZER_INVALID",
    `AutoTokenizer.fromPretrained: ${path.join(source.folder, name)} cannot be used: ${why}`,
    cause === undefined ? undefined : { cause },
  );
}

/** Writes the files, each beside and renamed, so that none is ever half-written. Throws ERR_FILE_WRITE. */
export async function writeTokenizerFiles(folder: string, files: ReadonlyMap<string, string | Buffer>): Promise<void> {
  try {
    await makeFolder(folder);
    for (const [name, content] of files) {
      const target = path.join(folder, name);
      await writeFile(`${target}.part`, content);
      await rename(`${target}.part`, target);
    }
  } catch (error) {
    throw new TorchwrightError(
      "ERR_FILE_WRITE",
      `Tokenizer.save: could not write the tokenizer to ${folder}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
