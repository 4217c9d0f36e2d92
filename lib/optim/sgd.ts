/**
 * Stochastic gradient descent on libtorch's fused kernel: the same arithmetic as `torch.optim.SGD(..., fused=True)`.
 */
import { describe, TorchwrightError } from "../errors";
import { ops } from "../tensor/ops";
import type { Tensor } from "../tensor/tensor";
import { checkFlag, checkNumber } from "./check-option";
import { checkOptions } from "../tensor/check-options";
import { Optimizer, type OptimizerDefaults } from "./optimizer";
import type { OptimizerGroup, ParameterState, Row } from "./optimizer-group";
import type { ParamsOrGroups } from "./param-groups";
import type { GroupReader } from "./state-dict";
import { type Operand, StepProgram } from "./step-program";

/** PyTorch's names and defaults. */
export interface SGDOptions {
  /** Learning rate; default 1e-3. */
  readonly lr?: number;
  /** How much of the last step goes into the next; default 0, which keeps no state. */
  readonly momentum?: number;
  /** How much less of a gradient goes into the momentum, from the second one on; default 0. */
  readonly dampening?: number;
  /** Added to the gradient as an L2 penalty; default 0. */
  readonly weightDecay?: number;
  /** Nesterov's momentum, which needs momentum and no dampening; default false. */
  readonly nesterov?: boolean;
}

const OPTIONS = [
  "lr",
  "momentum",
  "dampening",
  "weightDecay",
  "nesterov",
] as const satisfies readonly (keyof SGDOptions)[];

/** A group's settings; the options say what they mean. */
export interface SGDSettings {
  /** As the option. */
  readonly momentum: number;
  /** As the option. */
  readonly dampening: number;
  /** As the option. */
  readonly nesterov: boolean;
}

/**
 * Stochastic gradient descent, with momentum.
 *
 * Source: Sutskever et al., *On the importance of initialization and momentum in deep learning*, 2013; arithmetic of
 * `torch._fused_sgd_`.
 */
export class SGD extends Optimizer<SGDSettings> {
  /** @throws TorchwrightError ERR_INVALID_ARG */
  constructor(params: ParamsOrGroups, options: SGDOptions = {}) {
    super(params, readOptions(options));
  }

  protected override makeState(parameter: Tensor, settings: SGDSettings): ParameterState {
    if (settings.momentum === 0) return {};
    return {
      momentum_buffer: ops.emptyLike(parameter),
      // PyTorch knows the first step by a buffer that is None. It differs from others in the dampening alone.
      ...(settings.dampening !== 0 && { step: ops.empty([], { dtype: "float32", device: parameter.device }) }),
    };
  }

  protected override queueStep(
    rows: readonly Row[],
    group: OptimizerGroup<SGDSettings>,
    foundInf: Tensor | undefined,
  ): Promise<unknown> {
    const { momentum, dampening, nesterov } = group.settings;
    const damped = momentum !== 0 && dampening !== 0;
    const program = new StepProgram(rows, {
      shaped: momentum === 0 ? [] : ["momentum_buffer"],
      scalars: damped ? ["step"] : [],
    });
    const buffers = momentum === 0 ? [] : program.states("momentum_buffer");
    const gradients = damped ? dampened(program, group) : program.grads;
    program.call(
      "_fused_sgd_",
      program.params,
      gradients,
      buffers,
      damped ? 0 : group.weightDecay,
      momentum,
      group.lr,
      /* dampening */ 0,
      nesterov,
      /* maximize */ false,
      /* isFirstStep: a buffer of zeros is as good */ false,
      /* gradScale */ null,
      foundInf ?? null,
    );
    if (damped) program.countStep(program.states("step"), foundInf);
    return program.queue();
  }

  protected override toPython({
    lr,
    weightDecay,
    settings: { momentum, dampening, nesterov },
  }: OptimizerGroup<SGDSettings>): Readonly<Record<string, unknown>> {
    // PyTorch's fused kernel takes no parameter whose first gradient comes later. Without dampening its momentum of
    // zeros is as good as none.
    const fused = dampening === 0 ? true : null;
    return {
      lr,
      momentum,
      dampening,
      weight_decay: weightDecay,
      nesterov,
      maximize: false,
      foreach: null,
      differentiable: false,
      fused,
    };
  }

  protected override fromPython(group: GroupReader, { momentum, dampening, nesterov }: SGDSettings): SGDSettings {
    group.only("maximize", false);
    return checkSettings(group.operation, {
      momentum: group.sameKind("momentum", momentum),
      dampening: group.sameKind("dampening", dampening),
      nesterov: group.flag("nesterov", nesterov),
    });
  }

  protected override stateToPython({ step: _step, ...state }: ParameterState): ParameterState {
    return state;
  }

  protected override stateFromPython(
    state: Readonly<Record<string, unknown>>,
    names: readonly string[],
  ): Readonly<Record<string, unknown>> | undefined {
    const { momentum_buffer: buffer, ...more } = state;
    if (buffer === undefined || buffer === null) return Object.keys(more).length > 0 ? more : undefined;
    return names.includes("step") ? { ...state, step: 1 } : state;
  }
}

/**
 * What the kernel is to take for gradients: weight decay and dampening are in them. A step count of 0 means that the
 * momentum takes all.
 */
function dampened(
  program: StepProgram,
  { weightDecay, settings: { dampening } }: OptimizerGroup<SGDSettings>,
): Operand {
  const factors = program.call("_foreach_sign", program.states("step"));
  program.call("_foreach_mul_.Scalar", factors, -dampening);
  program.call("_foreach_add_.Scalar", factors, 1);
  const gradients = program.call("_foreach_add.List", program.grads, program.params, weightDecay);
  program.call("_foreach_mul_.List", gradients, factors);
  return gradients;
}

function readOptions(options: SGDOptions): OptimizerDefaults<SGDSettings> {
  const {
    lr = 1e-3,
    momentum = 0,
    dampening = 0,
    weightDecay = 0,
    nesterov = false,
  } = checkOptions("SGD", options, OPTIONS);
  return { lr, weightDecay, settings: checkSettings("SGD", { momentum, dampening, nesterov }) };
}

function checkSettings(name: string, { momentum, dampening, nesterov }: SGDSettings): SGDSettings {
  checkNumber(name, "momentum", momentum, 0, Number.MAX_VALUE);
  checkNumber(name, "dampening", dampening, -Number.MAX_VALUE, Number.MAX_VALUE);
  if (checkFlag(name, "nesterov", nesterov) && (momentum === 0 || dampening !== 0)) {
    const got = `${describe(momentum)} and ${describe(dampening)}`;
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `${name}: expected momentum above 0 and dampening 0 for nesterov, got ${got}`,
    );
  }
  return { momentum, dampening, nesterov };
}
