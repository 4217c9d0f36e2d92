/** Whether an operator's gradient is the one of finite differences, for the cases of the generator in float64. */
import { TorchwrightError } from "../../../lib/errors";
import { noGrad } from "../../../lib/autograd/grad-mode";
import { gradcheck } from "../../../lib/autograd/gradcheck";
import { op } from "../../../lib/tensor/operators";
import { scope } from "../../../lib/tensor/scope";
import { Tensor } from "../../../lib/tensor/tensor";
import type { Case } from "./case";
import { run, tensorsOf, toTensor } from "./case";
import { CONSTANT, DIFFERENTIATED_OUTPUTS, FORM } from "./hints/gradients";
import type { Operator } from "./schemas";

/**
 * What came out for one case; "no gradient" where no output requires grad, "refused" where the operator does not take
 * the case at all.
 */
export type Verdict =
  | { readonly kind: "right" | "no gradient" | "refused" | "complex input" | "not finite" }
  | { readonly kind: "wrong"; readonly message: string };

const call = (name: string, args: readonly unknown[]): Tensor => op(name, args) as Tensor;

/** Brings an input to the form that the operator wants. */
function restore(tensor: Tensor, form: "symmetric" | "lower" | "log-probabilities"): Tensor {
  if (form === "symmetric") return call("mul", [call("add", [tensor, call("transpose.int", [tensor, 0, 1])]), 0.5]);
  return form === "lower" ? call("tril", [tensor]) : call("log_softmax.int", [tensor, -1]);
}

/** The operator as a function of its tensors alone; an in-place form works on a copy of the first. */
function asFunction(item: Case, { base, inPlace }: Operator): (...tensors: Tensor[]) => Tensor[] {
  const { input, form } = FORM[base] ?? {};
  const outputs = DIFFERENTIATED_OUTPUTS[base];
  return (...tensors) => {
    let next = 0;
    const results = run(item, () => {
      const place = next++;
      const tensor = tensors[place];
      if (!tensor) throw new Error(`${item.operator}: expected ${tensors.length} tensors, got one more`);
      const wanted = form !== undefined && place === input ? restore(tensor, form) : tensor;
      return inPlace && place === 0 ? call("clone", [wanted]) : wanted;
    });
    const tensorResults = results.filter((result) => result instanceof Tensor);
    return outputs ? tensorResults.filter((_, i) => outputs.includes(i)) : tensorResults;
  };
}

function isFinite(output: Tensor): boolean {
  return call("all", [call("isfinite", [call("detach", [output])])]).item() === true;
}

/** Whether the operator refuses the case as such, whatever requires grad. */
function isRefused(forward: () => unknown): boolean {
  try {
    noGrad(forward);
    return false;
  } catch (error) {
    if (!(error instanceof TorchwrightError)) throw error;
    return true;
  }
}

/** Checks one case: every element of the Jacobian if `whole`, else a projection. */
export async function checkGradient(operator: Operator, item: Case, whole: boolean): Promise<Verdict> {
  return scope(async (): Promise<Verdict> => {
    const data = tensorsOf(item);
    const constant = CONSTANT[operator.base] ?? [];
    if (data.some(({ tensor }) => tensor.startsWith("complex"))) return { kind: "complex input" };
    const inputs = data.map((one, place) => {
      const tensor = call("clone", [toTensor(one)]);
      if (one.tensor === "float64" && !constant.includes(place)) tensor.requiresGrad = true;
      return tensor;
    });
    const fn = asFunction(item, operator);
    if (isRefused(() => fn(...inputs))) return { kind: "refused" };
    if (!inputs.some(({ requiresGrad }) => requiresGrad)) return { kind: "no gradient" };
    try {
      const outputs = fn(...inputs).filter(({ requiresGrad }) => requiresGrad);
      if (outputs.length === 0) return { kind: "no gradient" };
      if (!outputs.every(isFinite)) return { kind: "not finite" };
      await gradcheck(fn, inputs, { fastMode: !whole });
      return { kind: "right" };
    } catch (error) {
      if (!(error instanceof TorchwrightError)) throw error;
      return { kind: "wrong", message: error.message };
    }
  });
}
