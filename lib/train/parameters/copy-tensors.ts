/** Many tensors at once, in the order of what is queued. */
import type { ProgramCall } from "../../native/requests";
import { nativeInContext, outsideScopes } from "../../tensor/context";
import { ops } from "../../tensor/ops";
import { scope } from "../../tensor/scope";
import type { Tensor } from "../../tensor/tensor";

/** Runs a foreach operator off the JavaScript thread, behind what was queued and in front of what comes. */
export async function queueForeach(operator: string, ...lists: readonly (readonly Tensor[] | number)[]): Promise<void> {
  const args: ProgramCall["args"] = lists.map((list) =>
    typeof list === "number" ? { value: list } : { tensors: list.map(({ handle }) => handle) },
  );
  await nativeInContext().queueProgram({ parameters: [], aligned: [], scalars: [], calls: [{ operator, args }] });
}

/** Values of `from` into tensors of the same shapes. */
export async function copyTensors(to: readonly Tensor[], from: readonly Tensor[]): Promise<void> {
  if (to.length > 0) await queueForeach("_foreach_copy_", to, from);
}

/** Unfilled tensors of the same shapes, which the caller disposes. */
export function emptyCopies(tensors: readonly Tensor[]): readonly Tensor[] {
  return outsideScopes(() => scope(() => tensors.map((tensor) => ops.emptyLike(tensor)))); // all or none
}
