/** The bracketed elements of a tensor, as PyTorch's `_tensor_str.py` lays them out. */
import { callInternal } from "../operators";
import type { Complex } from "../complex";
import type { NestedArray } from "../convert";
import { scope } from "../scope";
import type { Tensor } from "../tensor";
import type { Column } from "./column";
import { floatColumn, integerColumn } from "./column";

const EDGE_ITEMS = 3;
const SUMMARIZE_ABOVE = 1000;
export const LINE_WIDTH = 80;

interface Layout {
  readonly summarize: boolean;
  /** Text of an element, and the most characters that one takes. */
  readonly text: (element: NestedArray) => string;
  readonly width: number;
}

/**
 * `[[1., 2.], [3., 4.]]` over as many lines as it takes; above 1,000 elements only the first and last three of each
 * dimension. Only what is shown is read.
 *
 * @param indent columns before the first bracket
 */
export function elementsText(tensor: Tensor, indent: number): string {
  const { shape, numel, dtype } = tensor;
  if (numel === 0) return "[]";
  const summarize = numel > SUMMARIZE_ABOVE;
  const shown = scope(() => corners(tensor, summarize).toArray());
  const layout = { summarize, ...writer(leaves(shown), dtype) };
  return render(shown, shape, 0, indent, layout);
}

/** The tensor without the middle of its long dimensions. */
function corners(tensor: Tensor, summarize: boolean): Tensor {
  let result = tensor.dtype === "complex32" ? tensor.detach().to("complex64") : tensor.detach();
  if (!summarize) return result;
  tensor.shape.forEach((size, dim) => {
    if (size <= 2 * EDGE_ITEMS) return;
    const ends = [result.slice(dim, 0, EDGE_ITEMS), result.slice(dim, size - EDGE_ITEMS)];
    result = callInternal("cat", [ends, dim]) as Tensor;
  });
  return result;
}

function leaves(value: NestedArray): (number | bigint | boolean | Complex)[] {
  return Array.isArray(value) ? (value as readonly NestedArray[]).flatMap(leaves) : [value as number];
}

function writer(elements: readonly (number | bigint | boolean | Complex)[], dtype: string): Omit<Layout, "summarize"> {
  if (dtype.startsWith("complex")) return complexWriter(elements as readonly Complex[]);
  const column: Column = dtype.includes("float")
    ? floatColumn(elements as readonly number[])
    : integerColumn(elements as readonly number[]);
  return { width: column.width, text: (element) => column.format(element as number) };
}

function complexWriter(elements: readonly Complex[]): Omit<Layout, "summarize"> {
  const real = floatColumn(elements.map(({ re }) => re));
  const imaginary = floatColumn(elements.map(({ im }) => im));
  const text = (element: NestedArray): string => {
    const { re, im } = element as Complex;
    const part = `${imaginary.format(im)}j`.trimStart();
    return real.format(re) + (part.startsWith("-") ? part : `+${part}`);
  };
  return { width: real.width + imaginary.width + 1, text };
}

function render(value: NestedArray, shape: readonly number[], dim: number, indent: number, layout: Layout): string {
  if (dim === shape.length) return layout.text(value);
  const last = dim === shape.length - 1;
  const cut = layout.summarize && (shape[dim] ?? 0) > 2 * EDGE_ITEMS;
  const parts = (value as readonly NestedArray[]).map((item) => render(item, shape, dim + 1, indent + 1, layout));
  if (cut) parts.splice(EDGE_ITEMS, 0, last ? " ..." : "...");
  const next = `\n${" ".repeat(indent + 1)}`;
  if (last) {
    return `[${lines(parts, Math.max(1, Math.floor((LINE_WIDTH - indent) / (layout.width + 2)))).join(`,${next}`)}]`;
  }
  const blank = "\n".repeat(shape.length - dim - 2);
  return `[${parts.join(`,${blank}${next}`)}]`;
}

function lines(parts: readonly string[], perLine: number): string[] {
  const rows: string[] = [];
  for (let i = 0; i < parts.length; i += perLine) rows.push(parts.slice(i, i + perLine).join(", "));
  return rows;
}
