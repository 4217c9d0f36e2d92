/** Backward passes: into the leaves' `.grad`, or as gradients of given tensors; awaited, or while JavaScript waits. */
import { describe, TorchwrightError } from "../errors";
import type { NativeAddon } from "../native/addon";
import type { Handle } from "../native/values";
import { captureContext, releaseContext } from "../native/callbacks";
import { checkOptions } from "./check-options";
import { nativeInContext } from "./context";
import { Tensor, wrap } from "./tensor";

/** Options of `backward`. */
export interface BackwardOptions {
  /** Keeps the graph for another pass; default: `createGraph`. */
  readonly retainGraph?: boolean;
  /** Records the pass itself, so that gradients can be differentiated; default false. */
  readonly createGraph?: boolean;
  /** Accumulates in these only; default: in every leaf that requires grad. */
  readonly inputs?: readonly Tensor[];
}

/** Options of {@link grad}. */
export interface GradOptions {
  /** A gradient for each output, of its shape; scalars need none. */
  readonly gradOutputs?: Tensor | readonly (Tensor | undefined)[];
  /** Keeps the graph for another pass; default: `createGraph`. */
  readonly retainGraph?: boolean;
  /** Records the pass itself, so that the gradients can be differentiated; default false. */
  readonly createGraph?: boolean;
  /** Gives `undefined` for an input that no output depends on, in place of an error; default false. */
  readonly allowUnused?: boolean;
}

const BACKWARD_OPTIONS = ["retainGraph", "createGraph", "inputs"] as const;
const GRAD_OPTIONS = ["gradOutputs", "retainGraph", "createGraph", "allowUnused"] as const;

type NativeArguments = Parameters<NativeAddon["backward"]>;

/** Arguments for the addon, and the context number to release. */
function encode(
  operation: string,
  outputs: readonly Tensor[],
  gradients: readonly (Tensor | undefined)[],
  inputs: readonly Tensor[],
  options: BackwardOptions & GradOptions,
): NativeArguments {
  if (operation === "backward") checkOptions(operation, options, BACKWARD_OPTIONS);
  const createGraph = options.createGraph ?? false;
  for (const gradient of gradients) checkGradient(gradient, operation);
  return [
    handles(operation, "outputs", outputs),
    gradients.map((gradient) => gradient?.handle),
    handles(operation, "inputs", inputs),
    options.retainGraph ?? createGraph,
    createGraph,
    options.allowUnused ?? false,
    captureContext(),
  ];
}

function handles(operation: string, what: string, tensors: readonly Tensor[]): Handle[] {
  return tensors.map((tensor) => {
    if (tensor instanceof Tensor) return tensor.handle;
    throw new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected tensors as ${what}, got ${describe(tensor)}`);
  });
}

/** @throws TorchwrightError ERR_INVALID_ARG for what is neither a tensor nor undefined */
export function checkGradient(gradient: unknown, operation: string): void {
  if (gradient === undefined || gradient instanceof Tensor) return;
  throw new TorchwrightError(
    "ERR_INVALID_ARG",
    `${operation}: expected a tensor as gradient, got ${describe(gradient)}`,
  );
}

/** The addon's call with the caller's async context, which its hooks run in. */
async function awaited<T>(
  args: NativeArguments,
  call: (addon: NativeAddon, args: NativeArguments) => Promise<T>,
): Promise<T> {
  try {
    return await call(nativeInContext(), args);
  } finally {
    releaseContext(args[6]);
  }
}

function waitedFor<T>(args: NativeArguments, call: (addon: NativeAddon, args: NativeArguments) => T): T {
  try {
    return call(nativeInContext(), args);
  } finally {
    releaseContext(args[6]);
  }
}

/** Accumulates the gradients of several outputs at once, off the JavaScript thread, as `torch.autograd.backward`. */
export async function backward(
  outputs: readonly Tensor[],
  gradients: readonly (Tensor | undefined)[] = outputs.map(() => undefined),
  options: BackwardOptions = {},
): Promise<void> {
  await awaited(
    encode("backward", outputs, gradients, (options as BackwardOptions | null)?.inputs ?? [], options),
    (addon, args) => addon.backward(...args),
  );
}

/** {@link backward} while JavaScript waits. */
export function backwardSync(
  outputs: readonly Tensor[],
  gradients: readonly (Tensor | undefined)[] = outputs.map(() => undefined),
  options: BackwardOptions = {},
): void {
  waitedFor(
    encode("backward", outputs, gradients, (options as BackwardOptions | null)?.inputs ?? [], options),
    (addon, args) => addon.backwardSync(...args),
  );
}

function list<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

function encodeGrad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options: GradOptions,
): NativeArguments {
  const given = list(outputs);
  checkOptions("grad", options, GRAD_OPTIONS);
  const gradients = options.gradOutputs === undefined ? given.map(() => undefined) : list(options.gradOutputs);
  return encode("grad", given, gradients, list(inputs), options);
}

/** One gradient for each input. @inline */
type Gradients<O extends GradOptions> = (O extends {
  /** As the option. */
  readonly allowUnused: true;
}
  ? Tensor | undefined
  : Tensor)[];

function decode<O extends GradOptions>(results: readonly (Handle | undefined)[]): Gradients<O> {
  return results.map((handle) => (handle === undefined ? undefined : wrap(handle))) as Gradients<O>;
}

/**
 * The gradients of `outputs` with respect to `inputs`, without touching any `.grad`, as `torch.autograd.grad`;
 * computed off the JavaScript thread.
 *
 * @returns one tensor for each input, of its shape; with `allowUnused`, `undefined` where no output depends on it
 * @throws TorchwrightError ERR_NO_GRAD_HISTORY for outputs without history; ERR_OPERATOR_FAILED for an input
 *   that was not used, or a non-scalar output without `gradOutputs`; ERR_INVALID_ARG
 *
 * @example
 * ```ts
 * import { grad, Tensor } from "torchwright";
 * const x = Tensor.from([2, 3], { requiresGrad: true });
 * const [first] = await grad(x.pow(3).sum(), x, { createGraph: true }); // 3 x²
 * const [second] = await grad(first!.sum(), x); // 6 x
 * console.log(second!.toArray()); // [12, 18]
 * ```
 */
export async function grad<const O extends GradOptions>(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options: O = {} as O,
): Promise<Gradients<O>> {
  return decode<O>(await awaited(encodeGrad(outputs, inputs, options), (addon, args) => addon.gradients(...args)));
}

/**
 * {@link grad} while JavaScript waits.
 *
 * @throws TorchwrightError as {@link grad}, at once
 */
export function gradSync<const O extends GradOptions>(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options: O = {} as O,
): Gradients<O> {
  return decode<O>(waitedFor(encodeGrad(outputs, inputs, options), (addon, args) => addon.gradientsSync(...args)));
}
