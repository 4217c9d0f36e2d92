// Runs an operator: on which thread, and a second time when there was no memory for it.
#include <algorithm>

#include "environment.h"
#include "memory.h"
#include "operator.h"

namespace torchwright {
namespace {

// Elements among the inputs from which an operator is worth a team of threads, and so is run on the
// executor while JavaScript waits: two threads that both open OpenMP teams throttle each other.
constexpr int64_t kLargeOperator = 32768;

int64_t InputElements(const torch::jit::Stack& stack) {
  int64_t elements = 0;
  for (const c10::IValue& value : stack) {
    if (value.isTensor() && value.toTensor().defined()) elements += value.toTensor().numel();
    if (value.isTensorList()) {
      for (const at::Tensor& tensor : value.toTensorVector()) elements += tensor.numel();
    }
    // Sizes of what a factory makes.
    if (value.isIntList()) {
      int64_t product = 1;
      for (const int64_t size : value.toIntVector()) {
        if (size <= 0 || __builtin_mul_overflow(product, size, &product)) product = 1;
      }
      elements += product;
    }
  }
  return elements;
}

bool Mutates(const c10::FunctionSchema& schema) {
  return std::any_of(schema.arguments().begin(), schema.arguments().end(),
                     [](const auto& argument) {
                       return argument.alias_info() != nullptr && argument.alias_info()->isWrite();
                     });
}

}  // namespace

void Execute(Environment& environment, const Overload& overload, torch::jit::Stack& stack) {
  Executor& executor = environment.executor();
  if (overload.random) executor.WaitFor(executor.last_queued());
  if (InputElements(stack) >= kLargeOperator && executor.Idle()) {
    executor.RunAndWait([&] { overload.handle.callBoxed(stack); });
  } else {
    overload.handle.callBoxed(stack);
  }
}

bool ExecuteAgain(Environment& environment, const Overload& overload,
                  const CallArguments& arguments, torch::jit::Stack& stack) {
  const c10::FunctionSchema& schema = overload.handle.schema();
  if (Describe(std::current_exception(), "").code != "ERR_OUT_OF_MEMORY" || Mutates(schema)) {
    return false;
  }
  stack.clear();  // the first run has moved from it
  // Before the collection, which may free inputs that JavaScript needs no more but this call does.
  if (!FillStack(environment, schema, arguments, 0, Access::kUse, stack)) return false;
  environment.executor().WaitFor(environment.executor().last_queued());  // it holds memory too
  environment.reclaimer().Collect();
  EmptyCaches();
  Execute(environment, overload, stack);
  return true;
}

}  // namespace torchwright
