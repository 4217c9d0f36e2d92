/**
 * What all optimizers share: groups, learning rates, states and their exchange with PyTorch. An optimizer adds its
 * step.
 */
import { zeroGrads } from "../autograd/zero-grads";
import { describe, TorchwrightError } from "../errors";
import { TensorReference } from "../jit/tensor-reference";
import type { TensorToWrite } from "../jit/write-torch-file";
import type { ProgramCall } from "../native/requests";
import { checkOptions } from "../tensor/check-options";
import { nativeInContext } from "../tensor/context";
import { decodeResult } from "../tensor/operators";
import { scope } from "../tensor/scope";
import { moveCount } from "../tensor/moves";
import { Tensor } from "../tensor/tensor";
import { OptimizerGroup, type ParameterState, type Row } from "./optimizer-group";
import { type ParamsOrGroups, toGroups } from "./param-groups";
import {
  checkStateDict,
  type CheckedStateDict,
  GroupReader,
  type OptimizerStateDict,
  type StateSource,
} from "./state-dict";

/** Options of all groups that do not say otherwise. */
export interface OptimizerDefaults<Settings> {
  /** Undefined where the optimizer finds its own. */
  readonly lr: number | undefined;
  /** Weight decay. */
  readonly weightDecay: number;
  /** What else the optimizer is told. */
  readonly settings: Settings;
}

/** Parameters' numbers, each with its step count; without a count where the optimizer does not count. */
export type Stepped = readonly { readonly number: number; readonly row: Row; readonly steps: number | undefined }[];

/** What loading a state will change, checked. */
export interface LoadPlan {
  readonly fills: readonly { readonly target: Tensor; readonly source: StateSource }[];
  /** Sets the groups' options. */
  readonly apply: () => void;
}

/**
 * An optimizer over groups of parameters: {@link AdamW}, {@link Adam}, {@link SGD}, {@link Adafactor}, {@link Lion}.
 *
 * Parameters without a gradient are left alone, and so are their step counts. States are made at construction, and for
 * a parameter that is frozen then at the first step after it no longer is; they live until {@link Optimizer.dispose}.
 * Where parameters were moved to another device or dtype, the next step moves their states.
 */
export abstract class Optimizer<Settings = unknown> {
  /** Groups with their current learning rates and weight decays. */
  readonly groups: readonly OptimizerGroup<Settings>[];
  #disposed = false;
  #moves = moveCount();

  /** Throws ERR_INVALID_ARG. */
  protected constructor(params: ParamsOrGroups, { lr, weightDecay, settings }: OptimizerDefaults<Settings>) {
    this.groups = toGroups(params).map(
      (group) =>
        new OptimizerGroup(this.constructor.name, {
          params: group.params,
          lr: group.lr ?? lr,
          weightDecay: group.weightDecay ?? weightDecay,
          settings,
        }),
    );
    this.#addStates();
  }

  /**
   * Unfilled states of a parameter, by PyTorch's names; a count of steps is `step`. Called by the constructor: reads no
   * fields.
   */
  protected abstract makeState(parameter: Tensor, settings: Settings): ParameterState;

  /** Queues the step of parameters of one device and dtype. */
  protected abstract queueStep(
    rows: readonly Row[],
    group: OptimizerGroup<Settings>,
    foundInf: Tensor | undefined,
  ): Promise<unknown>;

  /** The group's options by PyTorch's names. */
  protected abstract toPython(group: OptimizerGroup<Settings>): Readonly<Record<string, unknown>>;

  /** The reverse, but for `lr` and `weight_decay`. Throws ERR_INVALID_ARG for what this optimizer does not have. */
  protected abstract fromPython(group: GroupReader, settings: Settings): Settings;

  /** A parameter's state as PyTorch has it. */
  protected stateToPython(
    state: ParameterState,
    _steps: number | undefined,
  ): Readonly<Record<string, Tensor | number>> {
    return state;
  }

  /** What fills a state, by its own `names`, from PyTorch's; undefined where PyTorch's says nothing. */
  protected stateFromPython(
    state: Readonly<Record<string, unknown>>,
    _names: readonly string[],
  ): Readonly<Record<string, unknown>> | undefined {
    return state;
  }

  /** Learning rate of the first group; setting it sets that of all. Throws ERR_INVALID_ARG. */
  get lr(): number {
    return this.groups[0]?.lr ?? 0;
  }

  set lr(lr: number) {
    for (const group of this.groups) group.lr = lr;
  }

