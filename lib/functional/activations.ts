/** Activations: element by element, or over one dimension. Shapes in and out are the same unless said. */
import type { DType } from "../tensor/dtype";
import { callInternal } from "../tensor/operators";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import type { Optional } from "./arguments";
import { call, checkTensor, oneOf, optional } from "./arguments";

/** max(0, x). */
export function relu(input: Tensor): Tensor {
  return call("relu", input);
}

/** min(max(0, x), 6). */
export function relu6(input: Tensor): Tensor {
  return call("relu6", input);
}

/** x · Φ(x), Φ the normal distribution's function (Hendrycks and Gimpel 2016), or its approximation by tanh. */
export function gelu(input: Tensor, options: { readonly approximate?: "none" | "tanh" } = {}): Tensor {
  const { approximate } = optional("gelu", [options], { approximate: "none" });
  return callInternal("gelu", [input], {
    approximate: oneOf("gelu", "approximate", approximate, ["none", "tanh"]),
  }) as Tensor;
}

/** x · σ(x), also called swish. */
export function silu(input: Tensor): Tensor {
  return call("silu", input);
}

/** x · tanh(softplus(x)). */
export function mish(input: Tensor): Tensor {
  return call("mish", input);
}

/** x above 0, α · (eˣ − 1) below; α is 1. */
export function elu(input: Tensor, ...rest: Optional<[alpha?: number], { readonly alpha?: number }>): Tensor {
  return call("elu", input, optional("elu", rest, { alpha: 1 }).alpha);
}

/** Self-normalizing {@link elu} (Klambauer et al. 2017). */
export function selu(input: Tensor): Tensor {
  return call("selu", input);
}

/** max(0, x) + min(0, α · (e^(x/α) − 1)); α is 1. */
export function celu(input: Tensor, ...rest: Optional<[alpha?: number], { readonly alpha?: number }>): Tensor {
  return call("celu", input, optional("celu", rest, { alpha: 1 }).alpha);
}

/** x above 0, slope · x below; the slope is 0.01. */
export function leakyRelu(
  input: Tensor,
  ...rest: Optional<[negativeSlope?: number], { readonly negativeSlope?: number }>
): Tensor {
  return call("leaky_relu", input, optional("leakyRelu", rest, { negativeSlope: 0.01 }).negativeSlope);
}

/** x above 0, weight · x below; `weight` has one element, or one for each channel (dimension 1). */
export function prelu(input: Tensor, weight: Tensor): Tensor {
  return call("prelu", input, weight);
}

/** log(1 + e^(βx)) / β, and x itself where βx is above the threshold; β is 1, the threshold 20. */
export function softplus(
  input: Tensor,
  ...rest: Optional<[beta?: number, threshold?: number], { readonly beta?: number; readonly threshold?: number }>
): Tensor {
  const { beta, threshold } = optional("softplus", rest, { beta: 1, threshold: 20 });
  return call("softplus", input, beta, threshold);
}

/** 1 / (1 + e⁻ˣ). */
export function sigmoid(input: Tensor): Tensor {
  return call("sigmoid", input);
}

/** log σ(x), without underflow. */
export function logsigmoid(input: Tensor): Tensor {
  return call("log_sigmoid", input);
}

/** Hyperbolic tangent. */
export function tanh(input: Tensor): Tensor {
  return call("tanh", input);
}

/** x / (1 + |x|). */
export function softsign(input: Tensor): Tensor {
  checkTensor("softsign", input);
  return scope(() => input.div(input.abs().add(1)));
}

/** x between the two bounds, which are −1 and 1. */
export function hardtanh(
  input: Tensor,
  ...rest: Optional<[minVal?: number, maxVal?: number], { readonly minVal?: number; readonly maxVal?: number }>
): Tensor {
  const { minVal, maxVal } = optional("hardtanh", rest, { minVal: -1, maxVal: 1 });
  return call("hardtanh", input, minVal, maxVal);
}

/** x · relu6(x + 3) / 6. */
export function hardswish(input: Tensor): Tensor {
  return call("hardswish", input);
}

/** relu6(x + 3) / 6. */
export function hardsigmoid(input: Tensor): Tensor {
  return call("hardsigmoid", input);
}

/** First half of `dim` (the last one) times the sigmoid of its second half: that dimension becomes half as long. */
export function glu(input: Tensor, ...rest: Optional<[dim?: number], { readonly dim?: number }>): Tensor {
  return call("glu", input, optional("glu", rest, { dim: -1 }).dim);
}

/**
 * Exponentials along `dim` that add up to 1. With `dtype` the input is converted first, so that half precision
 * does not overflow.
 *
 * @example
 * ```ts
 * import { F, Tensor } from "torchwright";
 * const logits = Tensor.from([[1, 2], [3, 3]]);
 * console.log(F.softmax(logits, -1, { dtype: "float64" }).at(1).toArray()); // [0.5, 0.5]
 * ```
 */
export function softmax(input: Tensor, dim: number, options: { readonly dtype?: DType | null } = {}): Tensor {
  return call("softmax", input, dim, optional("softmax", [options], { dtype: null as DType | null }).dtype);
}

/** {@link softmax} of −x. */
export function softmin(input: Tensor, dim: number, options: { readonly dtype?: DType | null } = {}): Tensor {
  checkTensor("softmin", input);
  return scope(() => softmax(input.neg(), dim, options));
}

/** The logarithm of {@link softmax}, without its underflow. */
export function logSoftmax(input: Tensor, dim: number, options: { readonly dtype?: DType | null } = {}): Tensor {
  return call("log_softmax", input, dim, optional("logSoftmax", [options], { dtype: null as DType | null }).dtype);
}

/** Options of {@link gumbelSoftmax}. @inline */
export interface GumbelSoftmaxOptions {
  /** Temperature; 1. */
  readonly tau?: number;
  /** One-hot samples, whose gradient is the soft samples'; false. */
  readonly hard?: boolean;
  /** −1. */
  readonly dim?: number;
}

/** Samples from the Gumbel-softmax distribution over unnormalized log probabilities (Jang et al. 2016). */
export function gumbelSoftmax(logits: Tensor, options: GumbelSoftmaxOptions = {}): Tensor {
  const { tau, hard, dim } = optional("gumbelSoftmax", [options], { tau: 1, hard: false, dim: -1 });
  return scope(() => {
    const gumbels = call("exponential_", call("empty_like", logits)).log().neg();
    const soft = logits.add(gumbels).div(tau).softmax(dim);
    if (!hard) return soft;
    const index = soft.argmax(dim, true);
    const oneHot = call("scatter", call("zeros_like", logits), dim, index, 1);
    return oneHot.sub(soft.detach()).add(soft);
  });
}
