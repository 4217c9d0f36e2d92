/**
 * Initial values, as `torch.nn.init`: under one seed the same numbers to the bit. Every function fills the tensor in
 * place, without recording for autograd, and returns it.
 */
import { describe, TorchwrightError } from "../errors";
import { noGrad } from "../autograd/grad-mode";
import { checkOptions } from "../tensor/check-options";
import { ops } from "../tensor/ops";
import { scope } from "../tensor/scope";
import { Tensor } from "../tensor/tensor";

/** Functions that {@link calculateGain} knows, by PyTorch's names. */
export type Nonlinearity = "linear" | "sigmoid" | "tanh" | "relu" | "leaky_relu" | "selu";

/** Options of {@link kaimingUniform_} and {@link kaimingNormal_}. */
export interface KaimingOptions {
  /** Negative slope of the "leaky_relu" that follows. Default 0. */
  readonly a?: number;
  /** Keeps the variance of the forward ("fan_in", the default) or of the backward pass ("fan_out"). */
  readonly mode?: "fan_in" | "fan_out";
  /** What follows the layer. Default "leaky_relu". */
  readonly nonlinearity?: Nonlinearity;
}

/** Options of {@link truncNormal_}. */
export interface TruncNormalOptions {
  /** Default 0. */
  readonly mean?: number;
  /** Before cutting. Default 1. */
  readonly std?: number;
  /** Least value. Default −2. */
  readonly a?: number;
  /** Greatest value. Default 2. */
  readonly b?: number;
}

/** Runs `fill` with the tensor; frees what it makes beside it. */
function filled<T extends Tensor>(operation: string, tensor: T, fill: () => void): T {
  checkTensor(operation, tensor);
  scope(() => noGrad(fill));
  return tensor;
}

function checkTensor(operation: string, tensor: unknown): void {
  if (!(tensor instanceof Tensor)) throw wrong(operation, "a tensor", tensor);
}

function wrong(operation: string, expected: string, got: unknown): TorchwrightError {
  return new TorchwrightError("ERR_INVALID_ARG", `init.${operation}: expected ${expected}, got ${describe(got)}`);
}

function tooFlat(operation: string, { shape }: Tensor): TorchwrightError {
  return new TorchwrightError(
    "ERR_INVALID_ARG",
    `init.${operation}: expected a tensor of at least 2 dimensions, got [${shape.join(", ")}]`,
  );
}

/** Uniform in [a, b). */
export function uniform_<T extends Tensor>(tensor: T, a = 0, b = 1): T {
  return filled("uniform_", tensor, () => void tensor.uniform_(a, b));
}

/** N(mean, std²). */
export function normal_<T extends Tensor>(tensor: T, mean = 0, std = 1): T {
  return filled("normal_", tensor, () => void tensor.normal_(mean, std));
}

/** Every element the same. */
export function constant_<T extends Tensor>(tensor: T, value: number): T {
  return filled("constant_", tensor, () => void tensor.fill_(value));
}

/** Every element 1. */
export function ones_<T extends Tensor>(tensor: T): T {
  return constant_(tensor, 1);
}

/** Every element 0. */
export function zeros_<T extends Tensor>(tensor: T): T {
  return constant_(tensor, 0);
}

/**
 * N(mean, std²) cut to [a, b], by rejection as PyTorch does it: from the normal distribution where more than 0.3 of
 * it lies inside, else from the uniform one.
 *
 * @throws TorchwrightError ERR_INVALID_ARG unless std > 0 and a < b
 */
export function truncNormal_<T extends Tensor>(tensor: T, options: TruncNormalOptions = {}): T {
  const { mean = 0, std = 1, a = -2, b = 2 } = checkOptions("init.truncNormal_", options, ["mean", "std", "a", "b"]);
  if (!(std > 0)) throw wrong("truncNormal_", "std above 0", std);
  if (!(a < b)) throw wrong("truncNormal_", "a below b", a);
  return filled("truncNormal_", tensor, () => {
    const share = normalCdf((b - mean) / std) - normalCdf((a - mean) / std);
    if (share > 0.3) drawInside(tensor, mean, std, a, b);
    else drawAccepted(tensor, mean, std, a, b);
  });
}

function drawInside(tensor: Tensor, mean: number, std: number, a: number, b: number): void {
  // As the tensor's dtype holds them.
  const [low, high] = [a, b].map((bound) => Number(Tensor.from(bound, { dtype: tensor.dtype }).item())) as [
    number,
    number,
  ];
  let drawn = tensor.normal_(mean, std);
  for (;;) {
    const outside = drawn.lt(low).logicalOr(drawn.gt(high));
    if (!outside.any().item()) break;
    drawn = ops.where(outside, ops.emptyLike(drawn).normal_(mean, std), drawn);
  }
  tensor.copy_(drawn);
}

function drawAccepted(tensor: Tensor, mean: number, std: number, a: number, b: number): void {
  const mode = Math.max(a, Math.min(mean, b));
  const peak = -0.5 * ((mode - mean) / std) ** 2;
  const refused = (drawn: Tensor): Tensor => {
    const density = drawn.clone().sub_(mean).div_(std).pow_(2).mul_(-0.5).sub_(peak); // logarithm, 0 at its peak
    return ops.emptyLike(drawn).uniform_().log_().gt(density);
  };
  let drawn = tensor.uniform_(a, b);
  let pending = refused(drawn);
  while (pending.any().item()) {
    const again = ops.emptyLike(tensor).uniform_(a, b);
    drawn = ops.where(pending, again, drawn);
    pending = ops.where(pending, refused(again), pending);
  }
  tensor.copy_(drawn);
}

