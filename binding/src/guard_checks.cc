// What an operator's guard looks at before the operator runs; operator_guards.cc has the rules.
#include <ATen/core/TensorBody.h>
#include <ATen/ops/eq.h>
#include <ATen/ops/result_type.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/view_as_real.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <sstream>

#include "error.h"
#include "operator_guards.h"
#include "tensor.h"

namespace torchwright {
namespace {

using Bound = OperatorGuard::Bound;

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

// A matrix in a batch has the same place there as its pivots.
void CheckPivots(const std::string& name, const at::Tensor& matrices, const at::Tensor& pivots) {
  const auto shape = matrices.sizes();
  const size_t batch = shape.size() < 2 ? 0 : shape.size() - 2;
  if (shape.size() < 2 || pivots.dim() < 1 ||
      !pivots.sizes().slice(0, pivots.dim() - 1).equals(shape.slice(0, batch)) ||
      pivots.size(-1) != std::min(shape[batch], shape[batch + 1])) {
    Fail("ERR_OPERATOR_ARGS", name + ": expected the pivots of each matrix in the batch");
  }
}

// In bytes, 16 for the largest element, the place of the last element must fit 63 bits.
void CheckStrides(const std::string& name, const torch::jit::Stack& stack, size_t stride_index) {
  const c10::IValue& sizes = stack[stride_index - 1];
  const c10::IValue& strides = stack[stride_index];
  if (!sizes.isIntList() || !strides.isIntList()) return;
  const std::vector<int64_t> size = sizes.toIntVector();
  const std::vector<int64_t> stride = strides.toIntVector();
  if (size.size() != stride.size()) return;  // refused by libtorch
  double last = 0;
  if (stride_index + 1 < stack.size() && stack[stride_index + 1].isInt()) {
    last = std::abs(static_cast<double>(stack[stride_index + 1].toInt()));
  }
  for (size_t i = 0; i < size.size(); ++i) {
    last += std::abs(static_cast<double>(size[i]) * static_cast<double>(stride[i]));
  }
  if (last < 0x1p59) return;
  Fail("ERR_OPERATOR_ARGS", name + ": expected sizes, strides and offset within 2^59 elements");
}

void CheckTensors(const std::string& name, const Bound& bound, const c10::IValue& value,
                  const std::function<bool(const at::Tensor&)>& fits, const char* expected) {
  const std::vector<at::Tensor> tensors =
      value.isTensorList() ? value.toTensorVector() : std::vector<at::Tensor>{value.toTensor()};
  if (std::all_of(tensors.begin(), tensors.end(), fits)) return;
  Fail("ERR_OPERATOR_ARGS", name + ": expected " + bound.argument + " of " + expected);
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
  const auto size_from_end = [&](size_t index, int64_t dim) {
    const at::Tensor& tensor = stack[index].toTensor();
    return tensor.dim() < dim ? 0.0 : static_cast<double>(tensor.size(-dim));
  };
  if (bound.kind == BoundKind::kPivots) {
    bound.least = 1;
    bound.most = size_from_end(bound.index - 1, 2);
  } else if (bound.kind == BoundKind::kClasses) {
    bound.most = size_from_end(0, 1) - 1;
  }
  return bound;
}

}  // namespace

void OperatorGuard::Check(const std::string& name, const torch::jit::Stack& stack) const {
  for (const Bound& bound : bounds_) {
    const c10::IValue& value = stack[bound.index];
    switch (bound.kind) {
      case BoundKind::kAbsent:
        if (!value.isNone()) {
          Fail("ERR_OPERATOR_ARGS", name + ": " + bound.argument + " is not supported");
        }
        break;
      case BoundKind::kSameRows:
        CheckSameRows(name, bound, value);
        break;
      case BoundKind::kBags:
        CheckBags(name, stack[bound.index - 1].toTensor(), value.toTensor());
        break;
      case BoundKind::kWeights:
        CheckTensors(
            name, bound, value,
            [](const at::Tensor& weight) {
              return (weight.dim() == 1 || weight.dim() == 2) && weight.numel() > 0;
            },
            "1 or 2 dimensions, none of them empty");
        break;
      case BoundKind::kMatrices:
        CheckTensors(
            name, bound, value, [](const at::Tensor& state) { return state.dim() == 2; },
            "2 dimensions");
        break;
      case BoundKind::kStrides:
        CheckStrides(name, stack, bound.index);
        break;
      case BoundKind::kStep:
        CheckStep(name, stack, bound.index);
        break;
      case BoundKind::kQuotient:
        CheckQuotient(name, stack);
        break;
      case BoundKind::kMultiple:
        CheckMultiple(name, stack);
        break;
      case BoundKind::kPivots:
        CheckPivots(name, stack[bound.index - 1].toTensor(), value.toTensor());
        CheckValue(name, Resolve(bound, stack), value);
        break;
      case BoundKind::kRange:
      case BoundKind::kFinite:
      case BoundKind::kClasses:
        CheckValue(name, Resolve(bound, stack), value);
        break;
    }
  }
}

}  // namespace torchwright
