// Bounds on arguments that libtorch does not check and that kill the process, read or write beyond
// memory, or never end outside of them. An operator that no bounds make safe is refused: see
// denied_operators.h.
#pragma once

#include <ATen/core/function_schema.h>
#include <ATen/core/stack.h>

#include <memory>
#include <string>
#include <vector>

namespace torchwright {

// How the bounds of an argument are known.
enum class BoundKind : uint8_t {
  kRange,     // the two numbers; NaN is let through
  kFinite,    // the two numbers, and no NaN
  kPivots,    // rows of the matrices in the argument before, for each: ±1 … ±n
  kClasses,   // classes of the first argument: 0 … size of its last dimension - 1
  kStrides,   // strides of the sizes before, from the offset after: no place beyond 2^59 elements
  kWeights,   // a list of tensors of 1 or 2 dimensions with elements
  kMatrices,  // a tensor or a list of tensors of 2 dimensions
  kSameRows,  // a list of tensors that are equally long
  kBags,      // offsets of bags into the indices in the argument before
  kStep,      // not 0 as a number of the dtype in the argument after, nor too small for the span
  kQuotient,  // a rounding mode; the quotient of the first two arguments exists
  kMultiple,  // the least common multiple of the first two arguments exists
  kAbsent,    // must not be given
};

class OperatorGuard {
 public:
  // A bound on one argument: an int, a scalar, each int of a list, or each element of a tensor.
  struct Bound {
    size_t index;
    std::string argument;
    BoundKind kind;
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
