/** Parameters in groups, as optimizers take them. */
import { describe, TorchwrightError } from "../errors";
import { checkOptions } from "../tensor/check-options";
import { Tensor } from "../tensor/tensor";

/** Parameters that share options; what a group leaves out comes from the optimizer. */
export interface ParamGroup {
  /** The group's parameters. */
  readonly params: readonly Tensor[];
  /** Its learning rate. Default: the optimizer's. */
  readonly lr?: number;
  /** Its weight decay. Default: the optimizer's. */
  readonly weightDecay?: number;
}

/** Parameters as a list, or as groups. */
export type ParamsOrGroups = readonly Tensor[] | readonly ParamGroup[];

/** @throws TorchwrightError ERR_INVALID_ARG for an empty list, what is no leaf, one parameter in two places, or a group with other options */
export function toGroups(params: ParamsOrGroups): readonly ParamGroup[] {
  const wrong = (got: unknown): TorchwrightError =>
    new TorchwrightError(
      "ERR_INVALID_ARG",
      `optimizer: expected tensors or groups { params: [...] }, got ${describe(got)}`,
    );
  if (!Array.isArray(params)) throw wrong(params);
  const [first] = params as readonly unknown[];
  const groups: readonly ParamGroup[] =
    first instanceof Tensor ? [{ params: params as readonly Tensor[] }] : (params as readonly ParamGroup[]);
  const seen = new Set<Tensor>();
  for (const group of groups) {
    if (!Array.isArray((group as Partial<ParamGroup> | null)?.params)) throw wrong(group);
    checkOptions("optimizer: a group", group, ["params", "lr", "weightDecay"]);
    for (const parameter of group.params) {
      if (!(parameter instanceof Tensor)) {
        throw new TorchwrightError(
          "ERR_INVALID_ARG",
          `optimizer: expected tensors as parameters, got ${describe(parameter)}`,
        );
      }
      if (!parameter.isLeaf) {
        throw new TorchwrightError(
          "ERR_INVALID_ARG",
          "optimizer: expected leaves as parameters, got a tensor that was computed from others, which no step would train",
        );
      }
      if (seen.has(parameter)) throw new TorchwrightError("ERR_INVALID_ARG", "optimizer: expected each parameter once");
      seen.add(parameter);
    }
  }
  if (seen.size === 0) throw new TorchwrightError("ERR_INVALID_ARG", "optimizer: expected parameters, got none");
  return groups;
}
