/**
 * What native code is asked for as a whole: a module to compile, a program of operators, a function, tensors of a file.
 */
import type { Handle } from "./values";

/** A module to compile: TorchScript source with the tensors and attributes it uses. */
export interface ModuleSpec {
  /** Qualified class name; modules of one name share one compiled type and must share `source`. */
  readonly className: string;
  /** Methods in TorchScript, as for `torch::jit::Module::define`. */
  readonly source: string;
  readonly parameters?: Readonly<Record<string, Handle>>;
  readonly buffers?: Readonly<Record<string, Handle>>;
  readonly attributes?: Readonly<Record<string, number | boolean | string>>;
  /** Names of numeric attributes that are TorchScript floats even where integral. */
  readonly floats?: readonly string[];
  readonly modules?: readonly (readonly [string, ModuleSpec])[];
}

/** An argument of a TorchScript method. */
export interface ArgumentSchema {
  /** Its name. */
  readonly name: string;
  /** Its type, as TorchScript writes it. */
  readonly type: string;
  /** Whether it may be left out. */
  readonly optional: boolean;
}

/** One call of a queued program; see {@link NativeAddon.queueProgram}. */
export type ProgramArgument =
  | { readonly list: number }
  | { readonly result: number }
  | { readonly tensor: Handle }
  | { readonly tensors: readonly Handle[] }
  | { readonly value: unknown };

export interface ProgramCall {
  /** Operator with its overload, `_foreach_add_.Scalar`. */
  readonly operator: string;
  /** All positional, then keyword arguments in schema order; missing trailing ones take defaults. */
  readonly args: readonly ProgramArgument[];
}

export interface Program {
  /** List 0: the parameters. List 1 is made where the program runs: their gradients. */
  readonly parameters: readonly Handle[];
  /** Lists 2 …: a tensor of each parameter's shape; rows without a gradient are left out of all lists. */
  readonly aligned: readonly (readonly Handle[])[];
  /** The lists after those: a scalar tensor for each parameter. */
  readonly scalars: readonly (readonly Handle[])[];
  readonly calls: readonly ProgramCall[];
  /** Which call's result to return. */
  readonly result?: number;
}

export interface SafetensorsEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Absolute byte offset in the file. */
  readonly offset: number;
  readonly bytes: number;
}

/** What the forward of a custom function left. */
export interface FunctionSpec {
  readonly inputs: readonly Handle[];
  readonly outputs: readonly Handle[];
  readonly saved: readonly Handle[];
  readonly dirty: readonly Handle[];
  readonly withoutGradient: readonly Handle[];
  /** Whether missing output gradients become zeros. */
  readonly materialize: boolean;
  /** Whether only a plain backward pass may reach it: of all leaves, without a graph of its own. */
  readonly wholeBackward: boolean;
}
