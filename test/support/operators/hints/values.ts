/** What arguments that are no tensors are given where the schema has no default. */
import type { CaseArgument } from "../case";
import { below, bools, ints } from "../wanted";
import type { Wanted } from "../wanted";

export type HintArgument = CaseArgument | Wanted | readonly HintArgument[];

/** By the argument's name, whatever the operator. */
export const BY_NAME: Readonly<Record<string, HintArgument>> = {
  dim: 0, dim0: 0, dim1: -1, axis: 0, axis0: 0, axis1: -1, source: 0, destination: -1, dimension: 0, n: 2, N: 2, k: 1, p: 2, ord: 2, pow: 2,
  chunks: 2, sections: 1, split_size: 1, size: 1, step: 1, start: 0, end: 1, length: 1, index: 0, repeats: 2, groups: 1, steps: 5,
  decimals: 1, row: 3, col: 4, window_length: 6, periodic: true, value: 0.75, fill_value: 1.5, other: 1.5, exponent: 3, weight: 0.25,
  min: -0.625, max: 0.625, threshold: 0.125, maxnorm: 1, base: 2, element: 0.75, test_element: 0.75, rounding_mode: "floor",
  mask: bools(2, 3), condition: bools(2, 3), dtype: { dtype: "float64" }, q: 0.25, alpha: 0.5, beta: 0.75, shifts: [1], stable: true, r: 2,
  s: 1.5, high: 5, upper: true, dx: 0.5, bins: 4, tol: 1e-3, rcond: 1e-3, memory_format: "contiguous", spacing: 0.5, approximate: "tanh",
};

/** Lists where the schema wants one: by the argument's name. */
export const LIST_BY_NAME: Readonly<Record<string, HintArgument>> = {
  dim: [0], dims: [0], size: [2, 3], shape: [-1], repeats: [2, 1], indices: [1], split_size: [1, 1], split_sizes: [1, 1], source: [0], destination: [1],
  shifts: [1], sizes: [2, 1], spacing: [0.5], stride: [3, 1], bins: [2, 2, 2], padding: [1, 1], pad: [1, 1],
};

/** By operator (without overload and trailing underscore), then by the argument's name. */
export const BY_OPERATOR: Readonly<Record<string, Readonly<Record<string, HintArgument>>>> = {
  amax: { dim: [0] }, amin: { dim: [0] }, aminmax: { dim: 0 },
  bitwise_and: { other: 3, self: 6 }, bitwise_or: { other: 3, self: 6 }, bitwise_xor: { other: 3, self: 6 },
  bitwise_left_shift: { other: 1, self: 3 }, bitwise_right_shift: { other: 1, self: 12 },
  arange: { start: 0.5, end: 4 }, range: { start: 0.5, end: 4 }, linspace: { start: 0.5, end: 4 }, logspace: { start: 0.5, end: 2 },
  expand: { size: [2, 2, 3] }, expand_copy: { size: [2, 2, 3] }, broadcast_to: { size: [2, 2, 3] },
  view: { size: [-1], dtype: { dtype: "float32" } }, view_copy: { size: [-1], dtype: { dtype: "float32" } }, sum_to_size: { size: [1, 3] },
  eye: { n: 3, m: 4 }, float_power: { self: 1.5 }, pow: { self: 1.5 }, remainder: { self: 5 }, xlogy: { self: 0.75 },
  fft_fftfreq: { n: 5 }, fft_rfftfreq: { n: 5 }, fft_irfft: { n: 4 }, fft_hfft: { n: 4 },
  flip: { dims: [0, 1] }, hsplit: { sections: 3, indices: [1, 2] }, tile: { dims: [2, 1] }, permute: { dims: [1, 0] }, permute_copy: { dims: [1, 0] },
  gradient: { dim: 0 }, histc: { bins: 4, min: -2, max: 2 }, histogram: { bins: 4 }, kthvalue: { k: 2 }, topk: { k: 2 },
  narrow: { start: ints([1], []) }, nuclear_norm: { dim: [0, 1] }, norm: { dim: [0] },
  special_zeta: { self: 1.5, other: 1.5 }, special_xlogy: { self: 0.75 }, special_xlog1py: { self: 0.75 },
  split: { split_size: 1 }, take: { index: below(6, 2, 2) }, tensor_split: { sections: 2, tensor_indices_or_sections: ints([2], []) },
  unflatten: { sizes: [2, 1] }, vsplit: { sections: 2, indices: [1] }, where: { self: 0.75, other: 1.5 }, isin: { element: 0.75 },
  combinations: { r: 2 }, can_cast: { from_: { dtype: "float32" }, to: { dtype: "int64" } },
  linalg_norm: { ord: "fro" }, linalg_matrix_norm: { ord: 2 }, linalg_vector_norm: { ord: 3 }, div: { rounding_mode: "trunc", other: 0.71875 },
  repeat_interleave: { repeats: 2 }, to: { dtype: { dtype: "float32" } }, mvlgamma: { p: 2 },
};
