/** From tensors by name to BERT's module. */
import { noGrad } from "../autograd/grad-mode";
import { ScriptModule } from "../jit/script-module";
import { outsideScopes } from "../tensor/context";
import type { Tensor } from "../tensor/tensor";
import type { BertConfig } from "./bert-config";
import type { Placement } from "./bert-options";
import { bertModuleSpec } from "./bert-source";
import type { ModelProblem } from "./model";

/** Compiles the module over the tensors; it shares their storage, so their own handles may go with the scope. */
export function compileBert(
  config: BertConfig,
  problem: ModelProblem,
  tensors: ReadonlyMap<string, Tensor>,
  { device, dtype }: Placement,
): ScriptModule {
  const handles = noGrad(
    () =>
      new Map(
        [...tensors].map(([name, tensor]) => {
          const placed = tensor.to({ dtype, device });
          placed.requiresGrad = true;
          return [name, placed.handle];
        }),
      ),
  );
  return outsideScopes(() => ScriptModule.compile(bertModuleSpec(config, problem, handles)));
}
