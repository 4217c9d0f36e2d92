/** `toString` of a tensor: short, like PyTorch's. */
import type { NestedArray } from "./convert";
import type { Tensor } from "./tensor";

const EDGE_ITEMS = 3;
const SUMMARIZE_ABOVE = 1000;

/** `tensor([[1, 2], [3, 4]], dtype=int64)`; long ones are cut in the middle of each dimension. */
export function formatTensor(tensor: Tensor): string {
  const { dtype, device, shape, requiresGrad } = tensor;
  const notes = [
    dtype === "float32" ? "" : `, dtype=${dtype}`,
    device === "cpu" ? "" : `, device=${device}`,
    requiresGrad ? ", requiresGrad" : "",
  ].join("");
  if (device === "meta" || dtype.startsWith("complex")) return `tensor(..., shape=[${shape.join(", ")}]${notes})`;
  if (shape.includes(0)) return `tensor([], shape=[${shape.join(", ")}]${notes})`;
  return `tensor(${render(tensor.toArray(), tensor.numel > SUMMARIZE_ABOVE, "       ")}${notes})`;
}

function render(value: NestedArray, summarize: boolean, indent: string): string {
  if (typeof value === "number") return String(Number(value.toPrecision(5)));
  if (!Array.isArray(value)) return String(value);
  const rows = value as readonly NestedArray[];
  const cut = summarize && rows.length > 2 * EDGE_ITEMS;
  const shown = cut ? [...rows.slice(0, EDGE_ITEMS), ...rows.slice(-EDGE_ITEMS)] : rows;
  const parts = shown.map((row) => render(row, summarize, `${indent} `));
  if (cut) parts.splice(EDGE_ITEMS, 0, "...");
  return `[${parts.join(Array.isArray(rows[0]) ? `,\n${indent} ` : ", ")}]`;
}
