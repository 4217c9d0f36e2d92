/**
 * Our prediction tasks. Counterpart of `bench/peers/predict.py`.
 *
 * `node predict.js <folder with model/> <settings as JSON>`
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Classifier, libtorchInfo, noGrad, scope, Tensor } from "../../lib/index";
import type { PredictSettings } from "../materials";
import { serve, type Task } from "./serve";

/** Milliseconds of every one of `count` calls. */
function timed(call: () => Promise<unknown>): Task {
  return async (count) => {
    const ms: number[] = [];
    for (let i = 0; i < count; i++) {
      const started = performance.now();
      await call();
      ms.push(performance.now() - started);
    }
    return { ms };
  };
}

async function main(): Promise<void> {
  const [folder = "", json = ""] = process.argv.slice(2);
  const settings = JSON.parse(json) as PredictSettings;
  const mixed = JSON.parse(readFileSync(join(folder, "mixed.json"), "utf8")) as string[];
  const classifier = await Classifier.load(join(folder, "model"), { device: "cpu" });
  const row = (value: (id: number) => number): Tensor => Tensor.from([settings.ids.map(value)], { dtype: "int64" });
  const inputs = { inputIds: row((id) => id), attentionMask: row(() => 1), tokenTypeIds: row(() => 0) };

  await serve(
    {
      forward: timed(() => scope(async () => (await noGrad(() => classifier.model.forward(inputs))).logits.read())),
      text: timed(() => classifier.predict(settings.text)),
      many: timed(() => classifier.predict(mixed)),
    },
    { node: process.versions.node, libtorch: libtorchInfo().version },
  );
}

void main();
