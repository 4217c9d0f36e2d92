/** Attention. */
import { callInternal } from "../tensor/operators";
import type { Tensor } from "../tensor/tensor";
import type { Optional } from "./arguments";
import { optional } from "./arguments";

/** Options of {@link scaledDotProductAttention}. @inline */
export interface AttentionOptions {
  /** bool `[…, T, S]`, true where a query may look; or a tensor that is added to the scores. */
  readonly attnMask?: Tensor | null;
  /** 0. Applied always: pass 0 outside of training. */
  readonly dropoutP?: number;
  /** No query looks beyond its own place; false. Not together with `attnMask`. */
  readonly isCausal?: boolean;
  /** Factor of the scores; 1 / √E. */
  readonly scale?: number | null;
  /** Fewer key and value heads than query heads; false. */
  readonly enableGqa?: boolean;
}

/**
 * softmax(Q · Kᵀ · scale + mask) · V (Vaswani et al. 2017), by the fastest kernel that the device has.
 *
 * @param query `[batch, …, T, E]`
 * @param key `[batch, …, S, E]`
 * @param value `[batch, …, S, V]` → `[batch, …, T, V]`
 *
 * @example
 * ```ts
 * import { F, ops } from "torchwright";
 * const q = ops.randn([1, 2, 4, 8]); // [batch, heads, T, E]
 * console.log(F.scaledDotProductAttention(q, q, q, { isCausal: true }).shape); // [1, 2, 4, 8]
 * ```
 */
export function scaledDotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  ...rest: Optional<[attnMask?: Tensor | null, dropoutP?: number, isCausal?: boolean], AttentionOptions>
): Tensor {
  const defaults = {
    attnMask: null as Tensor | null,
    dropoutP: 0,
    isCausal: false,
    scale: null as number | null,
    enableGqa: false,
  };
  const { attnMask, dropoutP, isCausal, scale, enableGqa } = optional("scaledDotProductAttention", rest, defaults);
  return callInternal("scaled_dot_product_attention", [query, key, value, attnMask, dropoutP, isCausal], {
    scale,
    enableGqa,
  }) as Tensor;
}
