/** A run's checkpoints in its `outputDir`: `checkpoint-<step>`, as Hugging Face's Trainer names them. */
import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, TorchwrightError } from "../../errors";
import { clearLeftovers, finishInterruptedSave } from "../../text/interrupted-save";
import { type CheckpointState, readState } from "./checkpoint";

const NAME = /^checkpoint-(\d+)$/;
/** What a save that was killed leaves, under the name of its checkpoint. */
const LEFTOVER = /^\.(checkpoint-\d+)\.\d+-[0-9a-f]{8}\.(saving|old)$/;

/** A checkpoint that was passed over. */
export interface PassedOver {
  readonly folder: string;
  readonly reason: string;
}

/** A checkpoint to go on from. */
export interface Found {
  readonly folder: string;
  readonly state: CheckpointState;
  /** Newer ones that could not be used, with the reason. */
  readonly passedOver: readonly PassedOver[];
}

/** Place of a step's checkpoint. */
export function checkpointPath(outputDir: string, step: number): string {
  return join(outputDir, `checkpoint-${step}`);
}

/**
 * The newest checkpoint that is whole, for "auto", or the one in a folder. Undefined where there is none yet.
 *
 * @throws TorchwrightError ERR_INVALID_ARG; ERR_CHECKSUM where every checkpoint is damaged, ERR_FILE_READ, and what
 *   reading the folder that was named throws
 */
export async function findCheckpoint(outputDir: string | undefined, resume: unknown): Promise<Found | undefined> {
  if (typeof resume !== "string" || resume === "") {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `fit: expected resume to be "auto" or a checkpoint's folder, got ${describe(resume)}`,
    );
  }
  if (resume !== "auto") return { folder: resume, state: await readState(resume), passedOver: [] };
  if (outputDir === undefined) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      'fit: expected the option outputDir, in which resume: "auto" looks for checkpoints',
    );
  }
  const passedOver: PassedOver[] = [];
  for (const step of (await stepsIn(outputDir)).reverse()) {
    const folder = checkpointPath(outputDir, step);
    try {
      return { folder, state: await readState(folder), passedOver };
    } catch (error) {
      passedOver.push({ folder, reason: (error as Error).message });
    }
  }
  if (passedOver.length === 0) return undefined;
  const [newest] = passedOver;
  throw new TorchwrightError(
    "ERR_CHECKSUM",
    `fit: expected a whole checkpoint in ${outputDir}, got ${passedOver.length} that cannot be used: ${newest?.reason}. Delete them to begin anew.`,
  );
}

/** A run that begins anew needs a folder without checkpoints. Throws ERR_INVALID_ARG. */
export async function refuseCheckpoints(outputDir: string): Promise<void> {
  const [first] = await stepsIn(outputDir);
  if (first === undefined) return;
  throw new TorchwrightError(
    "ERR_INVALID_ARG",
    `fit: expected an outputDir without checkpoints for a run that begins anew, got ${checkpointPath(outputDir, first)}; ` +
      'go on with { resume: "auto" } (--resume on the command line), or take another folder',
  );
}

/**
 * Makes sure that the checkpoints of a run that goes on from a step will be the newest of their folder. Those behind it
 * are of another course, or damaged: they are renamed, `superseded-checkpoint-<step>`.
 *
 * @throws TorchwrightError ERR_FILE_WRITE
 */
export async function supersede(outputDir: string, step: number): Promise<void> {
  for (const one of (await stepsIn(outputDir)).filter((other) => other > step)) {
    const aside = join(outputDir, `superseded-checkpoint-${one}`);
    try {
      await rm(aside, { recursive: true, force: true });
      await rename(checkpointPath(outputDir, one), aside);
    } catch (cause) {
      throw new TorchwrightError(
        "ERR_FILE_WRITE",
        `fit: ${checkpointPath(outputDir, one)} could not be put aside: ${(cause as Error).message}`,
        { cause },
      );
    }
  }
}

/**
 * Removes the oldest checkpoints beyond `limit`, but for those to be kept. What cannot be removed is tried again the
 * next time.
 */
export async function pruneCheckpoints(outputDir: string, limit: number, keep: ReadonlySet<number>): Promise<void> {
  const steps = await stepsIn(outputDir);
  const old = steps.slice(0, Math.max(0, steps.length - limit)).filter((step) => !keep.has(step));
  for (const step of old) {
    await rm(checkpointPath(outputDir, step), { recursive: true, force: true }).catch(() => undefined);
  }
}

/**
 * Steps of the checkpoints that are there, ascending; what killed saves left is finished or cleared first. Throws
 * ERR_FILE_READ.
 */
async function stepsIn(outputDir: string): Promise<number[]> {
  const names = await foldersIn(outputDir);
  const interrupted = names.flatMap((name) => LEFTOVER.exec(name) ?? []).length > 0;
  for (const name of new Set(names.flatMap((entry) => LEFTOVER.exec(entry)?.[1] ?? []))) {
    const target = join(outputDir, name);
    const exchanged = names.some((entry) => LEFTOVER.exec(entry)?.[1] === name && entry.endsWith(".old"));
    // In the middle of an exchange both copies are outside of the target: they go only once one is in its place.
    if ((await finishInterruptedSave(target)) || !exchanged || names.includes(name)) await clearLeftovers(target);
  }
  const now = interrupted ? await foldersIn(outputDir) : names;
  return now
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

async function foldersIn(outputDir: string): Promise<string[]> {
  try {
    return (await readdir(outputDir, { withFileTypes: true }))
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new TorchwrightError("ERR_FILE_READ", `fit: ${outputDir} could not be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}
