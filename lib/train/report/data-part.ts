/** What a run's data and held-out data are like: rows, classes, and what of them a loader delivered. */
import type { DataLoader } from "../../data/data-loader";
import { Breather } from "../../data/duplicates/breather";
import { Rows } from "../../data/inspect/inspectable";
import { labelReports } from "../../data/inspect/labels";
import type { TextDataset } from "../../data/text-dataset";
import type { DataPart } from "./report-data";

/** Milliseconds between two turns of the event loop: what ends a stretch may add some. */
const STRETCH = 2;

/** Reads every row once, and lets the event loop turn in between. */
export async function dataPart(name: string, loader: DataLoader): Promise<DataPart> {
  const dataset = loader.dataset as TextDataset; // what was fitted or evaluated is in memory
  const breather = new Breather(STRETCH);
  const [labels = null] = await labelReports(await Rows.read({ [name]: dataset }, breather), breather);
  return {
    name,
    rows: dataset.length,
    labels,
    batchSize: loader.batchSize,
    maxLength: loader.maxLength,
    delivered: loader.stats(),
  };
}
