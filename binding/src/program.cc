// Programs: a list of operator calls over parameters and their gradients, queued as one task. An
// optimizer's step or gradient clipping is such a list; since it names gradients by place ("those
// of list 0"), it can be queued before backward has run, and program order holds.
#include <ATen/Functions.h>

#include "environment.h"
#include "operator_guards.h"

namespace torchwright {
namespace {

// Where an argument comes from when the program runs.
struct Source {
  enum class Kind { kValue, kList, kResult } kind = Kind::kValue;
  size_t index = 0;
  c10::IValue value;
};

struct ProgramCall {
  Overload overload;
  std::string name;
  std::vector<Source> sources;
};

struct Program {
  std::vector<at::Tensor> parameters;
  // Lists of one tensor for each parameter: first those of its shape, then scalars.
  std::vector<std::vector<at::Tensor>> aligned;
  size_t shaped = 0;
  std::vector<ProgramCall> calls;
  size_t result = 0;
  c10::IValue output;

  void Run();
  void Normalize(size_t row) const;
};

// Fused kernels walk through parameter, gradient and states alike, by address and count: whatever
// is laid out differently would be read or written out of bounds.
void Program::Normalize(size_t row) const {
  const at::Tensor& parameter = parameters[row];
  at::Tensor& gradient = parameter.mutable_grad();
  if (parameter.layout() != at::kStrided || gradient.layout() != at::kStrided) {
    Fail("ERR_INVALID_ARG", "optimizer: expected dense parameters and gradients, got sparse ones");
  }
  if (!parameter.is_non_overlapping_and_dense()) {
    Fail("ERR_INVALID_ARG",
         "optimizer: expected parameters whose elements lie once and without gaps in memory, got a "
         "view that does not (expand() or a slice); use contiguous() first");
  }
  if (!gradient.sizes().equals(parameter.sizes())) {
    Fail("ERR_SHAPE_MISMATCH", "optimizer: expected gradients of their parameters' shapes");
  }
  if (!gradient.strides().equals(parameter.strides())) {
    gradient = at::empty_like(parameter, gradient.options()).copy_(gradient);
  }
  for (size_t k = 0; k < aligned.size(); ++k) {
    const at::Tensor& state = aligned[k][row];
    if (k >= shaped) {
      if (state.numel() != 1) Fail("ERR_SHAPE_MISMATCH", "optimizer: expected scalar states");
      continue;
    }
    if (!state.sizes().equals(parameter.sizes()) || !state.strides().equals(parameter.strides())) {
      Fail("ERR_SHAPE_MISMATCH",
           "optimizer: expected states of their parameters' shapes; a parameter was reshaped after "
           "the optimizer was made");
    }
  }
}

void Program::Run() {
  const at::AutoGradMode no_grad(false);
  // List 0 the parameters that have a gradient, list 1 the gradients, then the aligned lists.
  std::vector<c10::List<at::Tensor>> lists(2 + aligned.size());
  for (size_t row = 0; row < parameters.size(); ++row) {
    if (!parameters[row].grad().defined()) continue;
    Normalize(row);
    lists[0].push_back(parameters[row]);
    lists[1].push_back(parameters[row].grad());
    for (size_t k = 0; k < aligned.size(); ++k) lists[2 + k].push_back(aligned[k][row]);
  }
  // A program without parameters runs over the tensors that its calls name.
  if (lists[0].empty() && !parameters.empty()) return;
  std::vector<c10::IValue> results;
  for (const ProgramCall& call : calls) {
    torch::jit::Stack stack;
    for (const Source& source : call.sources) {
      switch (source.kind) {
        case Source::Kind::kValue:
          stack.push_back(source.value);
          break;
        case Source::Kind::kList:
          stack.emplace_back(lists[source.index]);
          break;
        case Source::Kind::kResult:
          stack.push_back(results[source.index]);
          break;
      }
    }
    if (call.overload.guard) call.overload.guard->Check(call.name, stack);
    call.overload.handle.callBoxed(stack);
    results.push_back(stack.empty() ? c10::IValue() : stack[0]);
  }
  if (result < results.size()) output = results[result];
}

Source ReadSource(Environment& environment, const Napi::Object& argument,
                  const c10::Argument& wanted, const Program& program, const std::string& name) {
  const auto index = [&](const char* key, size_t limit) {
    const size_t value = ReadNumber(argument.Get(key), "program");
    if (value >= limit) Fail("ERR_INVALID_ARG", "program: no such " + std::string(key));
    return value;
  };
  if (argument.Has("list")) {
    return {Source::Kind::kList, index("list", 2 + program.aligned.size()), {}};
  }
  if (argument.Has("result")) {
    return {Source::Kind::kResult, index("result", program.calls.size()), {}};
  }
  ArgKind kind = ArgKind::kPlain;
  Napi::Value value = argument.Get("value");
  if (argument.Has("tensor")) kind = ArgKind::kTensor, value = argument.Get("tensor");
  if (argument.Has("tensors")) kind = ArgKind::kTensorList, value = argument.Get("tensors");
  auto converted =
      ToIValue(environment, value, kind, *wanted.real_type(), wanted.N(), Access::kPeek);
  // Kernels read one element of such a flag without looking.
  if (converted && kind == ArgKind::kTensor && converted->toTensor().numel() == 0) {
    Fail("ERR_SHAPE_MISMATCH", name + ": expected a tensor with elements, got an empty one");
  }
  if (!converted) {
    Fail("ERR_OPERATOR_ARGS", name + ": expected " + wanted.real_type()->str() + " for " +
                                  wanted.name() + ", got " +
                                  DescribeArgument(environment, value, kind));
  }
  return {Source::Kind::kValue, 0, std::move(*converted)};
}

ProgramCall ReadCall(Environment& environment, const Napi::Object& call, const Program& program) {
  const std::string name = ReadText(call.Get("operator"), "program: operator");
  const Operator& op = environment.operators().Get(environment.operators().Find(name, true));
  ProgramCall result{op.overloads.front(), name, {}};
  const auto& wanted = result.overload.handle.schema().arguments();
  const std::vector<Napi::Value> given = ReadArray(call.Get("args"), "program: args");
  if (given.size() > wanted.size()) Fail("ERR_OPERATOR_ARGS", name + ": too many arguments");
  for (uint32_t i = 0; i < wanted.size(); ++i) {
    if (i < given.size()) {
      const Napi::Object argument = ReadObject(given[i], "program: argument");
      result.sources.push_back(ReadSource(environment, argument, wanted[i], program, name));
    } else if (wanted[i].default_value()) {
      result.sources.push_back({Source::Kind::kValue, 0, *wanted[i].default_value()});
    } else {
      Fail("ERR_OPERATOR_ARGS", name + ": expected " + wanted[i].name());
    }
  }
  return result;
}

Napi::Value QueueProgram(Environment& environment, const Napi::CallbackInfo& info) {
  const Napi::Object spec = ReadObject(info[0], "program");
  auto program = std::make_shared<Program>();
  program->parameters = environment.PeekAll(spec.Get("parameters"), "program: tensors");
  for (const char* key : {"aligned", "scalars"}) {
    for (const Napi::Value& list : ReadArray(spec.Get(key), "program: lists")) {
      program->aligned.push_back(environment.PeekAll(list, "program: tensors"));
      if (program->aligned.back().size() != program->parameters.size()) {
        Fail("ERR_INVALID_ARG", "program: lists must be as long as the parameters");
      }
    }
    if (key[0] == 'a') program->shaped = program->aligned.size();
  }
  for (const Napi::Value& call : ReadArray(spec.Get("calls"), "program: calls")) {
    program->calls.push_back(ReadCall(environment, ReadObject(call, "program: call"), *program));
  }
  const Napi::Value result = spec.Get("result");
  program->result =
      result.IsUndefined() ? program->calls.size() : ReadNumber(result, "program: result");
  return environment.executor().Queue(
      program->calls.empty() ? "program" : program->calls.front().name,
      [program] { program->Run(); },
      [program, &environment](uint64_t sequence) {
        return FromIValue(environment, program->output, sequence);
      });
}

}  // namespace

void RegisterPrograms(Environment& environment, Napi::Object exports) {
  Register<QueueProgram>(environment, exports, "queueProgram");
}

}  // namespace torchwright
