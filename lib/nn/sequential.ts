/** Layers one after the other. */
import { describe, TorchwrightError } from "../errors";
import { ScriptModule } from "../jit/script-module";
import { Tensor } from "../tensor/tensor";
import { Module } from "./module";

/** A module from tensor to tensor, sync or async. A TorchScript module is given the tensor as its only argument. */
export type Layer =
  | (Module & {
      /** What the layer makes of the output of the one before. */
      readonly forward: (x: Tensor) => Tensor | Promise<Tensor>;
    })
  | ScriptModule;

/** When a layer answers: at once, later, or either. */
type Timing<L> = L extends ScriptModule
  ? "later"
  : L extends { forward(x: Tensor): infer R }
    ? [R] extends [Tensor]
      ? "now"
      : [R] extends [Promise<unknown>]
        ? "later"
        : "either"
    : never;

/** A tensor where every layer gives one, a promise where one of them does. */
export type SequentialOutput<L extends Layer> =
  "later" extends Timing<L> ? Promise<Tensor> : "either" extends Timing<L> ? Tensor | Promise<Tensor> : Tensor;

/**
 * Passes a tensor through its layers, as `torch.nn.Sequential`; they are named 0, 1, 2, … It answers at once, or with
 * a promise where one of the layers is async, as TorchScript modules are.
 *
 * @example
 * ```ts
 * import { nn, ops } from "torchwright";
 * const head = new nn.Sequential(new nn.Linear(8, 16), new nn.GELU(), new nn.Linear(16, 3));
 * console.log(head.forward(ops.randn([4, 8])).shape); // [4, 3]
 * console.log([...head.stateDict().keys()]); // 0.weight, 0.bias, 2.weight, 2.bias
 * ```
 */
export class Sequential<L extends readonly Layer[] = readonly Layer[]> extends Module {
  readonly #layers: readonly L[number][];

  /** @throws TorchwrightError ERR_INVALID_ARG for what is no module */
  constructor(...layers: L) {
    super();
    this.#layers = layers.map((layer: L[number], i) => this.register(String(i), layer));
  }

  /** How many layers it has. */
  get length(): number {
    return this.#layers.length;
  }

  /** The layer at a position; a negative one counts from the end. */
  at(index: number): L[number] | undefined {
    return this.#layers.at(index);
  }

  /** The layers in order. */
  [Symbol.iterator](): IterableIterator<L[number]> {
    return this.#layers[Symbol.iterator]();
  }

  /**
   * @throws TorchwrightError as the layers do; ERR_OUTPUT_NOT_UNDERSTOOD for a TorchScript module that gives no tensor
   */
  forward(x: Tensor): SequentialOutput<L[number]> {
    return this.#from(0, x) as SequentialOutput<L[number]>;
  }

  #from(start: number, x: Tensor): Tensor | Promise<Tensor> {
    let hidden = x;
    for (let i = start; i < this.#layers.length; i++) {
      const output = run(this.#layers[i] as Layer, hidden);
      if (output instanceof Promise) return output.then((value) => this.#from(i + 1, checked(value)));
      hidden = checked(output);
    }
    return hidden;
  }
}

function run(layer: Layer, x: Tensor): unknown {
  return layer instanceof ScriptModule ? layer.forward([x]) : layer.forward(x);
}

function checked(output: unknown): Tensor {
  if (output instanceof Tensor) return output;
  throw new TorchwrightError(
    "ERR_OUTPUT_NOT_UNDERSTOOD",
    `Sequential: expected every layer to give a tensor, got ${describe(output)}`,
  );
}
