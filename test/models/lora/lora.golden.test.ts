/** LoRA adapters against PEFT: `scripts/golden/lora.py` wrote what is expected here. */
import { expect } from "chai";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BertForSequenceClassification } from "../../../lib/models/bert-for-sequence-classification";
import type { LoraConfig } from "../../../lib/models/lora/lora-config";
import { AdamW } from "../../../lib/optim/adamw";
import { clipGradNorm } from "../../../lib/optim/clip-grad-norm";
import { decayGroups } from "../../../lib/optim/decay-groups";
import { LinearSchedule } from "../../../lib/optim/schedules/linear";
import { manualSeed } from "../../../lib/tensor/device";
import { scope } from "../../../lib/tensor/scope";
import type { Tensor } from "../../../lib/tensor/tensor";
import {
  drawsLike,
  float32,
  GOLDEN,
  type GoldenBatch,
  largestDifference,
  largestMagnitude,
  readGolden,
  readSafetensors,
  skipForDraws,
  type StoredTensor,
  toBatch,
  writeSafetensors,
} from "../../support/golden";
import { inFolder } from "../../support/tiny-bert";

interface Adapter {
  readonly name: string;
  /** As PEFT's `LoraConfig` takes them. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly trained: Readonly<Record<string, readonly number[]>>;
  readonly logits: readonly number[][];
  readonly loss: number;
  readonly merged: readonly number[][];
  readonly losses: readonly number[];
  readonly lossesWithDropout?: readonly number[];
}

interface Golden {
  readonly dropoutSeed: number;
  readonly dropoutProbe: readonly number[];
  readonly initialSeed: number;
  readonly learningRate: number;
  readonly batch: GoldenBatch;
  readonly batches: readonly GoldenBatch[];
  readonly adapters: readonly Adapter[];
}

const golden = readGolden<Golden>("lora.json");
const tensors = readSafetensors(join(GOLDEN, "lora.tensors.safetensors"));
const folderOf = (name: string): string => join(GOLDEN, "lora", name);

/** Tensors of one kind of one adapter, by the parameters' names. */
function expected(kind: string, adapter: string): Map<string, Float32Array> {
  const prefix = `${kind}/${adapter}/`;
  return new Map(
    [...tensors].flatMap(([name, stored]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), float32(stored)] as const] : [],
    ),
  );
}

async function withModel(work: (model: BertForSequenceClassification) => Promise<void>): Promise<void> {
  const model = await BertForSequenceClassification.fromPretrained(join(GOLDEN, "bert"), { device: "cpu" });
  try {
    model.eval();
    await work(model);
  } finally {
    model.dispose();
  }
}

const trainable = (model: BertForSequenceClassification): Map<string, Tensor> =>
  new Map(model.namedParameters().filter(([, { requiresGrad }]) => requiresGrad));

async function expectLogits(model: BertForSequenceClassification, theirs: readonly number[][]): Promise<void> {
  await scope(async () => {
    const { logits } = await model.forward(toBatch(golden.batch));
    expect(largestDifference(logits.toTypedArray(), theirs.flat())).to.be.at.most(
      2e-6 * largestMagnitude(theirs.flat()),
    );
  });
}

/** The steps go about 0.02 far. */
function meanDifference(ours: Float32Array, theirs: ArrayLike<number>): number {
  if (ours.length !== theirs.length) return Infinity;
  return ours.reduce((sum, value, i) => sum + Math.abs(value - (theirs[i] as number)), 0) / ours.length;
}

/** Losses of the golden steps, as `reference.py` takes them. */
async function train(model: BertForSequenceClassification): Promise<number[]> {
  const losses: number[] = [];
  using optimizer = new AdamW(decayGroups(model, 0.01), { lr: golden.learningRate });
  const schedule = new LinearSchedule(optimizer, { warmupSteps: 0, totalSteps: golden.batches.length });
  manualSeed(golden.dropoutSeed);
  for (const batch of golden.batches) {
    await scope(async () => {
      const { loss } = await model.forward(toBatch(batch));
      await loss.backward();
      await clipGradNorm(model.parameters(), 1);
      await optimizer.step();
      schedule.step();
      optimizer.zeroGrad();
      losses.push(Number(loss.item()));
    });
  }
  return losses;
}

/** Options under the names that they have here. */
function camelCase(options: Readonly<Record<string, unknown>>): LoraConfig {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );
}

