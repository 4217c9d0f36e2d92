// Entry points of the hot path (call_plan.h): plan, frame and run.
#include <ATen/core/List.h>
#include <ATen/core/TensorBody.h>

#include <cmath>
#include <optional>
#include <utility>

#include "call_plan.h"
#include "environment.h"

namespace torchwright {
namespace {

using Read = CallPlan::Read;
using Step = CallPlan::Step;

// In the place of a result's handle, which is never negative.
constexpr double kFirstArgument = -1;

// A tensor of at most so many bytes, and without a graph behind it, holds little else alive: where
// the collector frees it, it may be freed together with others (lib/tensor/finalizers.ts).
constexpr size_t kLightBytes = 1024;

bool IsLight(const at::Tensor& tensor) {
  const c10::TensorImpl& impl = *tensor.unsafeGetTensorImpl();
  return impl.has_storage() && impl.unsafe_storage().nbytes() <= kLightBytes &&
         !impl.requires_grad();
}

// Reads the frame's cells from first to last. JavaScript wrote them, so whatever could corrupt
// memory is checked.
class FrameReader {
 public:
  explicit FrameReader(const CallPlans::Frame& frame)
      : cell_(frame.data() + 1), end_(frame.data() + frame.size()) {}

  double Number() {
    if (cell_ == end_) Fail("ERR_INVALID_ARG", "call: the frame ends before its arguments");
    return *cell_++;
  }

  int64_t Integer() { return Exact(Number()); }

  // The cells of a list.
  c10::ArrayRef<double> List() {
    const double length = Number();
    if (!(length >= 0 && length <= static_cast<double>(end_ - cell_))) {
      Fail("ERR_INVALID_ARG", "call: the frame ends before its arguments");
    }
    const c10::ArrayRef<double> cells(cell_, static_cast<size_t>(length));
    cell_ += cells.size();
    return cells;
  }

  static int64_t Exact(double number) {
    if (!(std::abs(number) <= kMaxSafeInteger)) {
      Fail("ERR_INVALID_ARG", "call: expected an integer in the frame");
    }
    return static_cast<int64_t>(number);
  }

 private:
  const double* cell_;
  const double* end_;
};

// Most call sites pass the same sizes again and again, and kernels only read them: the last list
// serves as long as it is equal.
const c10::IValue& IntList(Step& step, c10::ArrayRef<double> cells) {
  if (step.constant.isList()) {
    const c10::ArrayRef<c10::IValue> last = step.constant.toListRef();
    bool same = last.size() == cells.size();
    for (size_t i = 0; same && i < cells.size(); ++i) {
      same = last[i].toInt() == FrameReader::Exact(cells[i]);
    }
    if (same) return step.constant;
  }
  c10::List<int64_t> list;
  list.reserve(cells.size());
  for (const double cell : cells) list.push_back(FrameReader::Exact(cell));
  step.constant = c10::IValue(std::move(list));
  return step.constant;
}

template <typename T>
c10::IValue TensorList(Environment& environment, c10::ArrayRef<double> handles) {
  c10::List<T> list;
  list.reserve(handles.size());
  for (const double handle : handles) list.push_back(environment.Use(handle));
  return c10::IValue(std::move(list));
}

void FillFromFrame(Environment& environment, const CallPlans::Frame& frame, CallPlan& plan,
                   torch::jit::Stack& stack) {
  FrameReader reader(frame);
  for (Step& step : plan.steps) {
    switch (step.read) {
      case Read::kTensor:
        stack.emplace_back(environment.Use(reader.Number()));
        break;
      case Read::kInt:
        stack.emplace_back(reader.Integer());
        break;
      case Read::kDouble:
        stack.emplace_back(reader.Number());
        break;
      case Read::kBool:
        stack.emplace_back(reader.Number() != 0);
        break;
      case Read::kIntList:
        stack.push_back(IntList(step, reader.List()));
        break;
      case Read::kDoubleList:
        stack.emplace_back(reader.List().vec());
        break;
      case Read::kTensorList:
        stack.push_back(TensorList<at::Tensor>(environment, reader.List()));
        break;
      case Read::kOptionalTensorList:
        stack.push_back(TensorList<std::optional<at::Tensor>>(environment, reader.List()));
        break;
      case Read::kRepeatedInt:
        stack.emplace_back(std::vector<int64_t>(step.count, reader.Integer()));
        break;
      case Read::kRepeatedDouble:
        stack.emplace_back(std::vector<double>(step.count, reader.Number()));
        break;
      case Read::kConstant:
        stack.push_back(step.constant);
        break;
    }
  }
}

// The frame's arguments as values, as the general way has them: for messages.
class FrameArguments {
 public:
  FrameArguments(Environment& environment, const CallPlans::Frame& frame, const CallPlan& plan)
      : env_(environment.env()) {
    FrameReader reader(frame);
    for (const ArgCode code : plan.codes) values_.push_back(Value(code, reader));
    for (size_t i = 0; i < plan.codes.size(); ++i) {
      ArgKind kind = ArgKind::kPlain;
      if (plan.codes[i] == ArgCode::kTensor) kind = ArgKind::kTensor;
      if (plan.codes[i] == ArgCode::kTensorList) kind = ArgKind::kTensorList;
      kinds_ |= static_cast<uint64_t>(kind) << (2 * i);
    }
  }

