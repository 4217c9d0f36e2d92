/** State dictionaries: what they are, and reading one into a module. */
import { describe, TorchwrightError } from "../errors";
import { noGrad } from "../autograd/grad-mode";
import { scope } from "../tensor/scope";
import { Tensor } from "../tensor/tensor";

/** Tensors by PyTorch's names, in PyTorch's order. */
export type StateDict = ReadonlyMap<string, Tensor>;

/** What `loadStateDict` found beside the tensors that fit; `missing_keys` and `unexpected_keys` in PyTorch. */
export interface StateReport {
  /** Names that the module has and the dictionary lacks; these kept their values. */
  readonly missing: readonly string[];
  /** Names of the dictionary that the module does not have. */
  readonly unexpected: readonly string[];
}

/**
 * Copies `given` into the tensors of `own`, all or none.
 *
 * @throws TorchwrightError ERR_WEIGHTS_MISMATCH for shapes that differ and, where `strict`, missing and unexpected
 *   names; ERR_INVALID_ARG for what is no tensor; ERR_TENSOR_DISPOSED
 */
export function copyState(
  operation: string,
  own: StateDict,
  given: StateDict | Readonly<Record<string, Tensor>>,
  strict: boolean,
): StateReport {
  if (typeof given !== "object" || (given as unknown) === null) {
    throw new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected tensors by name, got ${describe(given)}`);
  }
  const state: StateDict =
    given instanceof Map ? (given as StateDict) : new Map(Object.entries(given as Readonly<Record<string, Tensor>>));
  for (const [name, tensor] of state) {
    if (!(tensor instanceof Tensor)) {
      throw new TorchwrightError(
        "ERR_INVALID_ARG",
        `${operation}: expected a tensor for ${JSON.stringify(name)}, got ${describe(tensor)}`,
      );
    }
  }
  const missing = [...own.keys()].filter((name) => !state.has(name));
  const unexpected = [...state.keys()].filter((name) => !own.has(name));
  const misshaped = [...own].flatMap(([name, { shape }]) => {
    const found = state.get(name)?.shape;
    return found && found.join() !== shape.join()
      ? [`${name} is [${found.join(", ")}], the module's is [${shape.join(", ")}]`]
      : [];
  });
  if (misshaped.length > 0 || (strict && missing.length + unexpected.length > 0)) {
    throw new TorchwrightError(
      "ERR_WEIGHTS_MISMATCH",
      `${operation}: expected the module's own names and shapes.` +
        list("mis-shaped", misshaped) +
        list("missing", missing) +
        list("unexpected", unexpected),
    );
  }
  // The scope frees the handles that copy_ returns.
  scope(() =>
    noGrad(() => own.forEach((tensor, name) => void (state.has(name) && tensor.copy_(state.get(name) as Tensor)))),
  );
  return { missing, unexpected };
}

function list(title: string, names: readonly string[]): string {
  if (names.length === 0) return "";
  const shown = names.slice(0, 10).join("; ");
  return ` ${title} (${names.length}): ${shown}${names.length > 10 ? "; …" : ""}.`;
}