  /**
   * Updates every parameter that has a gradient, off the JavaScript thread.
   *
   * @param options.foundInf float32 scalar on the parameters' device: where it is 1 when the step runs,
   *   nothing is updated and no step counted. So a bad gradient is skipped without synchronising.
   * @throws TorchwrightError ERR_INVALID_ARG, ERR_SHAPE_MISMATCH for parameters or gradients that were reshaped,
   *   share memory or are sparse; ERR_TENSOR_DISPOSED
   */
  async step(options: { readonly foundInf?: Tensor } = {}): Promise<void> {
    const { foundInf } = checkOptions("step", options, ["foundInf"]);
    if (
      foundInf !== undefined &&
      !(foundInf instanceof Tensor && foundInf.numel === 1 && foundInf.dtype === "float32")
    ) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `step: expected foundInf to be one float32, got ${describe(foundInf)}`,
      );
    }
    this.#checkAlive();
    if (this.#moves !== moveCount()) {
      this.#moves = moveCount();
      for (const group of this.groups) group.followMoves();
    }
    this.#addStates();
    await Promise.all(
      this.groups.flatMap((group) => group.batches().map((rows) => this.queueStep(rows, group, foundInf))),
    );
  }

  /**
   * The states with PyTorch's names behind that of the parameter, `classifier.weight.exp_avg`: to be saved, and to be
   * filled by `copy_`.
   */
  namedStates(nameOf: (parameter: Tensor) => string): (readonly [string, Tensor])[] {
    return this.groups.flatMap((group) =>
      group
        .rows()
        .flatMap(({ parameter, state }) =>
          Object.entries(state).map(([name, tensor]) => [`${nameOf(parameter)}.${name}`, tensor] as const),
        ),
    );
  }

  /**
   * The state in the layout of PyTorch's `optimizer.state_dict()`. Its tensors are the optimizer's own, as in PyTorch:
   * the next step, which has to wait until this resolves, changes them, and {@link Optimizer.dispose} frees them.
   * {@link saveOptimizerState} writes it to a file.
   *
   * @throws TorchwrightError ERR_TENSOR_DISPOSED
   */
  async stateDict(): Promise<OptimizerStateDict> {
    this.#checkAlive();
    const stepped = await this.stepped();
    return {
      state: Object.fromEntries(
        stepped.map(({ number, row, steps }) => [number, this.stateToPython(row.state, steps)]),
      ),
      param_groups: this.pythonGroups(),
    };
  }

  /**
   * Takes over a state of this optimizer's `stateDict()` or, by way of a file ({@link loadOptimizerState}), of
   * PyTorch's: all or nothing. The groups' options become those of the dictionary, as in PyTorch. Groups and parameters
   * must be the same and in the same order: they are known by their numbers alone.
   *
   * @throws TorchwrightError ERR_INVALID_ARG for what is no such dictionary, or has options that this optimizer does
   *   not have; ERR_WEIGHTS_MISMATCH for other groups, states or shapes; ERR_TENSOR_DISPOSED
   */
  async loadStateDict(stateDict: OptimizerStateDict): Promise<void> {
    const { fills, apply } = this.planLoad("loadStateDict", stateDict);
    const filled = fillStates(fills);
    apply();
    await filled;
  }

  /** Frees the gradients, in order behind what is queued. */
  zeroGrad(): void {
    zeroGrads(this.groups.flatMap(({ params }) => params));
  }

  /** Frees the states. The parameters stay. */
  dispose(): void {
    this.#disposed = true;
    for (const group of this.groups) group.dispose();
  }

  /** The same as `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @internal */
  pythonGroups(): OptimizerStateDict["param_groups"] {
    let number = 0;
    return this.groups.map((group) => ({ ...this.toPython(group), params: group.params.map(() => number++) }));
  }

  /** @internal All states, with their strides. */
  statesToWrite(): readonly TensorToWrite[] {
    this.#checkAlive();
    return this.groups.flatMap((group) =>
      group
        .rows()
        .flatMap(({ state }) => Object.values(state).map((tensor) => ({ tensor, strides: group.stridesOf(tensor) }))),
    );
  }

  /** @internal Parameters that a step has changed, as of what was queued before the call. */
  async stepped(): Promise<Stepped> {
    const all = this.groups.flatMap(({ params }, i) =>
      params.map((parameter) => ({ parameter, group: this.groups[i] as OptimizerGroup })),
    );
    const rows = all.flatMap(({ parameter, group }, number) => {
      const state = group.stateOf(parameter);
      return state ? [{ number, row: { parameter, state } }] : [];
    });
    const counters = rows.flatMap(
      ({
        row: {
          state: { step },
        },
      }) => step ?? [],
    );
    if (counters.length === 0) {
      return rows.flatMap((entry) => (Object.keys(entry.row.state).length > 0 ? [{ ...entry, steps: undefined }] : []));
    }
    const counts = await readScalars(counters);
    return rows.flatMap((entry, i) => ((counts[i] as number) > 0 ? [{ ...entry, steps: counts[i] }] : []));
  }

  /** @internal Checks a state that is to be loaded; its tensors may be in a file. */
  planLoad(operation: string, dictionary: unknown): LoadPlan {
    this.#checkAlive();
    const checked = checkStateDict(
      operation,
      dictionary,
      this.groups.map(({ params }) => params.length),
    );
    const applied = this.groups.map((group, i) =>
      this.#planGroup(operation, group, checked.groups[i] as CheckedStateDict["groups"][number]),
    );
    const fills = this.groups.flatMap((group, i) => {
      const { params } = checked.groups[i] as CheckedStateDict["groups"][number];
      return group.params.flatMap((parameter, k) =>
        this.#planState(operation, group, parameter, params[k] as number, checked.state),
      );
    });
    return { fills, apply: () => applied.forEach((apply) => apply()) };
  }

  #planGroup(
    operation: string,
    group: OptimizerGroup<Settings>,
    options: Readonly<Record<string, unknown>>,
  ): () => void {
    const reader = new GroupReader(`${operation}: ${this.constructor.name}`, options);
    const settings = this.fromPython(reader, group.settings);
    const weightDecay = reader.number("weight_decay", group.weightDecay);
    if (Number.isNaN(group.lr)) return () => Object.assign(group, { settings, weightDecay });
    const lr = reader.number("lr", group.lr);
    // PyTorch's schedulers leave it in the groups.
    const initialLr = reader.number("initial_lr", lr);
    return () => Object.assign(group, { settings, weightDecay, lr, initialLr });
  }

  #planState(
    operation: string,
    group: OptimizerGroup<Settings>,
    parameter: Tensor,
    number: number,
    states: CheckedStateDict["state"],
  ): LoadPlan["fills"] {
    const entry = Object.hasOwn(states, number) ? states[number] : undefined;
    if (entry) group.addStates([parameter], (one) => this.makeState(one, group.settings));
    const own = Object.entries(group.stateOf(parameter) ?? {});
    const given =
      entry &&
      this.stateFromPython(
        entry,
        own.map(([name]) => name),
      );
    if (!given) return own.map(([, target]) => ({ target, source: 0 }));
    const mismatch = (expected: string, got: string): TorchwrightError =>
      new TorchwrightError(
        "ERR_WEIGHTS_MISMATCH",
        `${operation}: expected ${expected} for parameter ${number}, got ${got}`,
      );
    const unknown = Object.keys(given).find((name) => !own.some(([known]) => known === name));
    if (unknown !== undefined) {
      throw mismatch(
        `the states of ${this.constructor.name} (${own.map(([name]) => name).join(", ") || "none"})`,
        unknown,
      );
    }
    return own.map(([name, target]) => {
      const source = given[name];
      if (typeof source === "number" && target.numel === 1 && Number.isFinite(source)) return { target, source };
      if (!(source instanceof Tensor || source instanceof TensorReference)) {
        throw mismatch(`a tensor ${name}`, describe(source));
      }
      if (source.shape.join() !== target.shape.join()) {
        throw mismatch(`${name} as [${target.shape.join(", ")}]`, `[${source.shape.join(", ")}]`);
      }
      return { target, source };
    });
  }

  #addStates(): void {
    for (const group of this.groups) {
      group.addStates(
        group.params.filter(({ requiresGrad }) => requiresGrad),
        (parameter) => this.makeState(parameter, group.settings),
      );
    }
  }

  #checkAlive(): void {
    if (this.#disposed) {
      throw new TorchwrightError(
        "ERR_TENSOR_DISPOSED",
        `${this.constructor.name}: expected an optimizer that was not disposed`,
      );
    }
  }
}

