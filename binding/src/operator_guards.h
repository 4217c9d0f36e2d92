// Bounds on arguments that libtorch does not check and that kill the process or never end beyond
// them. An operator that no bounds make safe is refused: see denied_operators.h.
#pragma once

#include <ATen/core/function_schema.h>
#include <ATen/core/stack.h>

#include <memory>
#include <string>
#include <vector>

namespace torchwright {

class OperatorGuard {
 public:
  // A bound on one argument: an int, a scalar, each int of a list, or each element of a tensor.
  struct Bound {
    size_t index;
    std::string argument;
    double least;
    double most;
  };

  explicit OperatorGuard(std::vector<Bound> bounds) : bounds_(std::move(bounds)) {}

  // Throws ERR_OPERATOR_ARGS. On the thread that runs the operator, or while that thread is idle.
  void Check(const std::string& name, const torch::jit::Stack& stack) const;

 private:
  std::vector<Bound> bounds_;
};

// The guard of an overload; null for most.
std::shared_ptr<const OperatorGuard> FindGuard(const c10::FunctionSchema& schema);

}  // namespace torchwright
