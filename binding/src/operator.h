// Finds an ATen operator in libtorch's own registry and calls it boxed: autograd, autocast and
// device dispatch behave as in PyTorch, and no C++ is written per operator.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>

#include <c10/util/FunctionRef.h>

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "ivalue.h"
#include "napi_setup.h"

namespace torchwright {

class OperatorGuard;

struct Overload {
  c10::OperatorHandle handle;
  bool random = false;                         // draws from the process-wide generator
  std::shared_ptr<const OperatorGuard> guard;  // null where libtorch's own checks suffice
  bool in_place = false;                       // gives back its first argument, changed
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

// What a call may leave out: arguments with a default, as in Python, or also those that may be
// none. An overload that fits in the first way comes before all that fit in the second.
enum class Omission : uint8_t { kDefault, kNullable };
inline constexpr std::array<Omission, 2> kOmissions = {Omission::kDefault, Omission::kNullable};

// Fills a stack by a schema: positional, named, then defaults. False where the arguments do not
// fit. `skip` leaves out a method's `self`.
bool FillStack(Environment& environment, const c10::FunctionSchema& schema,
               const CallArguments& arguments, size_t skip, Access access, torch::jit::Stack& stack,
               Omission omission);

// Calls an overload on a filled stack, on the thread where it belongs: a large one on the executor
// while JavaScript waits, a random one after everything queued. Where memory runs out and the
// operator mutates nothing, everything is freed that can be, and it runs once more on the stack
// that `refill` fills again.
void Execute(Environment& environment, const Operator& op, const Overload& overload,
             torch::jit::Stack& stack, c10::function_ref<bool(torch::jit::Stack&)> refill);

// Rethrows what an operator threw, as a coded error that says with which arguments. In a handler
// only.
[[noreturn]] void FailAs(Environment& environment, const Operator& op,
                         const CallArguments& arguments);

// What an operator left on the stack, for JavaScript.
napi_value ResultOf(Environment& environment, const Overload& overload,
                    const torch::jit::Stack& stack);

}  // namespace torchwright
