/** Modules in a list. */
import { describe, TorchwrightError } from "../errors";
import { Module } from "./module";
import type { AnyModule } from "./part";

/**
 * Holds modules in order, as `torch.nn.ModuleList`; they are named 0, 1, 2, … An array in a field is found as well:
 * this class is for a list that grows.
 *
 * @example
 * ```ts
 * import { nn, Tensor } from "torchwright";
 * class Deep extends nn.Module {
 *   readonly layers = new nn.ModuleList([new nn.Linear(4, 4)]);
 *   forward(x: Tensor): Tensor { // [batch, 4] → [batch, 4]
 *     return [...this.layers].reduce((hidden, layer) => layer.forward(hidden).relu(), x);
 *   }
 * }
 * const model = new Deep();
 * model.layers.append(new nn.Linear(4, 4));
 * console.log([...model.stateDict().keys()]); // layers.0.weight, layers.0.bias, layers.1.weight, layers.1.bias
 * ```
 */
export class ModuleList<T extends AnyModule = AnyModule> extends Module {
  readonly #modules: T[] = [];

  /** @throws TorchwrightError ERR_INVALID_ARG for what is no module */
  constructor(modules: Iterable<T> = []) {
    super();
    if (typeof (modules as Partial<Iterable<T>> | undefined)?.[Symbol.iterator] !== "function") {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `ModuleList: expected modules in an array, got ${describe(modules)}`,
      );
    }
    for (const module of modules) this.append(module);
  }

  /** How many modules it has. */
  get length(): number {
    return this.#modules.length;
  }

  /** The module at a position; a negative one counts from the end. */
  at(index: number): T | undefined {
    return this.#modules.at(index);
  }

  /** Adds a module at the end. */
  append(module: T): this {
    this.#modules.push(this.register(String(this.#modules.length), module));
    return this;
  }

  /** The modules in order. */
  [Symbol.iterator](): IterableIterator<T> {
    return this.#modules[Symbol.iterator]();
  }

  /** @throws TorchwrightError ERR_INVALID_ARG always: a list computes nothing, its owner calls the modules */
  forward(): never {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      "ModuleList: expected its modules to be called one by one; the list has no forward",
    );
  }
}
