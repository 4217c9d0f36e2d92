/** What the command line's tests, and the examples of its documentation, find around them. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tinyBert, tinyData, writeTokenizer } from "./tiny-bert";

/** A model in `minilm`, and `tickets.csv` of 60 rows with the columns body, queue and customer. */
export async function fillFolder(folder: string): Promise<void> {
  const model = tinyBert();
  await model.save(join(folder, "minilm"));
  model.dispose();
  await writeTokenizer(join(folder, "minilm"));
  const rows = Array.from(tinyData(60), ({ text, label }, i) => `"${String(text)}",${label as string},${i % 7}`);
  await writeFile(join(folder, "tickets.csv"), `body,queue,customer\n${rows.join("\n")}\n`);
}

/** Flags that read it. */
export const COLUMNS = ["--text", "body", "--label", "queue"];
