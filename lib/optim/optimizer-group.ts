/** One group of an optimizer's parameters: the options they share, and their states. */
import { describe, TorchwrightError } from "../errors";
import { nativeInContext, outsideScopes } from "../tensor/context";
import { op } from "../tensor/operators";
import type { DType } from "../tensor/dtype";
import type { Tensor } from "../tensor/tensor";
import { checkNumber } from "./check-option";

/** What an optimizer remembers of one parameter, by PyTorch's names. */
export type ParameterState = Readonly<Record<string, Tensor>>;

/** A parameter with its state. */
export interface Row {
  readonly parameter: Tensor;
  readonly state: ParameterState;
}

interface Kind {
  readonly dtype: DType;
  readonly device: string;
}

function kindOf({ dtype, device }: Tensor): Kind {
  return { dtype, device };
}

/** What a group begins with. */
export interface GroupOptions<Settings> {
  /** The group's parameters. */
  readonly params: readonly Tensor[];
  /** Undefined where the optimizer finds its own. */
  readonly lr: number | undefined;
  /** The group's weight decay. */
  readonly weightDecay: number;
  readonly settings: Settings;
}

/** Parameters that share their settings. */
export class OptimizerGroup<Settings = unknown> {
  /** The group's parameters. */
  readonly params: readonly Tensor[];
  /** Schedules set learning rates to shares of it; NaN where the optimizer finds its own. */
  initialLr: number;
  /** The group's weight decay; a step uses what stands here. */
  weightDecay: number;
  /** The optimizer's other options. */
  settings: Settings;
  readonly #optimizer: string;
  readonly #states = new Map<Tensor, ParameterState>();
  /** What the parameters were when their states were made or moved. */
  readonly #kinds = new Map<Tensor, Kind>();
  readonly #strides = new Map<Tensor, readonly number[]>();
  #lr: number;
  #batches: readonly (readonly Row[])[] | undefined;

  /** @internal Throws ERR_INVALID_ARG. */
  constructor(optimizer: string, { params, lr, weightDecay, settings }: GroupOptions<Settings>) {
    this.params = params;
    this.settings = settings;
    this.#optimizer = optimizer;
    this.#lr = lr === undefined ? NaN : checkNumber(optimizer, "lr", lr, 0, Number.MAX_VALUE);
    this.initialLr = this.#lr;
    this.weightDecay = checkNumber(optimizer, "weightDecay", weightDecay, 0, Number.MAX_VALUE);
  }

  /** Learning rate of the next step; NaN where the optimizer finds its own. */
  get lr(): number {
    return this.#lr;
  }

  /** @throws TorchwrightError ERR_INVALID_ARG, also where the optimizer finds its own */
  set lr(lr: number) {
    if (Number.isNaN(this.#lr)) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `${this.#optimizer}: expected no learning rate, since relativeStep finds one for each step, got ${describe(lr)}`,
      );
    }
    this.#lr = checkNumber(this.#optimizer, "lr", lr, 0, Number.MAX_VALUE);
  }

  /** Step counts of the parameters, float32 scalars, where the optimizer counts. */
  get steps(): readonly Tensor[] {
    return this.rows().flatMap(({ state: { step } }) => step ?? []);
  }

  /** @internal Parameters that have a state. */
  rows(): readonly Row[] {
    return this.params.flatMap((parameter) => {
      const state = this.#states.get(parameter);
      return state ? { parameter, state } : [];
    });
  }

  /** @internal {@link OptimizerGroup.rows}, apart by device and dtype: fused kernels take one of each. */
  batches(): readonly (readonly Row[])[] {
    if (this.#batches) return this.#batches;
    const batches = new Map<string, Row[]>();
    for (const row of this.rows()) {
      const kind = `${row.parameter.device} ${row.parameter.dtype}`;
      const batch = batches.get(kind);
      if (batch) batch.push(row);
      else batches.set(kind, [row]);
    }
    return (this.#batches = [...batches.values()]);
  }

  /** @internal The parameter's state; undefined while it is frozen. */
  stateOf(parameter: Tensor): ParameterState | undefined {
    return this.#states.get(parameter);
  }

  /** @internal Elements from one element of a state to the next, for each dimension. */
  stridesOf(state: Tensor): readonly number[] {
    return this.#strides.get(state) ?? [];
  }

  /** @internal Makes states, of zeros, for those of the parameters that have none. */
  addStates(parameters: readonly Tensor[], make: (parameter: Tensor) => ParameterState): void {
    const fresh = parameters.filter((parameter) => !this.#states.has(parameter));
    if (fresh.length === 0) return;
    this.#batches = undefined;
    outsideScopes(() => fresh.forEach((parameter) => this.#states.set(parameter, make(parameter))));
    for (const parameter of fresh) this.#kinds.set(parameter, kindOf(parameter));
    const made = fresh.flatMap((parameter) => Object.values(this.stateOf(parameter) ?? {}));
    if (made.length === 0) return;
    // Now, while nothing that is queued knows them: later, to ask libtorch would wait.
    for (const tensor of made) {
      this.#strides.set(
        tensor,
        tensor.shape.map((_, dim) => op("stride", [tensor, dim]) as number),
      );
    }
    // Queued: to write twice the parameters' memory would block the event loop for long.
    const calls = [{ operator: "_foreach_zero_", args: [{ tensors: made.map(({ handle }) => handle) }] }];
    // A rejection means that the process is ending.
    nativeInContext()
      .queueProgram({ parameters: [], aligned: [], scalars: [], calls })
      .catch(() => undefined);
  }

  /** @internal Queues that states go where their parameters are, those of the parameter's dtype as its new one. */
  followMoves(): void {
    for (const { parameter, state } of this.rows()) {
      const [before, now] = [this.#kinds.get(parameter), kindOf(parameter)];
      if (before?.dtype === now.dtype && before.device === now.device) continue;
      this.#batches = undefined;
      this.#kinds.set(parameter, now);
      for (const tensor of Object.values(state)) {
        const dtype = tensor.dtype === before?.dtype && tensor.shape.length > 0 ? now.dtype : undefined;
        // A rejection means that the process is ending, or that memory is short, as the step will find.
        nativeInContext()
          .moveTensors([tensor.handle], now.device, dtype)
          .catch(() => undefined);
      }
    }
  }

  /** @internal Frees the states. */
  dispose(): void {
    for (const { state } of this.rows()) for (const tensor of Object.values(state)) tensor.dispose();
    this.#states.clear();
    this.#kinds.clear();
    this.#strides.clear();
    this.#batches = undefined;
  }
}
