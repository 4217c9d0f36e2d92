#include "operator_guards.h"

#include <limits>
#include <string_view>

namespace torchwright {
namespace {

struct Rule {
  std::string_view base;  // operator without overload
  std::string_view argument;
  BoundKind kind;
  double least = 0;
  double most = 0;
};

// Polynomials are computed by recursion from 0 to n, for every element.
constexpr double kMaxDegree = 10000;
// Counts and rates beyond are drawn by loops that do not end.
constexpr double kMaxRate = 1e15;

// As many as an argument may have.
constexpr double kMostTensors = 1 << 20;

constexpr double kMaxDouble = std::numeric_limits<double>::max();

constexpr Rule kRules[] = {
    // Divides by it, in `range` after it was made an integer.
    {"native_channel_shuffle", "groups", BoundKind::kRange, 1, kMaxRate},
    {"range", "step", BoundKind::kStep},
    // The lowest integer divided by -1 is none.
    {"div", "rounding_mode", BoundKind::kQuotient},
    {"divide", "rounding_mode", BoundKind::kQuotient},
    {"lcm", "other", BoundKind::kMultiple},
    // Negated or with 1 added, the last integers overflow, and loops over their bits do not end.
    {"random", "from", BoundKind::kRange, -0x1p63, 0x1p63 - 1024},
    {"linalg_matrix_power", "n", BoundKind::kRange, -0x1p63 + 1024, 0x1p63 - 1024},
    {"matrix_power", "n", BoundKind::kRange, -0x1p63 + 1024, 0x1p63 - 1024},
    {"special_chebyshev_polynomial_t", "n", BoundKind::kRange, -kMaxDegree, kMaxDegree},
    {"special_chebyshev_polynomial_u", "n", BoundKind::kRange, -kMaxDegree, kMaxDegree},
    {"special_chebyshev_polynomial_v", "n", BoundKind::kRange, -kMaxDegree, kMaxDegree},
    {"special_chebyshev_polynomial_w", "n", BoundKind::kRange, -kMaxDegree, kMaxDegree},
    {"special_shifted_chebyshev_polynomial_t", "n", BoundKind::kRange, -kMaxDegree, kMaxDegree},
    {"special_shifted_chebyshev_polynomial_u", "n", BoundKind::kRange, -kMaxDegree, kMaxDegree},
    {"special_shifted_chebyshev_polynomial_v", "n", BoundKind::kRange, -kMaxDegree, kMaxDegree},
    {"special_shifted_chebyshev_polynomial_w", "n", BoundKind::kRange, -kMaxDegree, kMaxDegree},
    {"special_hermite_polynomial_h", "n", BoundKind::kRange, -kMaxDegree, kMaxDegree},
    {"special_hermite_polynomial_he", "n", BoundKind::kRange, -kMaxDegree, kMaxDegree},
    {"special_laguerre_polynomial_l", "n", BoundKind::kRange, -kMaxDegree, kMaxDegree},
    {"special_legendre_polynomial_p", "n", BoundKind::kRange, -kMaxDegree, kMaxDegree},
    // Looks at each element of a window that its checks, in int32, took for a smaller one.
    {"max_pool1d", "kernel_size", BoundKind::kRange, -0x1p63, 0x1p31 - 1},
    // Makes as many tensors, whatever there is to split.
    {"tensor_split", "sections", BoundKind::kRange, -0x1p63, kMostTensors},
    {"hsplit", "sections", BoundKind::kRange, -0x1p63, kMostTensors},
    {"vsplit", "sections", BoundKind::kRange, -0x1p63, kMostTensors},
    {"dsplit", "sections", BoundKind::kRange, -0x1p63, kMostTensors},
    // The last element's place is compared with the memory's end after it has overflowed.
    {"as_strided", "stride", BoundKind::kStrides},
    {"as_strided_copy", "stride", BoundKind::kStrides},
    {"as_strided_scatter", "stride", BoundKind::kStrides},
    {"empty_strided", "stride", BoundKind::kStrides},
    {"new_empty_strided", "stride", BoundKind::kStrides},
    // Makes p numbers of each element.
    {"mvlgamma", "p", BoundKind::kRange, 1, kMaxDegree},
    {"special_multigammaln", "p", BoundKind::kRange, 1, kMaxDegree},
    // Sampling by rejection never accepts for infinity and NaN.
    {"poisson", "self", BoundKind::kFinite, 0, kMaxRate},
    {"binomial", "count", BoundKind::kFinite, 0, kMaxRate},
    // LAPACK goes beyond its memory after it has met NaN or infinity.
    {"linalg_eigvals", "self", BoundKind::kFinite, -kMaxDouble, kMaxDouble},
    {"linalg_eig", "self", BoundKind::kFinite, -kMaxDouble, kMaxDouble},
    // Rows are swapped without a look at their numbers.
    {"lu_solve", "LU_pivots", BoundKind::kPivots},
    {"linalg_lu_solve", "pivots", BoundKind::kPivots},
    {"linalg_ldl_solve", "pivots", BoundKind::kPivots},
    {"lu_unpack", "LU_pivots", BoundKind::kPivots},
    // Targets index the classes.
    {"ctc_loss", "targets", BoundKind::kClasses},
    // Written to bag by bag, whether there is one or not.
    {"embedding_bag", "offsets", BoundKind::kBags},
    // As many states are read of the second tensor as the first one has.
    {"lstm", "hx", BoundKind::kSameRows},
    // Sizes are checked, but neither how many there are nor that there is any element.
    {"lstm", "params", BoundKind::kWeights},
    {"gru", "params", BoundKind::kWeights},
    {"rnn_tanh", "params", BoundKind::kWeights},
    {"rnn_relu", "params", BoundKind::kWeights},
    {"lstm_cell", "hx", BoundKind::kMatrices},
    {"gru_cell", "hx", BoundKind::kMatrices},
    {"rnn_tanh_cell", "hx", BoundKind::kMatrices},
    {"rnn_relu_cell", "hx", BoundKind::kMatrices},
    // Lengths are checked unless `unsafe`, offsets never.
    {"segment_reduce", "unsafe", BoundKind::kRange, 0, 0},
    {"segment_reduce", "offsets", BoundKind::kAbsent},
};

}  // namespace

std::shared_ptr<const OperatorGuard> FindGuard(const c10::FunctionSchema& schema) {
  const std::string_view base = std::string_view(schema.name()).substr(sizeof("aten::") - 1);
  // An in-place form is as dangerous as the other.
  const std::string_view stem = base.ends_with('_') ? base.substr(0, base.size() - 1) : base;
  std::vector<OperatorGuard::Bound> bounds;
  for (size_t i = 0; i < schema.arguments().size(); ++i) {
    const c10::Argument& argument = schema.arguments()[i];
    for (const Rule& rule : kRules) {
      if (rule.argument != argument.name() || rule.base != stem) continue;
      bounds.push_back({i, argument.name(), rule.kind, rule.least, rule.most});
    }
  }
  if (bounds.empty()) return nullptr;
  return std::make_shared<const OperatorGuard>(std::move(bounds));
}

}  // namespace torchwright
