/** The base of every model and part of one that is written in TypeScript. */
import { describe, TorchwrightError } from "../errors";
import { zeroGrads } from "../autograd/zero-grads";
import { checkFunction, checkOptions } from "../tensor/check-options";
import type { Device } from "../tensor/device";
import type { Tensor } from "../tensor/tensor";
import { Buffer } from "./buffer";
import { fieldsOf } from "./fields";
import type { FloatType } from "./move";
import { moveTensors, readMove } from "./move";
import { OwnedTensor } from "./owned-tensor";
import { Parameter } from "./parameter";
import type { AnyModule, Named } from "./part";
import { distinct, foreignState, isAnyModule } from "./part";
import type { StateDict, StateReport } from "./state";
import { copyState } from "./state";

/** What {@link Module} finds in its fields. @inline */
type Part = AnyModule | Parameter | Buffer;

/**
 * A model or a part of one, as `torch.nn.Module`.
 *
 * Its parts are found in its fields: modules, TorchScript modules, models of this library, {@link Parameter}s and
 * {@link Buffer}s, also in arrays and plain objects. A field's name is the part's name in `stateDict()`. **A `#private`
 * field cannot be seen:** give its value to {@link Module.register}, or hide there on purpose what is no part.
 *
 * It owns its parts: they live, inside of scopes too, until {@link Module.dispose}.
 *
 * @example
 * ```ts
 * import { nn, Tensor } from "torchwright";
 * class Head extends nn.Module {
 *   readonly dense = new nn.Linear(4, 8);
 *   readonly out = new nn.Linear(8, 2);
 *   forward(x: Tensor): Tensor { // [batch, 4] → [batch, 2]
 *     return this.out.forward(this.dense.forward(x).tanh());
 *   }
 * }
 * using head = new Head();
 * console.log([...head.stateDict().keys()]); // dense.weight, dense.bias, out.weight, out.bias
 * ```
 */
export abstract class Module {
  readonly #registered = new Map<string, Part>();
  #training = true;
  #disposed = false;

  /** What the module computes; inputs and output are the subclass's choice, and it may be async. */
  abstract forward(...inputs: never[]): unknown;

  /** Whether dropout is on: true after construction, as in PyTorch. */
  get training(): boolean {
    return this.#training;
  }

