/** What a module may have besides modules of its own kind. */
import { native } from "../native/load";
import { ScriptModule } from "../jit/script-module";
import type { Device } from "../tensor/device";
import type { Tensor } from "../tensor/tensor";

/** Names with what they stand for, in order. @inline */
export type Named<T> = readonly (readonly [name: string, value: T])[];

/**
 * Whatever has parameters and modes: a {@link Module}, a TorchScript module, a BERT of this library. All of them can
 * be parts of one model.
 */
export interface AnyModule {
  /** Parameters with their names, nested ones with dots. */
  namedParameters(): Named<Tensor>;
  /** Buffers with their names. */
  namedBuffers?(): Named<Tensor>;
  /** Switches dropout and the like on. */
  train(): unknown;
  /** Switches dropout and the like off. */
  eval(): unknown;
  /** Moves parameters and buffers to a device. */
  to(device: Device): Promise<unknown>;
  /** Frees its tensors. */
  dispose(): void;
}

const METHODS = ["namedParameters", "train", "eval", "to", "dispose"] as const satisfies readonly (keyof AnyModule)[];

export function isAnyModule(value: object): value is AnyModule {
  return METHODS.every((method) => typeof (value as Record<string, unknown>)[method] === "function");
}

/**
 * The tensors of a module that is not written with `nn` as Python's `state_dict()` lists them: TorchScript's part by
 * part, parameters before buffers.
 */
export function foreignState(module: AnyModule): Named<Tensor> {
  const tensors = [...module.namedParameters(), ...(module.namedBuffers?.() ?? [])];
  if (!(module instanceof ScriptModule)) return tensors;
  const byPart = new Map<string, (readonly [string, Tensor])[]>(module.names().map((path) => [path, []]));
  for (const entry of tensors) byPart.get(entry[0].slice(0, Math.max(0, entry[0].lastIndexOf("."))))?.push(entry);
  return [...byPart.values()].flat();
}

/**
 * Drops what stands for a tensor that came before: parts of one TorchScript module have handles of their own on the
 * same parameters.
 */
export function distinct(tensors: Named<Tensor>): Named<Tensor> {
  const first = native().firstSame(tensors.map(([, { handle }]) => handle));
  return tensors.filter((_, i) => first[i] === i);
}
