/**
 * Keys of config.json that change the computation, each seen in it: by a formula beside the test, or by what is random.
 */
import { expect } from "chai";
import { ops } from "../../lib/tensor/ops";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { LABELS, tinyBert } from "../support/tiny-bert";

const ids = (rows: number[][]): Tensor => Tensor.from(rows, { dtype: "int64" });
const BATCH = [
  [2, 7, 8, 3],
  [2, 9, 3, 0],
];

describe("a BERT's configuration", () => {
  it("switches the head's dropout off with classifier_dropout 0, whatever hidden_dropout_prob is", async () => {
    const headDraws = async (config: object): Promise<boolean> => {
      const model = tinyBert(LABELS, { hidden_dropout_prob: 0.5, ...config });
      model.train();
      using encoder = model.part("bert");
      encoder.eval(); // only the head's dropout is left
      const draw = (): Promise<string> =>
        scope(async () => JSON.stringify((await model.forward({ inputIds: ids(BATCH) })).logits.toArray()));
      const different = (await draw()) !== (await draw());
      model.dispose();
      return different;
    };
    expect(await headDraws({ classifier_dropout: null })).to.equal(true);
    expect(await headDraws({ classifier_dropout: 0.5 })).to.equal(true);
    expect(await headDraws({ classifier_dropout: 0 })).to.equal(false);
  });

  it("obeys layer_norm_eps: (x − mean) / √(variance + eps)", () =>
    scope(async () => {
      for (const eps of [1e-12, 0.5]) {
        const model = tinyBert(LABELS, { layer_norm_eps: eps });
        model.eval();
        const parameter = (name: string): number[][] =>
          model
            .namedParameters()
            .find(([path]) => path === `bert.embeddings.${name}.weight`)?.[1]
            .toArray() as number[][];
        const row = (name: string, index: number): number[] => parameter(name)[index] as number[];
        const x = row("word_embeddings", 7).map(
          (value, i) =>
            value + (row("position_embeddings", 0)[i] as number) + (row("token_type_embeddings", 0)[i] as number),
        );
        const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
        const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
        using embeddings = model.part("bert.embeddings");
        const found = ((await embeddings.forward([ids([[7]])])) as Tensor).toTypedArray() as Float32Array;
        found.forEach((value, i) =>
          expect(value).to.be.closeTo(((x[i] as number) - mean) / Math.sqrt(variance + eps), 1e-5),
        );
        model.dispose();
      }
    }));

  it("obeys hidden_act tanh, silu and its other name swish", () =>
    scope(async () => {
      const silu = (x: number): number => x / (1 + Math.exp(-x));
      for (const [hidden_act, formula] of [
        ["tanh", Math.tanh],
        ["silu", silu],
        ["swish", silu],
      ] as const) {
        const model = tinyBert(LABELS, { hidden_act });
        using intermediate = model.part("bert.encoder.layer.0.intermediate");
        using dense = intermediate.submodule("dense");
        const hidden = ops.randn([3, 32]).mul(10);
        const before = ((await dense.forward([hidden])) as Tensor).toTypedArray() as Float32Array;
        const after = ((await intermediate.forward([hidden])) as Tensor).toTypedArray() as Float32Array;
        after.forEach((value, i) => expect(value, hidden_act).to.be.closeTo(formula(before[i] as number), 1e-5));
        model.dispose();
      }
    }));
});