  /**
   * Adds a part under a name of its own and returns it: for `#private` fields, or where PyTorch's name is not the
   * field's. `readonly #norm = this.register("layer_norm", new nn.LayerNorm(8))`.
   *
   * @throws TorchwrightError ERR_INVALID_ARG for a name with a dot or one that is taken, or what can be no part
   */
  protected register<T extends Part>(name: string, part: T): T {
    if (typeof name !== "string" || !/^[^.]+$/.test(name) || this.#registered.has(name)) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `register: expected a new name without dots, got ${describe(name)}`,
      );
    }
    if (!isPart(part)) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `register: expected a module, parameter or buffer, got ${describe(part)}`,
      );
    }
    this.#registered.set(name, part);
    return part;
  }

  /** Own parts: fields in their order, then what only `register` knows. */
  #parts(): Named<Part> {
    const names = new Map([...this.#registered].map(([name, part]) => [part, name]));
    const found = new Map<string, Part>();
    const add = (name: string, part: Part): void => {
      if ((found.get(name) ?? part) !== part) {
        throw new TorchwrightError(
          "ERR_INVALID_ARG",
          `${this.constructor.name}: expected one part named ${describe(name)}, got two`,
        );
      }
      found.set(name, part);
    };
    for (const [path, value] of fieldsOf(this)) if (isPart(value)) add(names.get(value) ?? path, value);
    for (const [name, part] of this.#registered) add(name, part);
    return [...found];
  }

  /** This module and all below it, parents first: each once, or without `seen` at every place that it has. */
  *#walk(path = "", seen?: Set<object>): Generator<readonly [string, AnyModule]> {
    if (this.#disposed) {
      throw new TorchwrightError(
        "ERR_MODULE_DISPOSED",
        `${this.constructor.name}: expected a live module, got one that was disposed`,
      );
    }
    if (seen?.has(this)) return;
    seen?.add(this);
    yield [path, this];
    for (const [name, part] of this.#parts()) {
      if (part instanceof Module) yield* part.#walk(join(path, name), seen);
      else if (!(part instanceof OwnedTensor) && !seen?.has(part)) {
        seen?.add(part);
        yield [join(path, name), part];
      }
    }
  }

  #own<T extends OwnedTensor>(kind: new (data: Tensor) => T): Named<T> {
    return this.#parts().filter((entry): entry is readonly [string, T] => entry[1] instanceof kind);
  }

  /** Tensors of one kind with their full names, each once. */
  #tensors(kind: new (data: Tensor) => OwnedTensor, ofForeign: (module: AnyModule) => Named<Tensor>): Named<Tensor> {
    const found = new Map<Tensor, string>();
    let foreign = 0;
    for (const [path, module] of this.#walk("", new Set())) {
      if (!(module instanceof Module)) foreign++;
      for (const [name, tensor] of module instanceof Module ? module.#own(kind) : ofForeign(module)) {
        if (!found.has(tensor)) found.set(tensor, join(path, name));
      }
    }
    const tensors = Array.from(found, ([tensor, name]) => [name, tensor] as const);
    return foreign > 1 ? distinct(tensors) : tensors;
  }

  /** All parameters by their nested names, in PyTorch's order; a shared one once, under its first name. */
  namedParameters(): Named<Tensor> {
    return this.#tensors(Parameter, (module) => module.namedParameters());
  }

  /** The values of {@link Module.namedParameters}; the same objects on every call. */
  parameters(): readonly Tensor[] {
    return this.namedParameters().map(([, tensor]) => tensor);
  }

  /** All buffers by their nested names, those that are not persistent too. */
  namedBuffers(): Named<Tensor> {
    return this.#tensors(Buffer, (module) => module.namedBuffers?.() ?? []);
  }

  /** This module (`""`) and all parts that are modules, parents first, a shared one once. */
  namedModules(): Named<AnyModule> {
    return [...this.#walk("", new Set())];
  }

  /** Parts of this module itself that are modules, a shared one once. */
  namedChildren(): Named<AnyModule> {
    const found = new Map<AnyModule, string>();
    for (const [name, part] of this.#parts()) {
      if (!(part instanceof OwnedTensor || found.has(part))) found.set(part, name);
    }
    return Array.from(found, ([part, name]) => [name, part]);
  }

  /** The values of {@link Module.namedChildren}. */
  children(): readonly AnyModule[] {
    return this.namedChildren().map(([, module]) => module);
  }

  /**
   * Parameters and persistent buffers under PyTorch's names, in PyTorch's order. They are the module's own tensors
   * and no copies; a shared one stands under each of its names.
   */
  stateDict(): StateDict {
    const state = new Map<string, Tensor>();
    for (const [path, module] of this.#walk()) {
      const own =
        module instanceof Module
          ? [...module.#own(Parameter), ...module.#own(Buffer).filter(([, { persistent }]) => persistent)]
          : foreignState(module);
      for (const [name, tensor] of own) state.set(join(path, name), tensor);
    }
    return state;
  }

  /**
   * Copies values in, whatever their dtype and device; nothing is copied where something does not fit.
   *
   * @throws TorchwrightError ERR_WEIGHTS_MISMATCH listing what is mis-shaped, missing and unexpected, ERR_INVALID_ARG
   */
  loadStateDict(
    state: StateDict | Readonly<Record<string, Tensor>>,
    options: {
      /** Default true; false allows missing and unexpected names, never other shapes. */
      readonly strict?: boolean;
    } = {},
  ): StateReport {
    const { strict = true } = checkOptions("loadStateDict", options, ["strict"]);
    return copyState(`${this.constructor.name}.loadStateDict`, this.stateDict(), state, strict);
  }

  /**
   * Moves or converts all parameters, gradients and buffers in place; only floating ones change their dtype.
   *
   * @throws TorchwrightError ERR_UNKNOWN_DTYPE for one that is not floating, ERR_UNKNOWN_DEVICE, ERR_DEVICE_UNAVAILABLE
   */
  async to(target: Device | FloatType | { readonly device?: string; readonly dtype?: FloatType }): Promise<this> {
    const move = readMove(target);
    for (const [, module] of this.#walk("", new Set())) {
      // A TorchScript module moves by itself: devices may stand in its code, too.
      if (!(module instanceof Module) && move.device !== undefined) await module.to(move.device);
    }
    await moveTensors(
      [...this.namedParameters(), ...this.namedBuffers()].map(([, tensor]) => tensor),
      move,
    );
    return this;
  }

  /** Turns dropout on (or off) here and in all parts. */
  train(mode = true): this {
    this.#training = mode;
    for (const child of this.children()) {
      if (child instanceof Module) child.train(mode);
      else if (mode) child.train();
      else child.eval();
    }
    return this;
  }

  /** Turns dropout off here and in all parts. */
  eval(): this {
    return this.train(false);
  }

  /** Freezes (false) or unfreezes all parameters. */
  requiresGrad_(requiresGrad = true): this {
    for (const parameter of this.parameters()) parameter.requiresGrad = requiresGrad;
    return this;
  }

  /** Frees the gradients of all parameters, in order behind what is queued. */
  zeroGrad(): void {
    zeroGrads(this.parameters());
  }

  /** Calls `fn` with every module below and then with this one, in PyTorch's order: for initialisation of one's own. */
  apply(fn: (module: AnyModule) => void): this {
    checkFunction("apply", fn);
    for (const child of this.children()) {
      if (child instanceof Module) child.apply(fn);
      else fn(child);
    }
    fn(this);
    return this;
  }

  /** Frees parameters, buffers and parts, shared ones too; harmless when repeated. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const [, part] of this.#parts()) part.dispose();
  }

  /** The same as `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

function isPart(value: unknown): value is Part {
  if (typeof value !== "object" || value === null) return false;
  return value instanceof Parameter || value instanceof Buffer || isAnyModule(value);
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
