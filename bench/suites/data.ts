/**
 * Text to batches: 100,000 short texts through tokenizer and loader, beside Python's `tokenizers`, `datasets` and
 * `DataLoader`.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TextDataset } from "../../lib/index";
import { readWordnet } from "../../scripts/demo/wordnet";
import { duel, withSides } from "../duel";
import { throughput } from "../report";
import { commands, type Suite } from "./suite";

/** What both sides read from `data.jsonl` and how they batch it. */
export interface DataSettings {
  readonly batchSize: number;
  readonly maxLength: number;
  readonly seed: number;
}

const SETTINGS: DataSettings = { batchSize: 32, maxLength: 128, seed: 42 };
const ROWS = 100_000;
const QUICK_ROWS = 10_000;

export const dataSuite: Suite = async (context) => {
  const { folder } = await context.materials();
  const rows = TextDataset.from(await readWordnet())
    .dedupe()
    .shuffle()
    .take(context.quick ? QUICK_ROWS : ROWS);
  await writeFile(join(folder, "data.jsonl"), Array.from(rows, (row) => `${JSON.stringify(row)}\n`).join(""));
  return withSides(commands(context, "data", [folder, JSON.stringify(SETTINGS)]), context.threads, async (sides) => {
    // Every count is one pass over all rows.
    const size = { warmup: 1, rounds: context.quick ? 2 : 5, count: 1 };
    const tokenize = await duel(sides, "tokenize", size);
    const load = await duel(sides, "load", size);
    const workers = await duel({ ours: sides.ours, peer: sides.peer }, "loadWithWorkers", size);
    const read = await duel(sides, "read", size);
    const name = "tokensPerSecond";
    const shape = `${rows.length} texts, batches of ${SETTINGS.batchSize}`;
    return {
      versions: { ...sides.peer.versions, ...sides.ours.versions },
      items: [
        throughput(`texts to ids, ${rows.length} texts (peer: tokenizers)`, "tokens/s", {
          ours: tokenize.ours[name],
          peer: tokenize.peer[name],
        }),
        throughput(`loader, ${shape} (peer: datasets + DataLoader)`, "tokens/s", {
          ours: load.ours[name],
          peer: load.peer[name],
        }),
        throughput(`loader, ${shape} (peer: the same with 2 workers)`, "tokens/s", {
          ours: workers.ours[name],
          peer: workers.peer[name],
        }),
        throughput("JSON Lines to a dataset in memory (peer: datasets, uncached)", "rows/s", {
          ours: read.ours["rowsPerSecond"],
          peer: read.peer["rowsPerSecond"],
        }),
      ],
    };
  });
};
