/**
 * Operators that are not compared with PyTorch, and those whose gradient is not checked, each with its reason.
 *
 * The tests hold the list to what is true: an operator is compared or listed, and one that is listed though it
 * could be checked fails, unless its reason says that nothing may call it (`untried`).
 */

export interface LeftOut {
  readonly reason: string;
  /** Not even tried, because no test could learn from it. */
  readonly untried?: true;
  readonly operators: readonly string[];
}

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** Base names: `add` stands for `add_` as well. */
export const NOT_COMPARED: readonly LeftOut[] = [
  {
    reason: "draws random numbers",
    untried: true,
    operators: words(`alpha_dropout bernoulli binomial cauchy dropout exponential feature_alpha_dropout feature_dropout geometric log_normal
      multinomial native_dropout normal normal_functional poisson rand rand_like randint randint_like randn randn_like random randperm
      rrelu rrelu_with_noise rrelu_with_noise_functional uniform`),
  },
  {
    reason: "gives uninitialised memory",
    untried: true,
    operators: words("empty empty_like empty_permuted empty_quantized empty_strided new_empty new_empty_strided resize resize_as resize_as_sparse"),
  },
  {
    reason: "works on quantized or packed weights, whose arguments libtorch does not check",
    untried: true,
    operators: words(`fbgemm_linear_fp16_weight fbgemm_linear_fp16_weight_fp32_activation fbgemm_linear_int8_weight
      fbgemm_linear_int8_weight_fp32_activation fbgemm_linear_quantize_weight fbgemm_pack_gemm_matrix_fp16 fbgemm_pack_quantized_matrix
      quantized_gru quantized_gru_cell quantized_lstm quantized_lstm_cell quantized_rnn_relu_cell quantized_rnn_tanh_cell mkldnn_rnn_layer
      quantized_batch_norm quantized_max_pool1d quantized_max_pool2d quantized_max_pool3d choose_qparams_optimized`),
  },
];