describe("LoRA against PEFT", () => {
  for (const {
    name,
    options,
    trained,
    logits,
    loss: theirLoss,
    merged,
    losses,
    lossesWithDropout,
  } of golden.adapters) {
    describe(name, () => {
      it("an adapter that PEFT saved computes the same logits and loss, and is trained in the same parameters", () =>
        withModel(async (model) => {
          await model.loadAdapter(folderOf(name));
          expect(model.training).to.equal(false);
          await expectLogits(model, logits);
          expect(Object.fromEntries([...trainable(model)].map(([key, { shape }]) => [key, shape]))).to.deep.equal(
            trained,
          );
          await scope(async () =>
            expect(Number((await model.forward(toBatch(golden.batch))).loss.item())).to.be.closeTo(
              theirLoss,
              2e-6 * theirLoss,
            ),
          );
        }));

      it("its gradients are the same, and nothing else gets one", () =>
        withModel(async (model) => {
          await model.loadAdapter(folderOf(name));
          await scope(async () => {
            const { loss } = await model.forward(toBatch(golden.batch));
            await loss.backward();
            const theirs = expected("gradient", name);
            for (const [key, { grad }] of model.namedParameters()) {
              const gradient = theirs.get(key);
              expect(grad === undefined, key).to.equal(gradient === undefined);
              if (gradient) {
                expect(largestDifference(grad?.toTypedArray() ?? [], gradient), key).to.be.at.most(
                  Math.max(1e-7, 1e-5 * largestMagnitude(gradient)),
                );
              }
            }
          });
        }));

      it("merged, it computes what PEFT's merged model computes", () =>
        withModel(async (model) => {
          await model.loadAdapter(folderOf(name));
          await model.mergeAdapter();
          await expectLogits(model, merged);
        }));

      it(`takes the same ${losses.length} steps`, () =>
        withModel(async (model) => {
          await model.loadAdapter(folderOf(name));
          (await train(model)).forEach((loss, step) =>
            expect(loss, `loss of step ${step}`).to.be.closeTo(losses[step] as number, 1e-5 * (losses[step] as number)),
          );
          const theirs = expected("after", name);
          for (const [key, parameter] of trainable(model)) {
            // A key's bias has no gradient but for rounding, which Adam divides by its own size; elsewhere single
            // elements may have none.
            if (!key.endsWith("key.bias")) {
              expect(
                meanDifference(parameter.toTypedArray() as Float32Array, theirs.get(key) ?? []),
                key,
              ).to.be.at.most(2e-5);
            }
          }
        }));

      if (lossesWithDropout) {
        it("takes the same steps under the same dropout", async function () {
          manualSeed(golden.dropoutSeed);
          if (!drawsLike(golden.dropoutProbe)) skipForDraws(this);
          await withModel(async (model) => {
            await model.loadAdapter(folderOf(name));
            model.train();
            (await train(model)).forEach((loss, step) =>
              expect(loss, `loss of step ${step}`).to.be.closeTo(
                lossesWithDropout[step] as number,
                1e-5 * (lossesWithDropout[step] as number),
              ),
            );
          });
        });
      }

      it("a new one draws PEFT's first values under the seed", () =>
        withModel(async (model) => {
          await model.addAdapter({ ...camelCase(options), seed: golden.initialSeed });
          const theirs = expected("initial", name);
          const ours = new Map(model.namedParameters().filter(([key]) => key.includes(".lora_")));
          expect([...ours.keys()]).to.have.members([...theirs.keys()]);
          for (const [key, tensor] of ours) {
            expect(largestDifference(tensor.toTypedArray(), theirs.get(key) ?? []), key).to.be.at.most(1e-6);
          } // the same draws, however a processor rounds them
          expect(Object.fromEntries([...trainable(model)].map(([key, { shape }]) => [key, shape]))).to.deep.equal(
            trained,
          );
        }));

      it("saved again, it is the file that PEFT saved, and says the same of itself", () =>
        withModel((model) =>
          inFolder(async (root) => {
            await model.loadAdapter(folderOf(name));
            const again = join(root, "adapter");
            await model.saveAdapter(again);
            const theirs = [...readSafetensors(join(folderOf(name), "adapter_model.safetensors"))].filter(
              ([key]) => !/original_module|modules_to_save/.test(key),
            );
            const ours = readSafetensors(join(again, "adapter_model.safetensors"));
            expect([...ours.keys()]).to.have.members(theirs.map(([key]) => key));
            for (const [key, stored] of theirs) expect(ours.get(key), key).to.deep.equal(stored);
            const config = async (folder: string): Promise<Record<string, unknown>> =>
              JSON.parse(await readFile(join(folder, "adapter_config.json"), "utf8")) as Record<string, unknown>;
            const [saved, original] = [await config(again), await config(folderOf(name))];
            expect(original).to.deep.include(saved);
          }),
        ));
    });
  }

  it("opens what old versions of PEFT saved: names without base_layer", () =>
    withModel((model) =>
      inFolder(async (root) => {
        const folder = join(root, "adapter");
        await cp(folderOf("dense"), folder, { recursive: true });
        const file = join(folder, "adapter_model.safetensors");
        writeSafetensors(
          file,
          new Map(
            [...readSafetensors(file)].map(([key, stored]): [string, StoredTensor] => [
              key.replace(".base_layer", ""),
              stored,
            ]),
          ),
        );
        await model.loadAdapter(folder);
        await expectLogits(model, golden.adapters.find(({ name }) => name === "dense")?.logits ?? []);
      }),
    ));

  it("opens an adapter that was made without a task, which has no head", () =>
    withModel((model) =>
      inFolder(async (root) => {
        const folder = join(root, "adapter");
        await cp(folderOf("query-value"), folder, { recursive: true });
        const file = join(folder, "adapter_model.safetensors");
        writeSafetensors(file, new Map([...readSafetensors(file)].filter(([key]) => !key.includes("classifier"))));
        const config = JSON.parse(await readFile(join(folder, "adapter_config.json"), "utf8")) as object;
        await writeFile(
          join(folder, "adapter_config.json"),
          JSON.stringify({ ...config, task_type: null, modules_to_save: null }),
        );
        const head = model
          .namedParameters()
          .find(([key]) => key === "classifier.weight")?.[1]
          .toArray();
        await model.loadAdapter(folder);
        expect(
          model
            .namedParameters()
            .find(([key]) => key === "classifier.weight")?.[1]
            .toArray(),
        ).to.deep.equal(head);
      }),
    ));
});
