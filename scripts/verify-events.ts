/**
 * Does Python's `tensorboard` read our event files? Part of `npm run verify`.
 *
 * Trains a small BERT in two parts, the first of them broken off behind its last checkpoint and in the middle of a
 * record, and lets `scripts/verify_events.py` compare what TensorBoard shows of both with what the run told.
 */
import { appendFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DataLoader, logValues, Trainer, type TrainerEvent, type TrainerOptions } from "../lib/index";
import { tinyBert, tinyData, tinyTokenizer } from "../test/support/tiny-bert";
import { runReference } from "./python-env";

const SAVED_STEP = 3;
const BROKEN_STEP = 5;

/** Runs and checks; `work` is an empty folder. */
export async function verifyEvents(python: string, work: string): Promise<{ readonly ok: boolean }> {
  const outputDir = join(work, "run");
  const events = await trainInTwoParts(outputDir);
  const [run = ""] = await readdir(join(outputDir, "runs"));
  const folder = join(outputDir, "runs", run);
  const files = await readdir(folder);
  if (files.length !== 2) throw new Error(`verify: expected a file of each part, got ${files.join(", ")}`);
  const expected = join(work, "events.json");
  await writeFile(
    expected,
    JSON.stringify({ scalars: curves(events), text: { args: (await settings(outputDir))["options"] } }),
  );
  return (await runReference(python, "verify_events.py", [folder, "--expected", expected])) as { readonly ok: boolean };
}

/** The events of a run without a break, as the two parts told them. */
async function trainInTwoParts(outputDir: string): Promise<TrainerEvent[]> {
  const tokenizer = await tinyTokenizer();
  const loader = (rows: number): DataLoader =>
    new DataLoader(tinyData(rows), { tokenizer, batchSize: 8, shuffle: true, device: "cpu" });
  const part = async (options: TrainerOptions): Promise<TrainerEvent[]> => {
    const model = tinyBert();
    const told: TrainerEvent[] = [];
    const listen = (event: TrainerEvent): void => {
      told.push(event);
      if (event.type === "log" && event.step === options.maxSteps) throw new Error("broken off");
    };
    try {
      const trainer = new Trainer(model, {
        epochs: 2,
        logEvery: 1,
        outputDir,
        saveStrategy: "steps",
        saveSteps: SAVED_STEP,
        reportTo: ["tensorboard"],
        progress: "silent",
        ...options,
        callbacks: [listen],
      });
      await trainer.fit(loader(32), { evalLoader: loader(12), resume: "auto" }).catch((error: Error) => {
        if (error.message !== "broken off") throw error;
      });
    } finally {
      model.dispose();
    }
    return told;
  };
  const first = await part({ maxSteps: BROKEN_STEP });
  const [run = ""] = await readdir(join(outputDir, "runs"));
  const [name = ""] = await readdir(join(outputDir, "runs", run));
  const file = join(outputDir, "runs", run, name);
  await appendFile(file, (await readFile(file)).subarray(0, 30)); // a record that was not finished
  const second = await part({});
  return [...first.filter((event) => (logValues(event)?.step ?? Infinity) <= SAVED_STEP), ...second];
}

/** Points of each tag, `[step, value]`; JSON has no NaN, and there is none. */
function curves(events: readonly TrainerEvent[]): Record<string, [number, number][]> {
  const found: Record<string, [number, number][]> = {};
  for (const { step, values } of events.flatMap((event) => logValues(event) ?? [])) {
    for (const [name, value] of Object.entries(values)) {
      const tag = name.startsWith("eval_") ? name.replace("eval_", "eval/") : `train/${name}`;
      (found[tag] ??= []).push([step, value]);
    }
  }
  return found;
}

async function settings(outputDir: string): Promise<Readonly<Record<string, unknown>>> {
  return JSON.parse(await readFile(join(outputDir, "training.json"), "utf8")) as Readonly<Record<string, unknown>>;
}
