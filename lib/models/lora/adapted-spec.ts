/** A model's description with LoRA's updates in it: compiled, it is one native call as the model without. */
import type { ModuleSpec } from "../../native/requests";
import type { Handle } from "../../native/values";
import type { AdaptedLayer } from "./adapter-plan";
import { factorNames } from "./factors";

// In the order in which PEFT computes, and in its types: an adapter may be float32 in a model of halves.
const LORA_LINEAR = `
def forward(self, x: Tensor) -> Tensor:
    y = torch.linear(x, self.weight, self.bias)
    x = torch.dropout(x.to(self.lora_A.weight.dtype), self.lora_dropout_p, self.training)
    return (y + self.lora_B.forward(self.lora_A.forward(x)) * self.scaling).to(y.dtype)

def merged_weight(self) -> Tensor:
    update = torch.matmul(self.lora_B.weight, self.lora_A.weight) * self.scaling
    return (self.weight + update).to(self.weight.dtype)
`;

const LORA_FACTOR = `
def forward(self, x: Tensor) -> Tensor:
    return torch.linear(x, self.weight)
`;

/** The method of an adapted layer that gives its weight with the update in it. */
export const MERGED_WEIGHT = "merged_weight";

/**
 * The description of a model whose layers have updates.
 *
 * @param factors handles under the {@link factorNames} of the layers
 */
export function adaptedSpec(
  model: ModuleSpec,
  layers: readonly AdaptedLayer[],
  dropout: number,
  factors: ReadonlyMap<string, Handle>,
): ModuleSpec {
  const byPath = new Map(layers.map((layer) => [layer.path, layer]));
  const variants = new Map<string, string[]>();
  const factor = (name: string): ModuleSpec => ({
    className: "LoraFactor",
    source: LORA_FACTOR,
    parameters: { weight: factors.get(name) as Handle },
  });
  const visit = (spec: ModuleSpec, path: string): ModuleSpec => {
    const layer = byPath.get(path);
    if (layer) {
      const [a, b] = factorNames(layer);
      return {
        ...spec,
        className: "LoraLinear",
        source: LORA_LINEAR,
        attributes: { scaling: layer.scaling, lora_dropout_p: dropout },
        floats: ["scaling", "lora_dropout_p"],
        modules: [
          ["lora_A", factor(a)],
          ["lora_B", factor(b)],
        ],
      };
    }
    if (!spec.modules) return spec;
    const modules = spec.modules.map(
      ([name, part]) => [name, visit(part, path === "" ? name : `${path}.${name}`)] as const,
    );
    return { ...spec, className: variantOf(spec, modules.map(([, part]) => part.className).join()), modules };
  };
  /**
   * Modules of one class share one compiled type, which knows the types of its parts: with other parts it is another
   * class.
   */
  const variantOf = ({ className, modules = [] }: ModuleSpec, parts: string): string => {
    if (parts === modules.map(([, part]) => part.className).join()) return className;
    const known = variants.get(className) ?? [];
    if (!known.includes(parts)) known.push(parts);
    variants.set(className, known);
    return `Lora${className}${known.indexOf(parts)}`;
  };
  return visit(model, "");
}