  CallArguments arguments() const {
    return {values_.data(), values_.size(), kinds_, values_.size(), {}};
  }

 private:
  napi_value Value(ArgCode code, FrameReader& reader) {
    switch (code) {
      case ArgCode::kUndefined:
        return env_.Undefined();
      case ArgCode::kNull:
        return env_.Null();
      case ArgCode::kBool:
        return Napi::Boolean::New(env_, reader.Number() != 0);
      case ArgCode::kTensor:
      case ArgCode::kInt:
      case ArgCode::kDouble:
        return Napi::Number::New(env_, reader.Number());
      default: {
        const c10::ArrayRef<double> cells = reader.List();
        Napi::Array list = Napi::Array::New(env_, cells.size());
        for (uint32_t i = 0; i < cells.size(); ++i) list.Set(i, cells[i]);
        return list;
      }
    }
  }

  Napi::Env env_;
  std::vector<napi_value> values_;
  uint64_t kinds_ = 0;
};

// Runs the plan that the frame names. One tensor or nothing goes back through the frame.
napi_value Run(Environment& environment) {
  CallPlans& plans = environment.plans();
  CallPlan* plan = plans.Get(std::exchange(plans.frame()[0], 0));
  if (plan == nullptr) Fail("ERR_INVALID_ARG", "call: expected the number of a plan");
  const Operator& op = environment.operators().Get(plan->operator_index);
  // Waiting for queued work serves its callbacks, whose operators write to the same frame.
  std::optional<CallPlans::Frame> own;
  if (!environment.executor().Settled()) own.emplace(plans.frame());
  const CallPlans::Frame& frame = own ? *own : plans.frame();
  // Taken, not borrowed: a hook that runs JavaScript may make calls of its own in the middle.
  torch::jit::Stack stack = std::exchange(plans.stack, {});
  stack.clear();
  FillFromFrame(environment, frame, *plan, stack);
  try {
    Execute(environment, op, *plan->overload, stack, [&](torch::jit::Stack& again) {
      FillFromFrame(environment, frame, *plan, again);
      return true;
    });
  } catch (...) {
    const FrameArguments values(environment, frame, *plan);
    FailAs(environment, op, values.arguments());
  }
  napi_value result = nullptr;
  if (plan->overload->in_place) {
    plans.frame()[0] = kFirstArgument;
  } else if (stack.size() == 1 && stack[0].isTensor() && stack[0].toTensor().defined()) {
    plans.frame()[1] = IsLight(stack[0].toTensor()) ? 1 : 0;
    plans.frame()[0] = environment.tensors().Add(std::move(stack[0]).toTensor(),
                                                 environment.executor().last_queued());
  } else if (!stack.empty()) {
    result = ResultOf(environment, *plan->overload, stack);
  }
  stack.clear();
  plans.stack = std::move(stack);
  return result;
}

Napi::Value Plan(Environment& environment, const Napi::CallbackInfo& info) {
  const uint32_t operator_index = ReadNumber(info[0], "operator");
  const uint32_t signature = ReadNumber(info[1], "plan");
  return Napi::Number::New(
      info.Env(), environment.plans().Find(environment.operators(), operator_index, signature));
}

// The same array each time: V8 wants each address only once.
Napi::Value Frame(Environment& environment, const Napi::CallbackInfo& info) {
  return environment.FrameArray(info.Env());
}

}  // namespace

void RegisterFrameCalls(Environment& environment, Napi::Object exports) {
  Register<Plan>(environment, exports, "plan");
  Register<Frame>(environment, exports, "frame");
  RegisterRaw<Run>(environment, exports, "run");
}

}  // namespace torchwright
