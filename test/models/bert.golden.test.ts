/** BERT against Hugging Face's: `scripts/golden/bert.py` wrote what is expected here. */
import { expect } from "chai";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TorchwrightError } from "../../lib/errors";
import { BertForSequenceClassification } from "../../lib/models/bert-for-sequence-classification";
import { op } from "../../lib/tensor/operators";
import { scope } from "../../lib/tensor/scope";
import type { Tensor } from "../../lib/tensor/tensor";
import {
  float32,
  GOLDEN,
  type GoldenBatch,
  largestDifference,
  largestMagnitude,
  readGolden,
  readSafetensors,
  type StoredTensor,
  toBatch,
  writeSafetensors,
} from "../support/golden";
import { rejection, thrown } from "../support/rejection";
import { inFolder } from "../support/tiny-bert";

interface Case extends GoldenBatch {
  readonly name: string;
  readonly logits: readonly number[][];
  readonly loss: number;
  readonly gradients: boolean;
}

interface Golden {
  readonly cases: readonly Case[];
  readonly roundedWeights: Readonly<Record<"fp16" | "bf16", readonly number[][]>>;
  readonly activations: Readonly<Record<string, readonly number[][]>>;
}

const golden = readGolden<Golden>("bert.json");
const folder = join(GOLDEN, "bert");
const padded = golden.cases.find(({ name }) => name === "batch of 7, padded") as Case;

async function withModel<T>(
  from: string,
  work: (model: BertForSequenceClassification) => Promise<T>,
  labels?: readonly string[],
): Promise<T> {
  const model = await BertForSequenceClassification.fromPretrained(from, {
    device: "cpu",
    ...(labels && { labels, seed: 1 }),
  });
  try {
    model.eval();
    return await work(model);
  } finally {
    model.dispose();
  }
}

async function expectLogits(from: string, batch: GoldenBatch, expected: readonly number[][]): Promise<void> {
  await withModel(from, (model) =>
    scope(async () => {
      const { logits } = await model.forward(toBatch(batch));
      expect(logits.shape).to.deep.equal([expected.length, 5]);
      expect(largestDifference(logits.toTypedArray(), expected.flat())).to.be.at.most(1e-5);
    }),
  );
}

/** A copy of the golden folder whose weights or config are changed. */
async function variant(
  target: string,
  change: { weights?: ReadonlyMap<string, StoredTensor>; config?: object },
): Promise<string> {
  await cp(folder, target, { recursive: true });
  if (change.weights) writeSafetensors(join(target, "model.safetensors"), change.weights);
  if (change.config) {
    const config = JSON.parse(await readFile(join(folder, "config.json"), "utf8")) as object;
    await writeFile(join(target, "config.json"), JSON.stringify({ ...config, ...change.config }));
  }
  return target;
}

const weights = (): Map<string, StoredTensor> => readSafetensors(join(folder, "model.safetensors"));

