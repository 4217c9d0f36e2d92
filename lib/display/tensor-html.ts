/**
 * A tensor for a notebook: what it is, what is in it, and of vectors and matrices a table whose colours follow the
 * values.
 */
import { escapeHtml } from "../data/inspect/escape-html";
import { significant } from "../data/inspect/numbers";
import { round } from "../data/inspect/svg";
import { noGrad } from "../autograd/grad-mode";
import { native } from "../native/load";
import { ops } from "../tensor/ops";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import { element } from "./element";

/** Rows and columns up to which a matrix is whole, and how many are shown of either end of a longer one. */
const ROWS = { whole: 16, ends: 5 };
const COLUMNS = { whole: 12, ends: 4 };

/** Red, green, blue of numbers above and below zero. */
const ABOVE = "59,130,196";
const BELOW = "217,119,6";

/** Only what is shown is read back. */
export function tensorHtml(tensor: Tensor): string {
  if (tensor.disposed) return element("Tensor, disposed", "");
  const { dtype, shape, device, requiresGrad, numel } = tensor;
  const { gradFn, layout, quantized } = native().details(tensor.handle);
  const origin = gradFn !== undefined ? [`from ${gradFn}`] : requiresGrad ? ["requires a gradient"] : [];
  const heading = `Tensor ${[`${dtype} [${shape.join(", ")}]`, device, ...origin].join(", ")}`;
  const plain = numel === 0 || layout !== "Strided" || quantized || device === "meta" || dtype.startsWith("complex");
  if (plain) return element(heading, text(tensor));
  const flat = shape.length === 1 || shape.length === 2;
  return noGrad(() => scope(() => element(heading, statistics(tensor) + (flat ? table(tensor) : text(tensor)))));
}

function text(tensor: Tensor): string {
  return `<pre>${String(tensor).split("\n").map(escapeHtml).join("\n")}</pre>`;
}

/** Of the finite elements. Nothing for a single number, which says it itself. */
function statistics(tensor: Tensor): string {
  const { numel, dtype } = tensor;
  if (numel === 1 || dtype === "bool") return "";
  const floating = dtype.includes("float");
  // Half precision would lose the sum; small floats have no minimum of their own everywhere.
  const all = dtype === "float64" || dtype === "float32" || !floating ? tensor.detach() : tensor.detach().to("float32");
  const finite = all.isfinite();
  const odd = floating ? numel - Number(finite.sum().item()) : 0;
  const values = odd > 0 ? all.at(finite) : all;
  const of = (name: string, value: Tensor): string => `${name} ${valueText(value.item() as Value)}`;
  const range =
    odd === numel
      ? []
      : [of("min", values.min()), ...(floating ? [of("mean", values.mean())] : []), of("max", values.max())];
  return `<p class="dim">${escapeHtml([...range, ...(odd > 0 ? [`${odd} not finite`] : [])].join(" · "))}</p>`;
}

type Value = number | bigint | boolean;

function table(tensor: Tensor): string {
  const matrix = tensor.shape.length === 1 ? tensor.detach().unsqueeze(0) : tensor.detach(); // [rows, columns]
  const [rows = 0, columns = 0] = matrix.shape;
  const [top, left] = [ends(rows, ROWS), ends(columns, COLUMNS)];
  const across = left.gap ? ops.cat([matrix.slice(1, 0, left.first), matrix.slice(1, columns - left.last)], 1) : matrix;
  const corners = top.gap ? ops.cat([across.slice(0, 0, top.first), across.slice(0, rows - top.last)], 0) : across;
  const values = corners.toArray() as unknown as readonly (readonly Value[])[];
  const most = Math.max(
    ...values
      .flat()
      .map((value) => Math.abs(Number(value)))
      .filter(Number.isFinite),
    0,
  );
  const lines = values.map((row) => {
    const cells = row.map((value) => `<td${shade(Number(value), most)}>${escapeHtml(valueText(value))}</td>`);
    if (left.gap) cells.splice(left.first, 0, '<td class="gap">…</td>');
    return `<tr>${cells.join("")}</tr>`;
  });
  if (top.gap) {
    lines.splice(
      top.first,
      0,
      `<tr><td class="gap" colspan="${left.first + left.last + (left.gap ? 1 : 0)}">⋮</td></tr>`,
    );
  }
  return `<div class="wide"><table class="tensor"><tbody>${lines.join("")}</tbody></table></div>`;
}

function ends(
  size: number,
  { whole, ends: most }: typeof ROWS,
): { readonly first: number; readonly last: number; readonly gap: boolean } {
  return size <= whole ? { first: size, last: 0, gap: false } : { first: most, last: most, gap: true };
}

function shade(value: number, most: number): string {
  const share = most > 0 && Number.isFinite(value) ? Math.abs(value) / most : 0;
  return share === 0 ? "" : ` style="background:rgba(${value > 0 ? ABOVE : BELOW},${round(0.45 * share)})"`;
}

function valueText(value: Value): string {
  return typeof value === "number" && Number.isFinite(value) ? significant(value) : String(value);
}
