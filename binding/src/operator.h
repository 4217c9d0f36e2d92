// Finds an ATen operator in libtorch's own registry and calls it boxed: autograd, autocast and
// device dispatch behave as in PyTorch, and no C++ is written per operator.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "ivalue.h"
#include "napi_setup.h"

namespace torchwright {

struct Overload {
  c10::OperatorHandle handle;
  bool random = false;  // draws from the process-wide generator
};

struct Operator {
  std::string name;  // without "aten::"
  std::vector<Overload> overloads;
};

class OperatorTable {
 public:
  // Index of an operator, `add` or, pinned to one overload, `add.Tensor`. `internal` opens the door
  // to names with a leading underscore.
  uint32_t Find(const std::string& name, bool internal);
  const Operator& Get(uint32_t index) const;
  std::vector<std::string> Schemas();

 private:
  void IndexRegistry();
  std::unordered_map<std::string, std::vector<c10::OperatorName>> registry_;
  std::unordered_map<std::string, uint32_t> indices_;
  // A deque, whose elements stay where they are: a getter among the arguments of a call may look
  // another operator up.
  std::deque<Operator> operators_;
};

// The arguments of one call, as JavaScript passed them.
struct CallArguments {
  const napi_value* values;
  size_t count;
  uint64_t kinds;     // two bits per argument
  size_t positional;  // the rest are named, in the order of `names`
  std::vector<std::string> names;

  ArgKind kind(size_t i) const { return static_cast<ArgKind>((kinds >> (2 * i)) & 3U); }
};

// Reads `names` (undefined or an array of strings) for the last arguments of a call.
CallArguments ReadArguments(Napi::Env env, const napi_value* values, size_t count, napi_value kinds,
                            napi_value names);

// Fills a stack by a schema: positional, named, then defaults. False where the arguments do not
// fit. `skip` leaves out a method's `self`.
bool FillStack(Environment& environment, const c10::FunctionSchema& schema,
               const CallArguments& arguments, size_t skip, Access access,
               torch::jit::Stack& stack);

// Runs an overload on a filled stack, a large one on the executor; its results take the stack over.
void Execute(Environment& environment, const Overload& overload, torch::jit::Stack& stack);

// In a handler of what `Execute` threw: once more after memory ran out, with everything freed that
// can be. False where that was not the matter, or where the operator mutates something.
bool ExecuteAgain(Environment& environment, const Overload& overload,
                  const CallArguments& arguments, torch::jit::Stack& stack);

}  // namespace torchwright