describe("BertForSequenceClassification against PyTorch", () => {
  for (const one of golden.cases) {
    it(`gives the same logits and loss: ${one.name}`, async () => {
      await withModel(folder, (model) =>
        scope(async () => {
          const { logits, loss } = await model.forward(toBatch(one));
          expect(logits.shape).to.deep.equal([one.logits.length, 5]);
          expect(largestDifference(logits.toTypedArray(), one.logits.flat())).to.be.at.most(1e-5);
          expect(Number(loss.item())).to.be.closeTo(one.loss, 1e-5 * one.loss);
        }),
      );
    });
  }

  for (const one of golden.cases.filter(({ gradients }) => gradients)) {
    it(`gives every parameter the same gradient: ${one.name}`, async () => {
      const expected = readSafetensors(join(GOLDEN, "bert.gradients.safetensors"));
      await withModel(folder, (model) =>
        scope(async () => {
          const { loss } = await model.forward(toBatch(one));
          await loss.backward();
          const names = model.namedParameters().map(([name]) => name);
          expect(names).to.have.members([...weights().keys()]);
          for (const [name, parameter] of model.namedParameters()) {
            const theirs = float32(expected.get(`${one.name}/${name}`) as StoredTensor);
            // Relative to the parameter's largest: single elements may be sums that cancel.
            const limit = Math.max(1e-7, 1e-5 * largestMagnitude(theirs));
            expect(largestDifference(parameter.grad?.toTypedArray() ?? [], theirs), name).to.be.at.most(limit);
          }
        }),
      );
    });
  }

  it("gives the same logits and no loss without labels", async () => {
    await withModel(folder, (model) =>
      scope(async () => {
        const { labels: _labels, ...batch } = toBatch(padded);
        const output = await model.forward(batch);
        thrown(() => output.loss, "ERR_INVALID_ARG");
        expect(largestDifference(output.logits.toTypedArray(), padded.logits.flat())).to.be.at.most(1e-5);
      }),
    );
  });

  it("gives the same logits from embeddings in place of ids", async () => {
    await withModel(folder, (model) =>
      scope(async () => {
        const { inputIds, ...batch } = toBatch(padded);
        const [, table] = model.namedParameters().find(([name]) => name.endsWith("word_embeddings.weight")) as [
          string,
          Tensor,
        ];
        const inputsEmbeds = op("embedding", [table, inputIds]) as Tensor; // [B, T, hidden]
        const { logits } = await model.forward({ ...batch, inputsEmbeds });
        expect(largestDifference(logits.toTypedArray(), padded.logits.flat())).to.be.at.most(1e-5);
      }),
    );
  });

  for (const [activation, logits] of Object.entries(golden.activations)) {
    it(`obeys or refuses hidden_act ${activation}`, async () => {
      await inFolder(async (work) => {
        const changed = await variant(join(work, "model"), { config: { hidden_act: activation } });
        try {
          await expectLogits(changed, padded, logits);
        } catch (error) {
          if (!(error instanceof TorchwrightError)) throw error;
          expect(error.code).to.equal("ERR_CONFIG_INVALID");
          expect(error.message).to.contain("hidden_act").and.to.contain(activation);
        }
      });
    });
  }

  for (const precision of ["fp16", "bf16"] as const) {
    it(`opens ${precision} weights as float32`, async () => {
      await inFolder(async (work) => {
        const stored = readSafetensors(join(GOLDEN, `bert.${precision}.safetensors`));
        const changed = await variant(join(work, "model"), { weights: stored });
        await withModel(changed, async (model) =>
          expect(model.parameters().map(({ dtype }) => dtype)).to.not.include.oneOf(["float16", "bfloat16"]),
        );
        await expectLogits(changed, padded, golden.roundedWeights[precision]);
      });
    });
  }

  for (const [precision, dtype] of [
    ["fp16", "float16"],
    ["bf16", "bfloat16"],
  ] as const) {
    it(`opens ${precision} weights as ${dtype} where that is asked for, bit by bit`, async () => {
      await inFolder(async (work) => {
        const stored = readSafetensors(join(GOLDEN, `bert.${precision}.safetensors`));
        const changed = await variant(join(work, "model"), { weights: stored });
        const model = await BertForSequenceClassification.fromPretrained(changed, { device: "cpu", dtype });
        expect(new Set(model.parameters().map((parameter) => parameter.dtype))).to.deep.equal(new Set([dtype]));
        await model.save(join(work, "again"));
        model.dispose();
        const again = readSafetensors(join(work, "again", "model.safetensors"));
        for (const [name, { bytes }] of stored) expect(again.get(name)?.bytes, name).to.deep.equal(bytes);
      });
    });
  }

  it("refuses fewer labels than the checkpoint's five classes, and more", async () => {
    for (const labels of [
      ["no", "yes"],
      ["a", "b", "c", "d"],
      ["a", "b", "c", "d", "e", "f"],
    ]) {
      const { message } = await rejection(
        BertForSequenceClassification.fromPretrained(folder, { labels, device: "cpu" }),
        "ERR_LABEL_COUNT",
      );
      expect(message).to.contain("has 5 classes").and.to.contain(`${labels.length} labels`);
    }
  });

  it("opens weights named gamma and beta", async () => {
    await inFolder(async (work) => {
      const renamed = new Map(
        Array.from(weights(), ([name, tensor]) => [
          name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"),
          tensor,
        ]),
      );
      await expectLogits(await variant(join(work, "model"), { weights: renamed }), padded, padded.logits);
    });
  });

  it("opens weights in shards", async () => {
    await inFolder(async (work) => {
      const all = [...weights()];
      const changed = await variant(join(work, "model"), { weights: new Map(all.slice(0, 15)) });
      const shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
      await cp(join(changed, "model.safetensors"), join(changed, shards[0] as string));
      writeSafetensors(join(changed, shards[1] as string), new Map(all.slice(15)));
      const weightMap = Object.fromEntries(all.map(([name], index) => [name, shards[index < 15 ? 0 : 1]]));
      await writeFile(
        join(changed, "model.safetensors.index.json"),
        JSON.stringify({ metadata: {}, weight_map: weightMap }),
      );
      await rm(join(changed, "model.safetensors"));
      await expectLogits(changed, padded, padded.logits);
    });
  });

  for (const pooler of [true, false]) {
    it(`opens a bare encoder ${pooler ? "with" : "without"} pooler, and draws the rest`, async () => {
      await inFolder(async (work) => {
        const encoder = new Map(
          Array.from(weights(), ([name, tensor]) => [name.replace(/^bert\./, ""), tensor] as const).filter(
            ([name]) => !name.startsWith("classifier.") && (pooler || !name.startsWith("pooler.")),
          ),
        );
        const changed = await variant(join(work, "model"), {
          weights: encoder,
          config: { architectures: ["BertModel"] },
        });
        await withModel(
          changed,
          async (model) => {
            expect(model.labels).to.deep.equal(["no", "yes"]);
            for (const [name, parameter] of model.namedParameters()) {
              const stored = encoder.get(name.replace(/^bert\./, ""));
              const values = parameter.toTypedArray() as Float32Array;
              if (stored) expect(largestDifference(values, float32(stored)), name).to.equal(0);
              else if (name.endsWith("bias")) expect(largestMagnitude(values), name).to.equal(0);
              else expect(largestMagnitude(values), name).to.be.within(1e-3, 0.2); // N(0, 0.02)
            }
          },
          ["no", "yes"],
        );
      });
    });
  }
});
