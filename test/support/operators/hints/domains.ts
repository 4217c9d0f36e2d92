/** Where the elements of derived tensor arguments must lie: one domain for all, or one for each in turn. */
import type { Domain } from "../wanted";

const each = (domains: readonly Domain[], ...operators: string[]): [string, readonly Domain[]][] =>
  operators.map((name) => [name, domains]);

/** By name without overload and without the underscore of in-place forms. */
export const DOMAINS: ReadonlyMap<string, readonly Domain[]> = new Map([
  ...each(["inside"], "acos", "arccos", "asin", "arcsin", "atanh", "arctanh", "erfinv", "special_erfinv"),
  ...each(["above"], "acosh", "arccosh", "mvlgamma", "special_multigammaln", "special_zeta"),
  ...each(["unit"], "logit", "special_logit", "special_ndtri", "binary_cross_entropy"),
  ...each(
    ["positive"],
    "log",
    "log10",
    "log2",
    "log1p",
    "special_log1p",
    "sqrt",
    "rsqrt",
    "lgamma",
    "special_gammaln",
    "digamma",
    "special_digamma",
    "special_psi",
    "polygamma",
    "special_polygamma",
    "special_entr",
    "igamma",
    "igammac",
    "special_gammainc",
    "special_gammaincc",
    "float_power",
    "special_modified_bessel_k0",
    "special_modified_bessel_k1",
    "special_scaled_modified_bessel_k0",
    "special_scaled_modified_bessel_k1",
    "special_bessel_y0",
    "special_bessel_y1",
  ),
  ...each(["any", "positive"], "xlogy", "special_xlogy", "special_xlog1py", "kl_div", "polar"),
  ...each(["positive", "any"], "pow", "polar"),
  ...each(["any", "unit"], "binary_cross_entropy_with_logits"),
  ...each(["any", "any", "sign"], "cosine_embedding_loss", "margin_ranking_loss"),
  ...each(["any", "sign"], "hinge_embedding_loss", "soft_margin_loss"),
  ...each(["any", "any", "positive"], "addcdiv"),
  ...each(["positive", "positive"], "bitwise_left_shift", "bitwise_right_shift"),
  ...each(
    ["any", "degree"],
    ...["chebyshev_polynomial_t", "chebyshev_polynomial_u", "chebyshev_polynomial_v", "chebyshev_polynomial_w"].flatMap(
      (name) => [`special_${name}`, `special_shifted_${name}`],
    ),
    "special_hermite_polynomial_h",
    "special_hermite_polynomial_he",
    "special_laguerre_polynomial_l",
    "special_legendre_polynomial_p",
  ),
  ...each(["bool"], "where"),
]);
