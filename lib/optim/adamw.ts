/** AdamW on libtorch's fused kernel: the same arithmetic as `torch.optim.AdamW(..., fused=True)`. */
import { describe, TorchwrightError } from "../errors";
import { zeroGrads } from "../autograd/zero-grads";
import type { Program, ProgramCall } from "../native/addon";
import { nativeInContext, outsideScopes } from "../tensor/context";
import { ops } from "../tensor/ops";
import { Tensor } from "../tensor/tensor";
import type { ParamsOrGroups } from "./optimizer";
import { checkRange, toGroups } from "./optimizer";

/** PyTorch's names and defaults, but `weightDecay` 0 (PyTorch 0.01), as Hugging Face's Trainer has it. */
export interface AdamWOptions {
  /** Learning rate; default 1e-3. */
  readonly lr?: number;
  /** Decay of the running means of gradient and squared gradient; default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Default 1e-8. */
  readonly eps?: number;
  /** Decoupled weight decay; default 0. */
  readonly weightDecay?: number;
}

interface Group {
  readonly params: readonly Tensor[];
  readonly expAvg: readonly Tensor[];
  readonly expAvgSq: readonly Tensor[];
  readonly steps: readonly Tensor[];
  readonly initialLr: number;
  readonly weightDecay: number;
  lr: number;
}

/**
 * Adam with decoupled weight decay.
 *
 * The states (two tensors of the parameter's shape and a step count each) are made at construction and live until {@link AdamW.dispose}.
 *
 * Source: Loshchilov & Hutter, *Decoupled Weight Decay Regularization*, 2019; arithmetic of
 * `torch._fused_adamw_`.
 */
export class AdamW {
  readonly #betas: readonly [number, number];
  readonly #eps: number;
  /** Groups with their current learning rates. */
  readonly groups: readonly Group[];

  /** @throws TorchwrightError ERR_INVALID_ARG */
  constructor(params: ParamsOrGroups, options: AdamWOptions = {}) {
    const { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0 } = options;
    this.#betas = [checkRange("betas[0]", betas[0], 0, 1 - 1e-12), checkRange("betas[1]", betas[1], 0, 1 - 1e-12)];
    this.#eps = checkRange("eps", eps, 0, Number.MAX_VALUE);
    this.groups = toGroups(params).map((group) => {
      const rate = checkRange("lr", group.lr ?? lr, 0, Number.MAX_VALUE);
      return {
        params: group.params,
        ...outsideScopes(() => ({
          expAvg: group.params.map((parameter) => ops.emptyLike(parameter)),
          expAvgSq: group.params.map((parameter) => ops.emptyLike(parameter)),
          steps: group.params.map(({ device }) => ops.zeros([], { dtype: "float32", device })),
        })),
        initialLr: rate,
        lr: rate,
        weightDecay: checkRange("weightDecay", group.weightDecay ?? weightDecay, 0, Number.MAX_VALUE),
      };
    });
    this.#zeroStates();
  }

  /** Queued: to write twice the parameters' memory would block the event loop for long. */
  #zeroStates(): void {
    const tensors = this.groups.flatMap(({ expAvg, expAvgSq }) => [...expAvg, ...expAvgSq].map(({ handle }) => handle));
    const program = { parameters: [], aligned: [], scalars: [], calls: [{ operator: "_foreach_zero_", args: [{ tensors }] }] };
    // A rejection means that the process is ending.
    nativeInContext().queueProgram(program).catch(() => undefined);
  }

  /** Learning rate of the first group; setting it sets that of all. */
  get lr(): number {
    return this.groups[0]?.lr ?? 0;
  }

  set lr(lr: number) {
    checkRange("lr", lr, 0, Number.MAX_VALUE);
    for (const group of this.groups) group.lr = lr;
  }

  /**
   * Updates every parameter that has a gradient, off the JavaScript thread.
   *
   * @param options.foundInf float32 scalar on the parameters' device: where it is 1 when the step runs,
   *   nothing is updated. So a bad gradient is skipped without synchronising.
   * @throws TorchwrightError ERR_INVALID_ARG, ERR_SHAPE_MISMATCH for parameters or gradients that were reshaped,
   *   share memory or are sparse
   */
  async step(options: { readonly foundInf?: Tensor } = {}): Promise<void> {
    const { foundInf } = options;
    if (foundInf !== undefined && !(foundInf instanceof Tensor && foundInf.numel === 1 && foundInf.dtype === "float32")) {
      throw new TorchwrightError("ERR_INVALID_ARG", `step: expected foundInf to be one float32, got ${describe(foundInf)}`);
    }
    const addon = nativeInContext();
    await Promise.all(this.groups.map((group) => addon.queueProgram(this.#program(group, foundInf))));
  }

  #program(group: Group, foundInf: Tensor | undefined): Program {
    const [params, grads, expAvg, expAvgSq, steps] = [0, 1, 2, 3, 4].map((list) => ({ list }));
    const value = (of: unknown): { readonly value: unknown } => ({ value: of });
    if (!params || !grads || !expAvg || !expAvgSq || !steps) throw new RangeError("unreachable");
    const flag = foundInf ? { tensor: foundInf.handle } : value(null);
    const calls: ProgramCall[] = [{ operator: "_foreach_add_.Scalar", args: [steps, value(1)] }];
    // A skipped step does not count.
    if (foundInf) calls.push({ operator: "_foreach_add_.Tensor", args: [steps, flag, value(-1)] });
    calls.push({
      operator: "_fused_adamw_",
      args: [
        params, grads, expAvg, expAvgSq, { tensors: [] }, steps,
        value(group.lr), value(this.#betas[0]), value(this.#betas[1]), value(group.weightDecay), value(this.#eps),
        value(false), value(false), value(null), flag,
      ],
    });
    const handles = (tensors: readonly Tensor[]): number[] => tensors.map(({ handle }) => handle);
    return {
      parameters: handles(group.params),
      aligned: [handles(group.expAvg), handles(group.expAvgSq)],
      scalars: [handles(group.steps)],
      calls,
    };
  }

  /**
   * The states with the names of PyTorch's `state_dict` behind that of the parameter, `classifier.weight.exp_avg`: to be saved, and to be filled
   * by `copy_`.
   */
  namedStates(nameOf: (parameter: Tensor) => string): (readonly [string, Tensor])[] {
    return this.groups.flatMap(({ params, expAvg, expAvgSq, steps }) =>
      params.flatMap((parameter, i) => {
        const name = nameOf(parameter);
        return [
          [`${name}.exp_avg`, expAvg[i] as Tensor],
          [`${name}.exp_avg_sq`, expAvgSq[i] as Tensor],
          [`${name}.step`, steps[i] as Tensor],
        ] as const;
      }),
    );
  }

  /** Frees the gradients, in order behind what is queued. */
  zeroGrad(): void {
    zeroGrads(this.groups.flatMap(({ params }) => params));
  }

  /** Frees the states. The parameters stay. */
  dispose(): void {
    for (const { expAvg, expAvgSq, steps } of this.groups) {
      for (const tensor of [...expAvg, ...expAvgSq, ...steps]) tensor.dispose();
    }
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
