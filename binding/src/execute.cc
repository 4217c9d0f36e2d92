// Runs an operator: on which thread, and a second time when there was no memory for it.
#include <algorithm>
#include <exception>

#include "environment.h"
#include "memory.h"
#include "operator.h"
#include "operator_guards.h"
#include "resize_guard.h"

namespace torchwright {
namespace {

// Elements among the inputs from which an operator is worth a team of threads, and so is run on the
// executor while JavaScript waits: two threads that both open OpenMP teams throttle each other.
constexpr int64_t kLargeOperator = 32768;

bool IsLarge(const torch::jit::Stack& stack) {
  int64_t left = kLargeOperator;
  // Of sizes as JavaScript gave them: their sum may be more than an integer holds.
  const auto count = [&left](int64_t elements) { left -= std::min(elements, kLargeOperator); };
  for (const c10::IValue& value : stack) {
    if (left <= 0) return true;
    if (value.isTensor()) {
      if (value.toTensor().defined()) count(value.toTensor().numel());
      continue;
    }
    if (!value.isList()) continue;
    if (value.isTensorList()) {
      for (const c10::IValue& item : value.toListRef()) count(item.toTensor().numel());
    }
    // Sizes of what a factory makes.
    if (value.isIntList()) {
      int64_t product = 1;
      for (const c10::IValue& item : value.toListRef()) {
        const int64_t size = item.toInt();
        if (size <= 0 || !Multiply(product, size)) product = 1;
      }
      count(product);
    }
  }
  return left <= 0;
}

bool Mutates(const c10::FunctionSchema& schema) {
  return std::any_of(schema.arguments().begin(), schema.arguments().end(),
                     [](const auto& argument) {
                       return argument.alias_info() != nullptr && argument.alias_info()->isWrite();
                     });
}

void ExecuteOnce(Environment& environment, const Operator& op, const Overload& overload,
                 torch::jit::Stack& stack) {
  Executor& executor = environment.executor();
  if (overload.random) executor.WaitFor(executor.last_queued());
  if (overload.guard) overload.guard->Check(op.name, stack);
  const ResizeGuard guard(overload, stack);
  if (IsLarge(stack) && executor.Idle()) {
    executor.RunAndWait([&] { overload.handle.callBoxed(stack); });
  } else {
    overload.handle.callBoxed(stack);
  }
}

}  // namespace

void Execute(Environment& environment, const Operator& op, const Overload& overload,
             torch::jit::Stack& stack, c10::function_ref<bool(torch::jit::Stack&)> refill) {
  std::exception_ptr shortage;
  try {
    return ExecuteOnce(environment, op, overload, stack);
  } catch (...) {
    if (Describe(std::current_exception(), "").code != "ERR_OUT_OF_MEMORY" ||
        Mutates(overload.handle.schema())) {
      throw;
    }
    shortage = std::current_exception();
  }
  stack.clear();  // the first run has moved from it
  // Before the collection, which may free inputs that JavaScript needs no more but this call does.
  if (!refill(stack)) std::rethrow_exception(shortage);
  environment.executor().WaitFor(environment.executor().last_queued());  // it holds memory too
  environment.reclaimer().Collect();
  EmptyCaches();
  ExecuteOnce(environment, op, overload, stack);
}

}  // namespace torchwright
