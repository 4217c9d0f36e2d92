/** Compares gradients with finite differences: the test for an operator, a loss or a layer of one's own. */
import { describe, TorchwrightError } from "../errors";
import { grad } from "../tensor/backward";
import { op } from "../tensor/operators";
import { scope } from "../tensor/scope";
import { Tensor } from "../tensor/tensor";
import { enableGrad, noGrad } from "./grad-mode";

/** Options of {@link gradcheck}; the defaults are those of `torch.autograd.gradcheck`. */
export interface GradcheckOptions {
  /** Step of the central differences. Default 1e-6. */
  readonly eps?: number;
  /** Default 1e-5. */
  readonly atol?: number;
  /** Default 1e-3. */
  readonly rtol?: number;
  /**
   * Compares one projection of each Jacobian instead of every element. Left out, it is done where inputs or outputs
   * have more than 1,000 elements, since all of them cost two calls for each input's and one backward for each
   * output's.
   */
  readonly fastMode?: boolean;
}

/** What gradcheck calls: tensors in, a tensor or several out. */
export type Differentiable = (...inputs: Tensor[]) => Tensor | readonly Tensor[] | Promise<Tensor | readonly Tensor[]>;

const LARGE = 1000;

/** An output that requires grad, and its place among the outputs; a complex one as pairs of real numbers. */
interface Output {
  readonly index: number;
  readonly tensor: Tensor;
}

/** An input that requires grad: its place, a leaf with its values, and the values themselves. */
interface Input {
  readonly index: number;
  readonly leaf: Tensor;
  readonly values: Float64Array;
}

interface Tolerance {
  readonly atol: number;
  readonly rtol: number;
}

/**
 * Whether the gradients of `fn` are those that central differences give, as `torch.autograd.gradcheck`:
 * |analytical − numerical| ≤ atol + rtol · |numerical| for every output and every input that requires grad.
 * `fn` gets copies of these, so that neither the inputs nor their gradients change; the copies from which
 * differences are taken are contiguous.
 *
 * Inputs that require grad are float64 of any shape; complex ones are not supported, complex outputs are.
 * `fn` must give the same for the same inputs, and must not change its inputs in place.
 *
 * @returns true
 * @throws TorchwrightError ERR_GRADIENT_MISMATCH where they differ, with the places and both values; ERR_INVALID_ARG
 *   unless an input requires grad and all that do are float64; ERR_NO_GRAD_HISTORY where no output requires grad
 *
 * @example
 * ```ts
 * import { gradcheck, Tensor } from "torchwright";
 * const x = Tensor.from([0.5, -1, 2], { dtype: "float64", requiresGrad: true });
 * console.log(await gradcheck((input) => input.tanh().mul(input), [x])); // true
 * ```
 */
export async function gradcheck(
  fn: Differentiable,
  inputs: readonly Tensor[],
  options: GradcheckOptions = {},
): Promise<true> {
  const { eps = 1e-6, atol = 1e-5, rtol = 1e-3 } = options;
  checkInputs(inputs);
  await scope(async () => {
    const checked = inputs.flatMap((tensor, index): Input[] => (tensor.requiresGrad ? [toInput(tensor, index)] : []));
    const call = async (arrays: readonly Tensor[]): Promise<Output[]> =>
      differentiable(
        await fn(
          ...inputs.map((tensor, index) => arrays[checked.findIndex((input) => input.index === index)] ?? tensor),
        ),
      );
    const outputs = (await enableGrad(() => call(checked.map(({ leaf }) => leaf)))).filter(
      ({ tensor }) => tensor.requiresGrad,
    );
    if (outputs.length === 0) {
      throw new TorchwrightError("ERR_NO_GRAD_HISTORY", "gradcheck: expected an output that requires grad, got none");
    }
    const at = differencesOf(call, checked, outputs);
    const large = [...checked.map(({ leaf }) => leaf), ...outputs.map(({ tensor }) => tensor)].some(
      ({ numel }) => numel > LARGE,
    );
    await ((options.fastMode ?? large) ? compareProjections : compareJacobians)(checked, outputs, at, eps, {
      atol,
      rtol,
    });
  });
  return true;
}

function checkInputs(inputs: readonly Tensor[]): void {
  if (!Array.isArray(inputs) || !inputs.every((input) => input instanceof Tensor)) {
    throw new TorchwrightError("ERR_INVALID_ARG", `gradcheck: expected a list of tensors, got ${describe(inputs)}`);
  }
  const checked = (inputs as readonly Tensor[]).filter(({ requiresGrad }) => requiresGrad);
  if (checked.length === 0) {
    throw new TorchwrightError("ERR_INVALID_ARG", "gradcheck: expected an input that requires grad, got none");
  }
  for (const { dtype } of checked) {
    if (dtype !== "float64") {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `gradcheck: expected inputs of float64 where they require grad, got ${dtype}`,
      );
    }
  }
}

function toInput(tensor: Tensor, index: number): Input {
  const leaf = noGrad(() => op("clone", [op("detach", [tensor])])) as Tensor; // keeps a transposed tensor's strides
  leaf.requiresGrad = true;
  return { index, leaf, values: Float64Array.from(leaf.toTypedArray() as Float64Array) };
}

