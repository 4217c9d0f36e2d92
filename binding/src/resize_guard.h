// Keeps a tensor within its memory when an operator that resizes it fails half-way.
#pragma once

#include <ATen/core/TensorBody.h>
#include <ATen/core/stack.h>

#include <cstdint>
#include <exception>
#include <string_view>
#include <vector>

#include "operator.h"

namespace torchwright {

// `resize_` sets a tensor's sizes before it gets the memory for them. Where it gets none (out of
// memory, or memory that is lent to JavaScript), the tensor would reach beyond its storage: it gets
// its sizes back.
class ResizeGuard {
 public:
  ResizeGuard(const Overload& overload, const torch::jit::Stack& stack) {
    constexpr std::string_view kPrefix = "aten::resize";
    if (overload.handle.operator_name().name.compare(0, kPrefix.size(), kPrefix) != 0) return;
    if (stack.empty() || !stack[0].isTensor() || stack[0].toTensor().layout() != at::kStrided)
      return;
    tensor_ = stack[0].toTensor();
    sizes_ = tensor_.sizes().vec();
    strides_ = tensor_.strides().vec();
  }
  ~ResizeGuard() {
    if (!tensor_.defined() || std::uncaught_exceptions() == exceptions_) return;
    tensor_.unsafeGetTensorImpl()->set_sizes_and_strides(sizes_, strides_);
  }

 private:
  int exceptions_ = std::uncaught_exceptions();
  at::Tensor tensor_;
  std::vector<int64_t> sizes_;
  std::vector<int64_t> strides_;
};

}  // namespace torchwright
