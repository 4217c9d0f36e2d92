/** Where both sides of a comparison begin. */
import { join } from "node:path";
import { BertForSequenceClassification, type Tokenizer } from "../../lib/index";
import { pretrainedMiniLM } from "../demo/minilm";

/** A model folder to start from: pretrained encoder, fresh head under the seed, tokenizer. */
export async function initialFolder(
  work: string,
  labels: readonly string[],
  tokenizer: Tokenizer,
  seed: number,
): Promise<string> {
  const folder = join(work, `initial-${seed}`);
  const model = await BertForSequenceClassification.fromPretrained(await pretrainedMiniLM(), {
    labels,
    seed,
    device: "cpu",
  });
  await model.save(folder, { tokenizer });
  model.dispose();
  return folder;
}
