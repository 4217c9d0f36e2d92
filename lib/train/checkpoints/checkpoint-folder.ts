/** A run's checkpoints in its `outputDir`: `checkpoint-<step>`, as Hugging Face's Trainer names them. */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, TorchwrightError } from "../../errors";
import { clearLeftovers, finishInterruptedSave } from "../../text/interrupted-save";
import { type CheckpointState, readState } from "./checkpoint";

const NAME = /^checkpoint-(\d+)$/;
/** What a save that was killed leaves, under the name of its checkpoint. */
const LEFTOVER = /^\.(checkpoint-\d+)\.\d+-[0-9a-f]{8}\.(?:saving|old)$/;

/** A checkpoint to go on from. */
export interface Found {
  readonly folder: string;
  readonly state: CheckpointState;
  /** Newer ones that could not be used, with the reason. */
  readonly passedOver: readonly { readonly folder: string; readonly reason: string }[];
}

/** Place of a step's checkpoint. */
export function checkpointPath(outputDir: string, step: number): string {
  return join(outputDir, `checkpoint-${step}`);
}

/**
 * The newest checkpoint that is whole, for "auto", or the one in a folder. Undefined where there is none yet.
 *
 * @throws TorchwrightError ERR_INVALID_ARG; ERR_CHECKSUM where every checkpoint is damaged, and what reading the folder that was named throws
 */
export async function findCheckpoint(outputDir: string | undefined, resume: unknown): Promise<Found | undefined> {
  if (typeof resume !== "string" || resume === "") {
    throw new TorchwrightError("ERR_INVALID_ARG", `fit: expected resume to be "auto" or a checkpoint's folder, got ${describe(resume)}`);
  }
  if (resume !== "auto") return { folder: resume, state: await readState(resume), passedOver: [] };
  if (outputDir === undefined) throw new TorchwrightError("ERR_INVALID_ARG", 'fit: expected the option outputDir, in which resume: "auto" looks for checkpoints');
  const passedOver: { folder: string; reason: string }[] = [];
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

/** Removes the oldest checkpoints beyond `limit`, but for those to be kept. */
export async function pruneCheckpoints(outputDir: string, limit: number, keep: ReadonlySet<number>): Promise<void> {
  const steps = await stepsIn(outputDir);
  const old = steps.slice(0, Math.max(0, steps.length - limit)).filter((step) => !keep.has(step));
  for (const step of old) await rm(checkpointPath(outputDir, step), { recursive: true, force: true });
}

/** Steps of the checkpoints that are there, ascending; what killed saves left is finished or cleared first. */
async function stepsIn(outputDir: string): Promise<number[]> {
  const names = await readdir(outputDir).catch(() => []);
  const interrupted = new Set(names.flatMap((name) => LEFTOVER.exec(name)?.[1] ?? []));
  for (const name of interrupted) {
    await finishInterruptedSave(join(outputDir, name));
    await clearLeftovers(join(outputDir, name));
  }
  const now = interrupted.size > 0 ? await readdir(outputDir) : names;
  return now.flatMap((name) => NAME.exec(name)?.[1] ?? []).map(Number).sort((a, b) => a - b);
}
