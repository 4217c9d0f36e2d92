/** `torch.nn.functional`. */
import * as activations from "./activations";
import * as attention from "./attention";
import * as convolution from "./convolution";
import * as layers from "./layers";
import * as losses from "./losses";
import * as normalization from "./normalization";
import * as pooling from "./pooling";
import * as resizing from "./resizing";

/**
 * `torch.nn.functional` under its own names in camelCase: what a network is made of, without state.
 *
 * Required arguments stand in PyTorch's order; optional ones follow by place where PyTorch's users pass them so,
 * or by name in a trailing object, with PyTorch's defaults. A name that a function does not have is an error.
 *
 * @example
 * ```ts
 * import { F, ops, Tensor } from "torchwright";
 * const x = ops.randn([4, 8]); // [batch, in]
 * const weight = ops.randn([3, 8]);
 * weight.requiresGrad = true;
 * const logits = F.linear(F.dropout(F.gelu(x), 0.1), weight); // [batch, classes]
 * await F.crossEntropy(logits, Tensor.from([0n, 2n, 1n, 1n])).backward();
 * ```
 * @namespace
 */
export const F = {
  ...activations,
  ...attention,
  ...convolution,
  ...layers,
  ...losses,
  ...normalization,
  ...pooling,
  ...resizing,
} as const;
