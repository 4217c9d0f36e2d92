/**
 * Operators that are not compared with PyTorch, and those whose gradient is not checked, each with its reason.
 *
 * `test/operators` holds the lists to what is true: an operator is checked or listed, and one that is listed though
 * it could be checked fails, unless its reason says that nothing is to call it (`untried`).
 */

export interface LeftOut {
  readonly reason: string;
  /** Not even tried, because no test could learn from it. */
  readonly untried?: true;
  readonly operators: readonly string[];
}

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** By base name: `add` stands for all its overloads and for `add_`. */
export const NOT_COMPARED: readonly LeftOut[] = [
  {
    reason: "draws random numbers",
    untried: true,
    operators:
      words(`alpha_dropout bernoulli binomial cauchy dropout exponential feature_alpha_dropout feature_dropout geometric log_normal
      multinomial native_dropout normal normal_functional poisson rand rand_like randint randint_like randn randn_like random randperm
      rrelu rrelu_with_noise rrelu_with_noise_functional uniform`),
  },
  {
    reason: "gives uninitialised memory",
    untried: true,
    operators: words(
      "empty empty_like empty_permuted empty_quantized empty_strided new_empty new_empty_strided resize resize_as resize_as_sparse set",
    ),
  },
  {
    reason: "works on quantized or packed weights, whose arguments libtorch does not check",
    untried: true,
    operators: words(`fbgemm_linear_fp16_weight fbgemm_linear_fp16_weight_fp32_activation fbgemm_linear_int8_weight
      fbgemm_linear_int8_weight_fp32_activation fbgemm_linear_quantize_weight fbgemm_pack_gemm_matrix_fp16 fbgemm_pack_quantized_matrix
      quantized_gru quantized_gru_cell quantized_lstm quantized_lstm_cell quantized_rnn_relu_cell quantized_rnn_tanh_cell mkldnn_rnn_layer
      quantized_batch_norm quantized_max_pool1d quantized_max_pool2d quantized_max_pool3d choose_qparams_optimized`),
  },
  {
    reason: "is refused by the addon",
    untried: true,
    operators:
      words(`batch_norm_update_stats from_file native_batch_norm native_group_norm set_data slow_conv3d slow_conv3d_forward
      slow_conv_dilated2d slow_conv_dilated3d slow_conv_transpose2d slow_conv_transpose3d thnn_conv2d`),
  },
  {
    reason: "takes or gives sparse tensors, which no typed array holds",
    operators:
      words(`ccol_indices ccol_indices_copy coalesce col_indices col_indices_copy copy_sparse_to_sparse crow_indices crow_indices_copy
      hspmm indices indices_copy is_coalesced native_norm row_indices row_indices_copy smm sparse_bsc_tensor sparse_bsr_tensor
      sparse_compressed_tensor sparse_coo_tensor sparse_csc_tensor sparse_csr_tensor sparse_mask sparse_resize sparse_resize_and_clear
      sparse_sampled_addmm sspaddmm to_sparse to_sparse_bsc to_sparse_bsr to_sparse_csc to_sparse_csr values values_copy`),
  },
  {
    reason: "takes or gives quantized tensors, which no typed array holds",
    operators:
      words(`int_repr q_per_channel_axis q_per_channel_scales q_per_channel_zero_points q_scale q_zero_point qscheme
      quantize_per_channel quantize_per_tensor quantize_per_tensor_dynamic`),
  },
  {
    reason: "takes or gives tensors in MKL-DNN's opaque layout",
    operators:
      words(`mkldnn_adaptive_avg_pool2d mkldnn_linear mkldnn_max_pool2d mkldnn_max_pool3d mkldnn_reorder_conv2d_weight
      mkldnn_reorder_conv3d_weight to_mkldnn`),
  },
  { reason: "takes nested tensors", operators: words("nested_to_padded_tensor to_padded_tensor") },
  {
    reason: "has a kernel for CUDA, cuDNN or MIOpen only",
    operators:
      words(`batch_norm_elemt batch_norm_gather_stats batch_norm_gather_stats_with_counts batch_norm_stats conv_depthwise3d
      convolution_overrideable cudnn_affine_grid_generator cudnn_batch_norm cudnn_convolution cudnn_convolution_add_relu
      cudnn_convolution_relu cudnn_convolution_transpose cudnn_grid_sampler miopen_batch_norm miopen_convolution
      miopen_convolution_add_relu miopen_convolution_relu miopen_convolution_transpose miopen_ctc_loss miopen_depthwise_convolution
      miopen_rnn`),
  },
  {
    reason: "needs an accelerator, a stream or distributed autograd",
    operators: words("get_gradients pin_memory record_stream"),
  },
  { reason: "marks a tensor of a graph, which the cases have none of", operators: words("retain_grad") },
];

/**
 * By base name, by one form or overload of it (`acosh_`, `scatter.reduce`), or by base name and shape
 * (`mse_loss broadcast`). What is not compared with PyTorch is left out here as well.
 */
export const NOT_DIFFERENTIATED: readonly LeftOut[] = [
  {
    reason: "libtorch has no derivative for it and says so in backward",
    operators: words(`acosh_ arccosh_ arcsinh_ arctanh_ asinh_ atanh_ bincount copy dequantize detach_copy
      embedding_renorm floor_divide geqrf glu_jvp heaviside histogram histogramdd linalg__powsum linalg_ldl_factor linalg_ldl_factor_ex
      linalg_ldl_solve linspace logspace native_channel_shuffle remainder.Scalar_Tensor scatter.reduce scatter.value_reduce
      scatter_.reduce scatter_.value_reduce unique_consecutive unique_dim unique_dim_consecutive view_as_complex_copy`),
  },
  {
    reason: "takes integers and booleans only",
    operators: words("bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor gcd lcm"),
  },
  {
    reason: "takes no float64, which finite differences need",
    operators: words("fake_quantize_per_channel_affine fake_quantize_per_channel_affine_cachemask mkldnn_convolution"),
  },
  {
    reason: "takes complex inputs, which gradcheck does not vary",
    operators: words("imag istft view_as_real view_as_real_copy"),
  },
  { reason: "libtorch's backward trips over an in-place change of its own forward", operators: words("vander") },
  {
    reason: "rounds to a dtype that is too coarse for finite differences",
    operators: words("chalf to.dtype to.dtype_layout"),
  },
  {
    reason: "has the straight-through gradient, which is not that of the rounding function",
    operators: words("fake_quantize_per_tensor_affine fake_quantize_per_tensor_affine_cachemask"),
  },
  {
    reason: "libtorch passes the gradient through, though the result no longer depends on the input",
    operators: words("logical_and_ logical_not_ logical_or_ logical_xor_ as_strided_scatter"),
  },
  {
    // A libtorch defect at this level; PyTorch's functional form expands both to one shape first.
    reason: "libtorch divides the mean's gradient for a smaller target by the target's size, not by the result's",
    operators: words(
      "binary_cross_entropy~broadcast huber_loss~broadcast mse_loss~broadcast smooth_l1_loss~broadcast",
    ).map((name) => name.replace("~", " ")),
  },
];