/** Queues the filling of states; a source must not be in a file any more. */
export async function fillStates(
  fills: readonly { readonly target: Tensor; readonly source: Tensor | number | TensorReference }[],
): Promise<void> {
  const copies = fills.filter(
    (fill): fill is { readonly target: Tensor; readonly source: Tensor } => fill.source instanceof Tensor,
  );
  const calls: ProgramCall[] = fills.flatMap(({ target, source }) =>
    typeof source === "number"
      ? [{ operator: "fill_.Scalar", args: [{ tensor: target.handle }, { value: source }] }]
      : [],
  );
  if (copies.length > 0) {
    const handles = (key: "target" | "source"): number[] => copies.map((copy) => copy[key].handle);
    calls.push({ operator: "_foreach_copy_", args: [{ tensors: handles("target") }, { tensors: handles("source") }] });
  }
  await nativeInContext().queueProgram({ parameters: [], aligned: [], scalars: [], calls });
}

/** Values of float32 scalars, as of what was queued before, in one transfer. */
async function readScalars(scalars: readonly Tensor[]): Promise<number[]> {
  const calls = [{ operator: "stack", args: [{ tensors: scalars.map(({ handle }) => handle) }] }];
  const stacked = nativeInContext().queueProgram({ parameters: [], aligned: [], scalars: [], calls, result: 0 });
  return scope(async () => Array.from(await (decodeResult(await stacked) as Tensor).read(), Number));
}
