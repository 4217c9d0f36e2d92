/**
 * What gradients need beyond the calls: inputs that stay constant, inputs that must keep a form, and outputs that
 * count.
 */

/**
 * Tensors of the call, by place, by which libtorch has no derivative: weights, targets and samples that are data.
 * By name without overload and without the underscore of in-place forms.
 */
export const CONSTANT: Readonly<Record<string, readonly number[]>> = {
  batch_norm: [3, 4],
  cross_entropy_loss: [2],
  fractional_max_pool2d: [1],
  fractional_max_pool3d: [1],
  igamma: [0],
  igammac: [0],
  linalg_pinv: [1],
  nll_loss: [2],
  soft_margin_loss: [1],
  special_gammainc: [0],
  special_gammaincc: [0],
  special_zeta: [0],
};

/**
 * An input that must be of a form that a step in a single element leaves. The operator is checked behind a function
 * that restores the form: both triangles of a symmetric matrix, the lower one alone, or logarithms of probabilities.
 */
export const FORM: Readonly<
  Record<string, { readonly input: number; readonly form: "symmetric" | "lower" | "log-probabilities" }>
> = {
  cholesky: { input: 0, form: "symmetric" },
  linalg_cholesky: { input: 0, form: "symmetric" },
  linalg_cholesky_ex: { input: 0, form: "symmetric" },
  linalg_eigh: { input: 0, form: "symmetric" },
  linalg_eigvalsh: { input: 0, form: "symmetric" },
  cholesky_inverse: { input: 0, form: "lower" },
  cholesky_solve: { input: 1, form: "lower" },
  ctc_loss: { input: 0, form: "log-probabilities" },
};

/** Outputs with a gradient where not all have one: the others are by-products, or defined up to a factor. */
export const DIFFERENTIATED_OUTPUTS: Readonly<Record<string, readonly number[]>> = {
  native_group_norm: [0],
  linalg_eig: [0],
};

/** Outputs that are the same on every processor: eigenvectors and singular vectors are defined up to their sign. */
export const COMPARED_OUTPUTS: Readonly<Record<string, readonly number[]>> = {
  linalg_eig: [0],
  linalg_eigh: [0],
  linalg_svd: [1],
  svd: [1],
};
