/** A table of vectors. */
import { describe, TorchwrightError } from "../errors";
import { checkOptions } from "../tensor/check-options";
import { ops } from "../tensor/ops";
import type { Tensor } from "../tensor/tensor";
import { checkSize } from "./check-size";
import { normal_ } from "./init";
import type { ParameterOptions } from "./make-parameter";
import { makeParameter } from "./make-parameter";
import { Module } from "./module";
import type { Parameter } from "./parameter";

/** How an embedding's table is made. */
export interface EmbeddingOptions extends ParameterOptions {
  /** A row that stays zero: it gets no gradient. Negative counts from the end. Default: none. */
  readonly paddingIdx?: number;
}

/**
 * Looks ids up in a table, as `torch.nn.Embedding`; the table is drawn from N(0, 1).
 *
 * @example
 * ```ts
 * import { nn, Tensor } from "torchwright";
 * const words = new nn.Embedding(100, 8, { paddingIdx: 0 });
 * console.log(words.forward(Tensor.from([[5n, 7n, 0n]])).shape); // [1, 3, 8]
 * ```
 */
export class Embedding extends Module {
  /** `[numEmbeddings, embeddingDim]` */
  readonly weight: Parameter;
  /** Counted from the start. */
  readonly paddingIdx: number | undefined;

  /** @throws TorchwrightError ERR_INVALID_ARG for a size that is no whole number, a `paddingIdx` outside the table */
  constructor(
    /** Rows of the table. */
    readonly numEmbeddings: number,
    /** Width of a row. */
    readonly embeddingDim: number,
    options: EmbeddingOptions = {},
  ) {
    super();
    const { paddingIdx, ...place } = checkOptions("Embedding", options, ["paddingIdx", "device", "dtype"]);
    checkSize("Embedding", "numEmbeddings", numEmbeddings);
    checkSize("Embedding", "embeddingDim", embeddingDim);
    if (
      paddingIdx !== undefined &&
      !(Number.isInteger(paddingIdx) && paddingIdx >= -numEmbeddings && paddingIdx < numEmbeddings)
    ) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `Embedding: expected paddingIdx to be a row of ${numEmbeddings}, got ${describe(paddingIdx)}`,
      );
    }
    const padding = paddingIdx !== undefined && paddingIdx < 0 ? paddingIdx + numEmbeddings : paddingIdx;
    this.paddingIdx = padding;
    this.weight = makeParameter([numEmbeddings, embeddingDim], place, (weight) => {
      normal_(weight);
      if (padding !== undefined) weight.select(0, padding).zero_();
    });
  }

  /**
   * int64 or int32 ids `[...]` → `[..., embeddingDim]`
   *
   * @throws TorchwrightError ERR_OPERATOR_FAILED for ids outside the table
   */
  forward(ids: Tensor): Tensor {
    return ops.embedding(this.weight, ids, this.paddingIdx ?? -1);
  }
}
