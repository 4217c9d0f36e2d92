/** `toString` of a tensor: PyTorch's text, number for number. */
import { native } from "../../native/load";
import { callInternal } from "../operators";
import { scope } from "../scope";
import type { Tensor } from "../tensor";
import { elementsText, LINE_WIDTH } from "./elements";

const PREFIX = "tensor(";
/** Dtypes that the elements' form already tells. */
const UNSAID = new Set(["float32", "complex64", "int64", "bool"]);
/** Lines break where PyTorch's would, which writes `dtype=torch.float64`. */
const DROPPED = "torch.".length;

interface Body {
  readonly text: string;
  readonly notes: readonly string[];
  readonly breakFirst?: boolean;
}

/** `tensor([1., 2.], grad_fn=<MulBackward0>)`: what PyTorch prints, with dtypes and layouts named as here. */
export function formatTensor(tensor: Tensor): string {
  const { device, requiresGrad } = tensor;
  const { gradFn, layout, quantized } = native().details(tensor.handle);
  const body = device === "meta" ? metaBody(tensor) : quantized ? quantizedBody(tensor) : bodyOf(tensor, layout);
  const notes = device === "cpu" ? [...body.notes] : [`device='${device}'`, ...body.notes];
  if (layout !== "Strided") notes.push(`layout=${snakeCase(layout)}`);
  if (gradFn !== undefined) notes.push(`grad_fn=<${gradFn}>`);
  else if (requiresGrad) notes.push("requires_grad=True");
  return withNotes(PREFIX + body.text, notes, body.breakFirst ?? false);
}

function bodyOf(tensor: Tensor, layout: string): Body {
  if (layout === "Strided") return denseBody(tensor);
  return layout === "Mkldnn"
    ? scope(() => denseBody(callInternal("to_dense", [tensor]) as Tensor))
    : sparseBody(tensor, layout);
}

function denseBody(tensor: Tensor): Body {
  const { dtype, shape, numel } = tensor;
  if (numel > 0) {
    return { text: elementsText(tensor, PREFIX.length), notes: UNSAID.has(dtype) ? [] : [`dtype=${dtype}`] };
  }
  const notes = shape.length === 1 ? [] : [`size=${tuple(shape)}`];
  if (dtype !== "float32") notes.push(`dtype=${dtype}`);
  return { text: "[]", notes };
}

function metaBody({ dtype, shape }: Tensor): Body {
  return { text: "...", notes: [`size=${tuple(shape)}`, ...(dtype === "float32" ? [] : [`dtype=${dtype}`])] };
}

/** Quantized tensors have no dtype of ours: their values, and that they are. */
function quantizedBody(tensor: Tensor): Body {
  return scope(() => ({
    text: elementsText(callInternal("dequantize", [tensor]) as Tensor, PREFIX.length),
    notes: [`size=${tuple(tensor.shape)}`, "quantized=True"],
  }));
}

/** Which operators give the indices of a layout, and PyTorch's names for them. */
const INDICES: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  Sparse: [["_indices", "indices"]],
  SparseCsr: [
    ["crow_indices", "crow_indices"],
    ["col_indices", "col_indices"],
  ],
  SparseBsr: [
    ["crow_indices", "crow_indices"],
    ["col_indices", "col_indices"],
  ],
  SparseCsc: [
    ["ccol_indices", "ccol_indices"],
    ["row_indices", "row_indices"],
  ],
  SparseBsc: [
    ["ccol_indices", "ccol_indices"],
    ["row_indices", "row_indices"],
  ],
};

function sparseBody(tensor: Tensor, layout: string): Body {
  const indices = INDICES[layout];
  if (!indices) return { text: "...", notes: [`size=${tuple(tensor.shape)}`] };
  const operators = [...indices, [layout === "Sparse" ? "_values" : "values", "values"] as const];
  return scope(() => {
    const parts = operators.map(([operator, name]) => {
      const part = (callInternal(operator, [tensor]) as Tensor).detach();
      const prefix = `${name}=${PREFIX}`;
      const size = part.numel === 0 ? `, size=${tuple(part.shape)}` : "";
      return `${prefix}${elementsText(part, PREFIX.length + prefix.length)}${size})`;
    });
    const notes = [`size=${tuple(tensor.shape)}`, `nnz=${Number(callInternal("_nnz", [tensor]))}`];
    if (!UNSAID.has(tensor.dtype)) notes.push(`dtype=${tensor.dtype}`);
    return { text: parts.join(`,\n${" ".repeat(PREFIX.length)}`), notes, breakFirst: layout === "Sparse" };
  });
}

/** Adds notes behind the elements, on a new line where the line gets too long. */
function withNotes(text: string, notes: readonly string[], breakFirst: boolean): string {
  let result = text;
  // As PyTorch counts: one more than the characters of the last line, or two on a first line.
  let column = text.length - text.lastIndexOf("\n") + 1;
  notes.forEach((note, i) => {
    const length = note.length + (/^(dtype|layout)=/.test(note) ? DROPPED : 0);
    const wrap = (i === 0 && breakFirst) || column + length + 2 > LINE_WIDTH;
    result += wrap ? `,\n${" ".repeat(PREFIX.length)}${note}` : `, ${note}`;
    column = wrap ? PREFIX.length + length : column + length + 2;
  });
  return `${result})`;
}

/** Python's tuple: `(3,)` with one element. */
function tuple(shape: readonly number[]): string {
  return `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
}

/** `sparse_coo` for c10's `Sparse`, `sparse_csr` for `SparseCsr`. */
function snakeCase(layout: string): string {
  if (layout === "Sparse") return "sparse_coo";
  return layout === "Mkldnn" ? "_mkldnn" : layout.replace(/\B[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}
