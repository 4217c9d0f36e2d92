#include "operator_guards.h"

#include <ATen/Functions.h>

#include <array>
#include <sstream>
#include <string_view>

#include "error.h"

namespace torchwright {
namespace {

struct Rule {
  std::string_view base;  // operator without overload; empty: every operator with such an argument
  std::string_view argument;
  double least;
  double most;
};

// Polynomials are computed by recursion from 0 to n, for every element.
constexpr double kMaxDegree = 10000;

constexpr Rule kRules[] = {
    // at::Reduction: none, mean, sum. Kernels index tables with it.
    {"", "reduction", 0, 2},
    {"special_chebyshev_polynomial_t", "n", -kMaxDegree, kMaxDegree},
    {"special_chebyshev_polynomial_u", "n", -kMaxDegree, kMaxDegree},
    {"special_chebyshev_polynomial_v", "n", -kMaxDegree, kMaxDegree},
    {"special_chebyshev_polynomial_w", "n", -kMaxDegree, kMaxDegree},
    {"special_shifted_chebyshev_polynomial_t", "n", -kMaxDegree, kMaxDegree},
    {"special_shifted_chebyshev_polynomial_u", "n", -kMaxDegree, kMaxDegree},
    {"special_shifted_chebyshev_polynomial_v", "n", -kMaxDegree, kMaxDegree},
    {"special_shifted_chebyshev_polynomial_w", "n", -kMaxDegree, kMaxDegree},
    {"special_hermite_polynomial_h", "n", -kMaxDegree, kMaxDegree},
    {"special_hermite_polynomial_he", "n", -kMaxDegree, kMaxDegree},
    {"special_laguerre_polynomial_l", "n", -kMaxDegree, kMaxDegree},
    {"special_legendre_polynomial_p", "n", -kMaxDegree, kMaxDegree},
};

[[noreturn]] void OutOfBounds(const std::string& name, const OperatorGuard::Bound& bound,
                              double got) {
  std::ostringstream message;
  message << name << ": expected " << bound.argument << " from " << bound.least << " to "
          << bound.most << ", got " << got;
  Fail("ERR_OPERATOR_ARGS", message.str());
}

bool Inside(const OperatorGuard::Bound& bound, double value) {
  return value >= bound.least && value <= bound.most;
}

void CheckTensor(const std::string& name, const OperatorGuard::Bound& bound,
                 const at::Tensor& tensor) {
  // A meta tensor has no elements, and its operators no kernels that could run for ever.
  if (!tensor.defined() || tensor.is_meta() || tensor.numel() == 0 || tensor.is_complex()) return;
  const at::NoGradGuard no_grad;
  const at::Tensor values = tensor.layout() == at::kStrided ? tensor : tensor.to_dense();
  const at::Tensor numbers = values.detach().to(at::kDouble);
  // NaN compares false, ends every loop at once, and so is let through.
  for (const double extreme :
       {numbers.nan_to_num(0).min().item<double>(), numbers.nan_to_num(0).max().item<double>()}) {
    if (!Inside(bound, extreme)) OutOfBounds(name, bound, extreme);
  }
}

void CheckValue(const std::string& name, const OperatorGuard::Bound& bound,
                const c10::IValue& value) {
  if (value.isTensor()) {
    CheckTensor(name, bound, value.toTensor());
  } else if (value.isInt()) {
    const auto number = static_cast<double>(value.toInt());
    if (!Inside(bound, number)) OutOfBounds(name, bound, number);
  } else if (value.isDouble()) {
    const double number = value.toDouble();
    if (number < bound.least || number > bound.most) OutOfBounds(name, bound, number);
  } else if (value.isIntList()) {
    for (const int64_t element : value.toIntVector()) {
      const auto number = static_cast<double>(element);
      if (!Inside(bound, number)) OutOfBounds(name, bound, number);
    }
  }
}

}  // namespace

void OperatorGuard::Check(const std::string& name, const torch::jit::Stack& stack) const {
  for (const Bound& bound : bounds_) CheckValue(name, bound, stack[bound.index]);
}

std::shared_ptr<const OperatorGuard> FindGuard(const c10::FunctionSchema& schema) {
  const std::string_view base = std::string_view(schema.name()).substr(sizeof("aten::") - 1);
  // An in-place form is as dangerous as the other.
  const std::string_view stem = base.ends_with('_') ? base.substr(0, base.size() - 1) : base;
  std::vector<OperatorGuard::Bound> bounds;
  for (size_t i = 0; i < schema.arguments().size(); ++i) {
    const c10::Argument& argument = schema.arguments()[i];
    for (const Rule& rule : kRules) {
      if (rule.argument != argument.name()) continue;
      if (rule.base.empty()) {
        if (argument.real_type()->kind() != c10::TypeKind::IntType) continue;
      } else if (rule.base != stem) {
        continue;
      }
      bounds.push_back({i, argument.name(), rule.least, rule.most});
    }
  }
  if (bounds.empty()) return nullptr;
  return std::make_shared<const OperatorGuard>(std::move(bounds));
}

}  // namespace torchwright
