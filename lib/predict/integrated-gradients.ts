/**
 * Integrated gradients over word embeddings: how much of a logit each token's meaning accounts for.
 *
 * Source: Sundararajan, Taly & Yan, *Axiomatic Attribution for Deep Networks*, 2017; Captum's `IntegratedGradients`
 * with its default method "gausslegendre" and, as in its recipes for BERT, a baseline of padding tokens between the
 * special tokens.
 */
import { enableGrad } from "../autograd/grad-mode";
import { TorchwrightError } from "../errors";
import type { TextClassifier } from "../models/model";
import { grad } from "../tensor/backward";
import { ops } from "../tensor/ops";
import { scope } from "../tensor/scope";
import { Tensor } from "../tensor/tensor";
import type { Encoding } from "../text/tokenizer";
import type { Quadrature } from "./gauss-legendre";

/** The straight way from a baseline's embeddings to a text's, all `[1, sequence, hidden]`. */
interface Path {
  readonly baseline: Tensor;
  /** The text's embeddings less the baseline's. */
  readonly difference: Tensor;
  /** int64 `[1, sequence]`. */
  readonly typeIds: Tensor;
}

/** The part of an encoding that attributions need. */
export type SpecialEncoding = Pick<Encoding, "ids" | "typeIds"> & Required<Pick<Encoding, "specialTokensMask">>;

export class IntegratedGradients {
  readonly #model: TextClassifier;
  /** Word embeddings `[vocabulary, hidden]`. */
  readonly #weight: Tensor;
  readonly #padTokenId: number;

  /** @throws TorchwrightError ERR_INVALID_ARG for a model whose word embeddings are not known */
  constructor(model: TextClassifier, padTokenId: number) {
    const weight = model.namedParameters().find(([name]) => /(?:^|\.)word_embeddings\.weight$/.test(name))?.[1];
    if (!weight) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        'explain: expected a model with a parameter named "…word_embeddings.weight", along which attributions are computed, got one without',
      );
    }
    this.#model = model;
    this.#weight = weight;
    this.#padTokenId = padTokenId;
  }

  /** Logits of the baseline and of the text itself, `[classes]` each. */
  async scores(encoding: SpecialEncoding): Promise<readonly [baseline: Float32Array, text: Float32Array]> {
    const values = await scope(async () => {
      const path = this.#path(encoding);
      const { logits } = await this.#forward(path, this.#between(path, Float64Array.of(0, 1)));
      return (await logits.detach().to({ dtype: "float32" }).read()) as Float32Array; // [2, classes]
    });
    const classes = values.length / 2;
    return [values.subarray(0, classes), values.subarray(classes)];
  }

  /**
   * The share of each token in the difference of a class's logit between text and baseline, `[sequence]`.
   *
   * @param rows points of the way that go through the model at once
   */
  async attributions(
    encoding: SpecialEncoding,
    classId: number,
    { points, weights }: Quadrature,
    rows: number,
    signal?: AbortSignal,
  ): Promise<Float32Array> {
    return scope(async () => {
      const path = this.#path(encoding);
      let sum = ops.zerosLike(path.difference); // [1, T, H]
      for (let start = 0; start < points.length; start += rows) {
        signal?.throwIfAborted();
        sum = await scope(async () => {
          const slopes = await this.#slopes(path, points.subarray(start, start + rows), classId); // [R, T, H]
          return sum.add(slopes.mul(this.#column(weights.subarray(start, start + rows))).sum([0], true));
        });
      }
      return (await sum.mul(path.difference).sum([0, 2]).to({ dtype: "float32" }).read()) as Float32Array; // [T]
    });
  }

  /** Gradients of a class's logit at points of the way, `[points, sequence, hidden]`; parameters get none. */
  #slopes(path: Path, points: Float64Array, classId: number): Promise<Tensor> {
    return enableGrad(async () => {
      const inputs = this.#between(path, points);
      inputs.requiresGrad = true;
      const { logits } = await this.#forward(path, inputs);
      const [slopes] = await grad(logits.select(1, classId).sum(), inputs);
      return slopes as Tensor;
    });
  }

  #path({ ids, typeIds, specialTokensMask }: SpecialEncoding): Path {
    const { device } = this.#model;
    const embed = (tokens: Int32Array): Tensor => {
      const tensor = Tensor.from(tokens, { shape: [1, tokens.length], dtype: "int64", device });
      return ops.embedding(this.#weight.detach(), tensor); // [1, T, H]
    };
    const baseline = embed(ids.map((id, at) => (specialTokensMask[at] === 1 ? id : this.#padTokenId)));
    return {
      baseline,
      difference: embed(ids).sub(baseline),
      typeIds: Tensor.from(Int32Array.from(typeIds), { shape: [1, ids.length], dtype: "int64", device }),
    };
  }

  /** Embeddings at points of the way, `[points, sequence, hidden]`. */
  #between({ baseline, difference }: Path, points: Float64Array): Tensor {
    return baseline.add(difference.mul(this.#column(points)));
  }

  /** Numbers as `[numbers, 1, 1]`. */
  #column(values: Float64Array): Tensor {
    return Tensor.from(values, { shape: [values.length, 1, 1], device: this.#model.device }).to({
      dtype: this.#weight.dtype,
    });
  }

  #forward({ typeIds }: Path, inputsEmbeds: Tensor): ReturnType<TextClassifier["forward"]> {
    const [rows = 0, length = 0] = inputsEmbeds.shape;
    return this.#model.forward({
      inputsEmbeds,
      attentionMask: ops.ones([rows, length], { dtype: "int64", device: inputsEmbeds.device }),
      tokenTypeIds: typeIds.expand([rows, length]),
    });
  }
}