function differentiable(result: Tensor | readonly Tensor[]): Output[] {
  const tensors: readonly unknown[] = Array.isArray(result) ? result : [result];
  return tensors.map((tensor, index) => {
    if (!(tensor instanceof Tensor)) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `gradcheck: expected fn to return tensors, got ${describe(tensor)}`,
      );
    }
    return {
      index,
      tensor: tensor.dtype.startsWith("complex")
        ? (op("view_as_real", [op("resolve_conj", [tensor])]) as Tensor)
        : tensor,
    };
  });
}

/** The outputs' derivatives along a direction in the space of one input, by central differences. */
type Differences = (input: Input, direction: (element: number) => number, eps: number) => Promise<Float64Array[]>;

function differencesOf(
  call: (tensors: readonly Tensor[]) => Promise<Output[]>,
  checked: readonly Input[],
  outputs: readonly Output[],
): Differences {
  const evaluate = (moved: Input, values: Float64Array): Promise<Float64Array[]> =>
    scope(() =>
      noGrad(async () => {
        const probes = checked.map((input) =>
          Tensor.from(input === moved ? values : input.values, { shape: input.leaf.shape, dtype: "float64" }),
        );
        const results = await call(probes);
        return outputs.map(({ index }) =>
          Float64Array.from((results[index]?.tensor.toTypedArray() ?? []) as Float64Array),
        );
      }),
    );
  return async (input, direction, eps) => {
    const ahead = await evaluate(
      input,
      input.values.map((value, i) => value + eps * direction(i)),
    );
    const behind = await evaluate(
      input,
      input.values.map((value, i) => value - eps * direction(i)),
    );
    return ahead.map((values, o) => values.map((value, i) => (value - (behind[o]?.[i] ?? NaN)) / (2 * eps)));
  };
}

/**
 * The product of a gradient of an output and its Jacobian, for each input; zeros where the output does not depend on
 * it.
 */
function vectorJacobian(output: Tensor, gradient: Float64Array, inputs: readonly Input[]): Promise<Float64Array[]> {
  return scope(async () => {
    const gradOutputs = Tensor.from(gradient, { shape: output.shape, dtype: output.dtype });
    const products = await grad(
      output,
      inputs.map(({ leaf }) => leaf),
      { gradOutputs, retainGraph: true, allowUnused: true },
    );
    return inputs.map(({ leaf }, i) =>
      Float64Array.from((products[i]?.toTypedArray() ?? new Float64Array(leaf.numel)) as Float64Array),
    );
  });
}

function compare(
  analytical: number,
  numerical: number,
  { atol, rtol }: Tolerance,
  output: string,
  input: string,
): void {
  if (Math.abs(analytical - numerical) <= atol + rtol * Math.abs(numerical)) return;
  throw new TorchwrightError(
    "ERR_GRADIENT_MISMATCH",
    `gradcheck: expected the gradient of ${output} by ${input} to be ${numerical} as by finite differences, got ${analytical}`,
  );
}

type Comparison = (
  inputs: readonly Input[],
  outputs: readonly Output[],
  at: Differences,
  eps: number,
  tolerance: Tolerance,
) => Promise<void>;

/** Every element of every Jacobian. */
const compareJacobians: Comparison = async (inputs, outputs, at, eps, tolerance) => {
  const columns: Float64Array[][][] = []; // [input][its element][output]
  for (const input of inputs) {
    const ofInput: Float64Array[][] = [];
    for (let element = 0; element < input.values.length; element++) {
      ofInput.push(await at(input, (i) => (i === element ? 1 : 0), eps));
    }
    columns.push(ofInput);
  }
  for (const [o, { index, tensor }] of outputs.entries()) {
    for (let row = 0; row < tensor.numel; row++) {
      const products = await vectorJacobian(
        tensor,
        Float64Array.from({ length: tensor.numel }, (_, i) => (i === row ? 1 : 0)),
        inputs,
      );
      for (const [i, product] of products.entries()) {
        product.forEach((value, element) =>
          compare(
            value,
            columns[i]?.[element]?.[o]?.[row] ?? NaN,
            tolerance,
            `output ${index}, element ${row},`,
            `input ${inputs[i]?.index}, element ${element},`,
          ),
        );
      }
    }
  }
};

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);

/**
 * Positive numbers of norm 1, random but always the same: a linear congruential generator, so that libtorch's is not
 * drawn from.
 */
function direction(length: number, seed: number): Float64Array {
  let state = seed;
  const values = Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  });
  const norm = Math.sqrt(sum(values.map((value) => value * value))) || 1;
  return values.map((value) => value / norm);
}

/** vᵀ J u for one v and u of each output and input; what single elements may deviate by adds up in it. */
const compareProjections: Comparison = async (inputs, outputs, at, eps, tolerance) => {
  for (const [o, { index, tensor }] of outputs.entries()) {
    const v = direction(tensor.numel, 1);
    const products = await vectorJacobian(tensor, v, inputs);
    for (const [i, input] of inputs.entries()) {
      const u = direction(input.values.length, 2);
      const moved = await at(input, (element) => u[element] ?? 0, eps);
      const numerical = sum(v.map((value, row) => value * (moved[o]?.[row] ?? NaN)));
      const analytical = sum(u.map((value, element) => value * (products[i]?.[element] ?? NaN)));
      compare(
        analytical,
        numerical,
        { ...tolerance, atol: tolerance.atol * sum(u) * sum(v) },
        `output ${index}, projected,`,
        `input ${input.index}, projected,`,
      );
    }
  }
};
