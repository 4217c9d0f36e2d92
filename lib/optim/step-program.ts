/** Builds the program of an optimizer's step: operators over the parameters that have gradients, and their states. */
import type { ProgramArgument, ProgramCall } from "../native/requests";
import type { NativeResult } from "../native/values";
import { nativeInContext } from "../tensor/context";
import { Tensor } from "../tensor/tensor";
import type { Row } from "./optimizer-group";

/** A list of tensors that the program knows, or what an earlier call gave. */
export type Operand = { readonly list: number } | { readonly result: number };
type Argument = Operand | Tensor | readonly Tensor[] | number | boolean | null;

/** Names of the states that the program works on. */
export interface StateNames {
  /** Of the parameter's shape. */
  readonly shaped: readonly string[];
  /** Of one element. */
  readonly scalars: readonly string[];
}

export class StepProgram {
  readonly params: Operand = { list: 0 };
  readonly grads: Operand = { list: 1 };
  readonly #rows: readonly Row[];
  readonly #names: StateNames;
  readonly #calls: ProgramCall[] = [];

  constructor(rows: readonly Row[], names: StateNames) {
    this.#rows = rows;
    this.#names = names;
  }

  /** The states of a name, of those parameters that have gradients. */
  states(name: string): Operand {
    return { list: 2 + [...this.#names.shaped, ...this.#names.scalars].indexOf(name) };
  }

  /** Adds a call of an operator with its overload, arguments in the schema's order. */
  call(operator: string, ...args: readonly Argument[]): Operand {
    return { result: this.#calls.push({ operator, args: args.map(toProgram) }) - 1 };
  }

  /** Adds one to step counts; a step that is skipped does not count. */
  countStep(steps: Operand, foundInf: Tensor | undefined): void {
    this.call("_foreach_add_.Scalar", steps, 1);
    if (foundInf) this.call("_foreach_add_.Tensor", steps, foundInf, -1);
  }

  /** Where no parameter has a gradient, nothing happens. */
  queue(): Promise<NativeResult> {
    const handles = (name: string): readonly number[] => this.#rows.map(({ state }) => (state[name] as Tensor).handle);
    return nativeInContext().queueProgram({
      parameters: this.#rows.map(({ parameter }) => parameter.handle),
      aligned: this.#names.shaped.map(handles),
      scalars: this.#names.scalars.map(handles),
      calls: this.#calls,
    });
  }
}

function toProgram(argument: Argument): ProgramArgument {
  if (argument instanceof Tensor) return { tensor: argument.handle };
  if (isTensors(argument)) return { tensors: argument.map(({ handle }) => handle) };
  return typeof argument === "object" && argument !== null ? argument : { value: argument };
}

function isTensors(argument: Argument): argument is readonly Tensor[] {
  return Array.isArray(argument);
}
