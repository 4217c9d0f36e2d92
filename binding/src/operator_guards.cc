#include "operator_guards.h"

#include <ATen/core/TensorBody.h>
#include <ATen/ops/eq.h>
#include <ATen/ops/result_type.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/view_as_real.h>
#include <c10/core/GradMode.h>

#include <cmath>
#include <limits>
#include <sstream>
#include <string_view>

#include "error.h"
#include "tensor.h"

namespace torchwright {
namespace {

using Bound = OperatorGuard::Bound;

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

constexpr double kMaxDouble = std::numeric_limits<double>::max();

constexpr Rule kRules[] = {
    // Divides by it, in `range` after it was made an integer.
    {"native_channel_shuffle", "groups", BoundKind::kRange, 1, kMaxRate},
    {"range", "step", BoundKind::kStep},
    // The lowest integer divided by -1 is none.
    {"div", "rounding_mode", BoundKind::kQuotient},
    {"divide", "rounding_mode", BoundKind::kQuotient},
    {"lcm", "other", BoundKind::kMultiple},
    // Adds 1 to it, and counts the bits of what has overflowed.
    {"random", "from", BoundKind::kRange, -0x1p63, 0x1p63 - 1024},
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
    // Targets index the classes.
    {"ctc_loss", "targets", BoundKind::kClasses},
    // Written to bag by bag, whether there is one or not.
    {"embedding_bag", "offsets", BoundKind::kBags},
    // As many states are read of the second tensor as the first one has.
    {"lstm", "hx", BoundKind::kSameRows},
    // Lengths are checked unless `unsafe`, offsets never.
    {"segment_reduce", "unsafe", BoundKind::kRange, 0, 0},
    {"segment_reduce", "offsets", BoundKind::kAbsent},
};

[[noreturn]] void OutOfBounds(const std::string& name, const Bound& bound, double got) {
  std::ostringstream message;
  message << name << ": expected " << bound.argument << " from " << bound.least << " to "
          << bound.most << ", got " << got;
  Fail("ERR_OPERATOR_ARGS", message.str());
}

void CheckNumber(const std::string& name, const Bound& bound, double value) {
  if (std::isnan(value) && bound.kind == BoundKind::kRange) return;
  if (!(value >= bound.least && value <= bound.most)) OutOfBounds(name, bound, value);
}

void CheckTensor(const std::string& name, const Bound& bound, const at::Tensor& tensor) {
  // A meta tensor has no elements, and its operators no kernels that could run for ever.
  if (!tensor.defined() || tensor.is_meta() || tensor.numel() == 0) return;
  const c10::AutoGradMode no_grad(false);
  const at::Tensor values = tensor.layout() == at::kStrided ? tensor : tensor.to_dense();
  at::Tensor numbers = values.detach();
  if (numbers.is_complex()) {
    if (bound.kind != BoundKind::kFinite) return;  // no operator takes complex numbers there
    numbers = at::view_as_real(numbers.to(at::kComplexDouble));
  }
  numbers = numbers.to(at::kDouble);
  if (bound.kind == BoundKind::kPivots) numbers = numbers.abs();
  // A NaN among the elements is the result of both.
  if (bound.kind == BoundKind::kRange) numbers = numbers.nan_to_num(bound.most);
  CheckNumber(name, bound, numbers.min().item<double>());
  CheckNumber(name, bound, numbers.max().item<double>());
}

void CheckValue(const std::string& name, const Bound& bound, const c10::IValue& value) {
  if (value.isTensor()) {
    CheckTensor(name, bound, value.toTensor());
  } else if (value.isBool()) {
    CheckNumber(name, bound, value.toBool() ? 1 : 0);
  } else if (value.isInt()) {
    CheckNumber(name, bound, static_cast<double>(value.toInt()));
  } else if (value.isDouble()) {
    CheckNumber(name, bound, value.toDouble());
  } else if (value.isIntList()) {
    for (const int64_t element : value.toIntVector()) {
      CheckNumber(name, bound, static_cast<double>(element));
    }
  }
}

void CheckSameRows(const std::string& name, const Bound& bound, const c10::IValue& value) {
  if (!value.isTensorList()) return;
  const std::vector<at::Tensor> tensors = value.toTensorVector();
  for (const at::Tensor& tensor : tensors) {
    if (tensor.dim() < 1 || tensor.size(0) != tensors[0].size(0)) {
      Fail("ERR_OPERATOR_ARGS", name + ": expected " + bound.argument + " of one length");
    }
  }
}

// Offsets of bags into the indices that stand before them.
void CheckBags(const std::string& name, const at::Tensor& indices, const at::Tensor& offsets) {
  if (indices.dim() != 1 || offsets.dim() != 1) {
    Fail("ERR_OPERATOR_ARGS", name + ": expected indices and offsets of 1 dimension");
  }
  if (offsets.numel() == 0 && indices.numel() > 0) {
    Fail("ERR_OPERATOR_ARGS", name + ": expected an offset for each bag, got none");
  }
}

// `range` converts all three to the dtype that is asked for, where a fraction becomes 0 as an
// integer, and divides the span by the step.
void CheckStep(const std::string& name, const torch::jit::Stack& stack, size_t step_index) {
  const c10::IValue& dtype = stack[step_index + 1];
  if (!dtype.isInt() || !c10::isIntegralType(dtype.toScalarType(), /*includeBool=*/true)) return;
  const c10::IValue& step = stack[step_index];
  if (step.isDouble() && std::abs(step.toDouble()) < 1) {
    Fail("ERR_OPERATOR_ARGS", name + ": expected a step of at least 1 for an integral dtype");
  }
  const auto number = [](const c10::IValue& value) { return value.toScalar().to<double>(); };
  if (stack[0].isComplexDouble() || stack[1].isComplexDouble()) return;  // refused by libtorch
  if (std::abs(number(stack[1]) - number(stack[0])) >= 0x1p63) {
    Fail("ERR_OPERATOR_ARGS", name + ": expected start and end less than 2^63 apart");
  }
}

at::ScalarType CommonType(const c10::IValue& left, const c10::IValue& right) {
  return right.isTensor() ? at::result_type(left.toTensor(), right.toTensor())
                          : at::result_type(left.toTensor(), right.toScalar());
}

bool HasLowest(const at::Tensor& tensor, at::ScalarType type) {
  if (!tensor.is_cpu() || tensor.numel() == 0 || tensor.layout() != at::kStrided) return false;
  const int64_t lowest =
      type == at::kInt ? std::numeric_limits<int32_t>::min() : std::numeric_limits<int64_t>::min();
  return tensor.detach().to(at::kLong).min().item<int64_t>() == lowest;
}

// Smaller integers are computed as int32, which holds the result.
bool Overflows(at::ScalarType type) { return type == at::kInt || type == at::kLong; }

void CheckQuotient(const std::string& name, const torch::jit::Stack& stack) {
  const c10::IValue& mode = stack[2];
  if (!mode.isString() || mode.toStringRef() != "trunc") return;
  const at::ScalarType type = CommonType(stack[0], stack[1]);
  if (!Overflows(type) || !HasLowest(stack[0].toTensor(), type)) return;
  const at::Tensor divisor =
      stack[1].isTensor() ? stack[1].toTensor().detach() : at::scalar_tensor(stack[1].toScalar());
  if (at::eq(divisor, -1).any().item<bool>()) {
    Fail("ERR_OPERATOR_ARGS", name + ": expected no lowest " + DtypeName(type) +
                                  " to be divided by -1, which has no result");
  }
}

void CheckMultiple(const std::string& name, const torch::jit::Stack& stack) {
  const at::ScalarType type = CommonType(stack[0], stack[1]);
  if (!Overflows(type)) return;
  for (size_t i = 0; i < 2; ++i) {
    if (HasLowest(stack[i].toTensor(), type)) {
      Fail("ERR_OPERATOR_ARGS", name + ": expected no lowest " + DtypeName(type) +
                                    ", whose size is no " + DtypeName(type));
    }
  }
}

// Bounds that depend on another argument, in numbers: the matrices stand before their pivots, what
// classes are counted in comes first.
Bound Resolve(Bound bound, const torch::jit::Stack& stack) {
  const auto last_size = [&](size_t index) {
    const at::Tensor& tensor = stack[index].toTensor();
    return tensor.dim() < 1 ? 0.0 : static_cast<double>(tensor.size(-1));
  };
  if (bound.kind == BoundKind::kPivots) {
    bound.least = 1;
    bound.most = last_size(bound.index - 1);
  } else if (bound.kind == BoundKind::kClasses) {
    bound.most = last_size(0) - 1;
  }
  return bound;
}

}  // namespace

void OperatorGuard::Check(const std::string& name, const torch::jit::Stack& stack) const {
  for (const Bound& bound : bounds_) {
    const c10::IValue& value = stack[bound.index];
    if (bound.kind == BoundKind::kAbsent) {
      if (!value.isNone()) {
        Fail("ERR_OPERATOR_ARGS", name + ": " + bound.argument + " is not supported");
      }
    } else if (bound.kind == BoundKind::kSameRows) {
      CheckSameRows(name, bound, value);
    } else if (bound.kind == BoundKind::kBags) {
      CheckBags(name, stack[bound.index - 1].toTensor(), value.toTensor());
    } else if (bound.kind == BoundKind::kStep) {
      CheckStep(name, stack, bound.index);
    } else if (bound.kind == BoundKind::kQuotient) {
      CheckQuotient(name, stack);
    } else if (bound.kind == BoundKind::kMultiple) {
      CheckMultiple(name, stack);
    } else {
      CheckValue(name, Resolve(bound, stack), value);
    }
  }
}

std::shared_ptr<const OperatorGuard> FindGuard(const c10::FunctionSchema& schema) {
  const std::string_view base = std::string_view(schema.name()).substr(sizeof("aten::") - 1);
  // An in-place form is as dangerous as the other.
  const std::string_view stem = base.ends_with('_') ? base.substr(0, base.size() - 1) : base;
  std::vector<Bound> bounds;
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
