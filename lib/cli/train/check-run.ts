/** What would go wrong only once all is trained, or show in nothing, is looked at before. */
import { access, constants, readFile } from "node:fs/promises";
import path from "node:path";
import { TorchwrightError } from "../../errors";
import type { ModelProblem } from "../../models/model";
import { makeFolder } from "../../files/make-folder";
import { checkPage } from "../../train/report/write-page";
import { splits } from "../data/train-parts";
import type { Settings } from "../settings/config-file";
import { UsageError } from "../usage-error";

/** Where something is written once all is trained, it must be a place that can be. Throws ERR_FILE_WRITE. */
export async function checkPlaces(
  places: Readonly<Record<"report" | "adapterOutput", string | undefined>>,
): Promise<void> {
  if (places.report !== undefined) await checkPage(places.report);
  if (places.adapterOutput === undefined) return;
  try {
    await makeFolder(path.dirname(path.resolve(places.adapterOutput)));
    await access(path.dirname(path.resolve(places.adapterOutput)), constants.W_OK);
  } catch (cause) {
    throw new TorchwrightError(
      "ERR_FILE_WRITE",
      `--adapter-output: expected a folder that can be written, got ${places.adapterOutput}: ${(cause as Error).message}`,
      { cause },
    );
  }
}

/**
 * A run that goes on with another seed would split the rows anew, and learn from those that it is evaluated on. Throws
 * UsageError.
 */
export async function checkSeed(settings: Settings, output: string, seed: number): Promise<void> {
  const { resume, resumeFrom, splitSeed } = settings as {
    readonly resume?: boolean;
    readonly resumeFrom?: string;
    readonly splitSeed?: number;
  };
  const folder = resumeFrom ?? (resume === true ? output : undefined);
  if (folder === undefined || splitSeed !== undefined || !splits(settings)) return;
  const before = await recordedSeed(folder);
  if (before === undefined || before === seed) return;
  throw new UsageError(
    `--resume: expected --seed ${before}, with which the run in ${folder} began, got ${seed}; with another seed the split is another, unless --split-seed says which`,
  );
}

/** The seed in a run's record; undefined where there is none yet, or one that cannot be read. */
async function recordedSeed(folder: string): Promise<number | undefined> {
  try {
    const record = JSON.parse(await readFile(path.join(folder, "training.json"), "utf8")) as {
      readonly options?: { readonly seed?: number };
    } | null;
    return record?.options?.seed;
  } catch {
    return undefined; // the run itself says what is wrong with its folder
  }
}

/** Classes to choose from. Throws ERR_INVALID_ARG where all rows have one. */
export function checkClasses(labels: readonly string[], problem: ModelProblem, column: unknown): void {
  if (problem !== "single-label" || labels.length > 1) return;
  throw new TorchwrightError(
    "ERR_INVALID_ARG",
    `train: expected rows of at least two classes in the column ${JSON.stringify(column ?? "label")}, got ${labels.length === 0 ? "none" : `only ${JSON.stringify(labels[0])}`}`,
  );
}