function normalCdf(x: number): number {
  return (
    (1 +
      Number(
        Tensor.from(x / Math.sqrt(2), { dtype: "float64" })
          .erf()
          .item(),
      )) /
    2
  );
}

/** Inputs and outputs that one element of the result, or of the gradient, is summed over: `[out, in, ...kernel]`. */
export function fans(tensor: Tensor): {
  /** Inputs of each output. */
  readonly fanIn: number;
  /** Outputs of each input. */
  readonly fanOut: number;
} {
  checkTensor("fans", tensor);
  const [outputs, inputs, ...kernel] = tensor.shape;
  if (outputs === undefined || inputs === undefined) throw tooFlat("fans", tensor);
  const field = kernel.reduce((product, size) => product * size, 1);
  return { fanIn: inputs * field, fanOut: outputs * field };
}

/**
 * What a nonlinearity needs the deviation to be multiplied by, as `torch.nn.init.calculate_gain`.
 *
 * @param slope of "leaky_relu"; default 0.01
 * @throws TorchwrightError ERR_INVALID_ARG for one that is not known
 */
export function calculateGain(nonlinearity: Nonlinearity, slope = 0.01): number {
  switch (nonlinearity) {
    case "linear":
    case "sigmoid":
      return 1;
    case "tanh":
      return 5 / 3;
    case "relu":
      return Math.sqrt(2);
    case "leaky_relu":
      return Math.sqrt(2 / (1 + slope ** 2));
    case "selu":
      return 3 / 4;
    default:
      throw wrong("calculateGain", "linear, sigmoid, tanh, relu, leaky_relu or selu", nonlinearity);
  }
}

/**
 * Source: Glorot & Bengio, 2010: uniform within ± gain · √(6 / (fan in + fan out)). At least 2 dimensions.
 *
 * @example
 * ```ts
 * import { nn } from "torchwright";
 * const layer = new nn.Linear(8, 8);
 * nn.init.xavierUniform_(layer.weight, nn.init.calculateGain("tanh"));
 * if (layer.bias) nn.init.zeros_(layer.bias);
 * ```
 */
export function xavierUniform_<T extends Tensor>(tensor: T, gain = 1): T {
  const bound = Math.sqrt(3) * xavierDeviation(tensor, gain);
  return uniform_(tensor, -bound, bound);
}

/** Source: Glorot & Bengio, 2010: N(0, gain² · 2 / (fan in + fan out)). At least 2 dimensions. */
export function xavierNormal_<T extends Tensor>(tensor: T, gain = 1): T {
  return normal_(tensor, 0, xavierDeviation(tensor, gain));
}

function xavierDeviation(tensor: Tensor, gain: number): number {
  const { fanIn, fanOut } = fans(tensor);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
}

/** Source: He et al., 2015: uniform within ± gain · √(3 / fan). At least 2 dimensions. */
export function kaimingUniform_<T extends Tensor>(tensor: T, options: KaimingOptions = {}): T {
  checkTensor("kaimingUniform_", tensor);
  if (tensor.numel === 0) return tensor;
  const bound = Math.sqrt(3) * kaimingDeviation(tensor, options);
  return uniform_(tensor, -bound, bound);
}

/** Source: He et al., 2015: N(0, gain² / fan). At least 2 dimensions. */
export function kaimingNormal_<T extends Tensor>(tensor: T, options: KaimingOptions = {}): T {
  checkTensor("kaimingNormal_", tensor);
  if (tensor.numel === 0) return tensor;
  return normal_(tensor, 0, kaimingDeviation(tensor, options));
}

function kaimingDeviation(
  tensor: Tensor,
  { a = 0, mode = "fan_in", nonlinearity = "leaky_relu" }: KaimingOptions,
): number {
  if (mode !== "fan_in" && mode !== "fan_out") throw wrong("kaiming", 'mode "fan_in" or "fan_out"', mode);
  const { fanIn, fanOut } = fans(tensor);
  return calculateGain(nonlinearity, a) / Math.sqrt(mode === "fan_in" ? fanIn : fanOut);
}

/**
 * A (semi-)orthogonal matrix times `gain`; dimensions after the first count as one. At least 2 dimensions.
 *
 * Source: Saxe, McClelland & Ganguli, 2013; signs as Mezzadri, 2007.
 */
export function orthogonal_<T extends Tensor>(tensor: T, gain = 1): T {
  checkTensor("orthogonal_", tensor);
  if (tensor.shape.length < 2) throw tooFlat("orthogonal_", tensor);
  return filled("orthogonal_", tensor, () => {
    if (tensor.numel === 0) return;
    const rows = tensor.shape[0] ?? 0;
    const columns = tensor.numel / rows;
    const drawn = ops.empty([rows, columns], { dtype: tensor.dtype, device: tensor.device }).normal_(0, 1);
    const [q, r] = ops.linalgQr(rows < columns ? drawn.t() : drawn);
    const signed = q.mul(r.diagonal().sign()); // uniform over the orthogonal matrices
    tensor.copy_((rows < columns ? signed.t() : signed).reshape(tensor.shape));
    tensor.mul_(gain);
  });
}
