/** A dataset for a notebook: its first rows, and how many there are of each class. */
import { datasetHeading, datasetSections } from "../data/describe-dataset";
import { labelReport } from "../data/inspect/labels";
import { labelBlocks } from "../data/inspect/layout";
import { renderBlock } from "../data/inspect/render-html";
import type { MapDataset } from "../data/map-dataset";
import { TextDataset } from "../data/text-dataset";
import { element, titled } from "./element";

export function datasetHtml(dataset: MapDataset<unknown>): string {
  const rows = datasetSections(dataset).map(({ title, blocks }) =>
    titled(title, `<div class="wide">${blocks.map(renderBlock).join("")}</div>`),
  );
  return element(datasetHeading(dataset), rows.join("") + labels(dataset));
}

function labels(dataset: MapDataset<unknown>): string {
  if (!(dataset instanceof TextDataset) || !dataset.labelled) return "";
  const report = labelReport(dataset, dataset.labels);
  return labelBlocks({ name: "Labels", rows: dataset.length, labels: report }).map(renderBlock).join("");
}
