// Programs: a list of operator calls over parameters and their gradients, queued as one task. An
// optimizer's step or gradient clipping is such a list; since it names gradients by place ("those of
// list 0"), it can be queued before backward has run, and program order holds.
#include <map>

#include "environment.h"

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
  std::vector<std::vector<at::Tensor>> aligned;
  std::vector<ProgramCall> calls;
  size_t result = 0;
  c10::IValue output;

  void Run();
};

void Program::Run() {
  const at::AutoGradMode no_grad(false);
  // List 0 the parameters that have a gradient, list 1 the gradients, then the aligned lists.
  std::vector<c10::List<at::Tensor>> lists(2 + aligned.size());
  for (size_t row = 0; row < parameters.size(); ++row) {
    const at::Tensor& gradient = parameters[row].grad();
    if (!gradient.defined()) continue;
    lists[0].push_back(parameters[row]);
    lists[1].push_back(gradient);
    for (size_t k = 0; k < aligned.size(); ++k) lists[2 + k].push_back(aligned[k][row]);
  }
  if (lists[0].empty()) return;
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
    call.overload.handle.callBoxed(stack);
    results.push_back(stack.empty() ? c10::IValue() : stack[0]);
  }
  if (result < results.size()) output = results[result];
}

std::vector<at::Tensor> PeekAll(Environment& environment, const Napi::Value& handles) {
  if (!handles.IsArray()) Fail("ERR_INVALID_ARG", "program: expected an array of tensors");
  const auto array = handles.As<Napi::Array>();
  std::vector<at::Tensor> tensors;
  for (uint32_t i = 0; i < array.Length(); ++i) {
    tensors.push_back(environment.Peek(Napi::Value(array.Get(i))));
  }
  return tensors;
}

Source ReadSource(Environment& environment, const Napi::Object& argument,
                  const c10::Argument& wanted, const Program& program, const std::string& name) {
  const auto index = [&](const char* key, size_t limit) {
    const size_t value = argument.Get(key).ToNumber().Uint32Value();
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
  if (!converted) {
    Fail("ERR_OPERATOR_ARGS", name + ": expected " + wanted.real_type()->str() + " for " +
                                  wanted.name() + ", got " +
                                  DescribeArgument(environment, value, kind));
  }
  return {Source::Kind::kValue, 0, std::move(*converted)};
}

ProgramCall ReadCall(Environment& environment, const Napi::Object& call, const Program& program) {
  const std::string name = call.Get("operator").ToString().Utf8Value();
  const Operator& op = environment.operators().Get(environment.operators().Find(name, true));
  ProgramCall result{op.overloads.front(), name, {}};
  const auto& wanted = result.overload.handle.schema().arguments();
  const auto given = call.Get("args").As<Napi::Array>();
  if (given.Length() > wanted.size()) Fail("ERR_OPERATOR_ARGS", name + ": too many arguments");
  for (uint32_t i = 0; i < wanted.size(); ++i) {
    if (i < given.Length()) {
      const auto argument = Napi::Value(given.Get(i)).As<Napi::Object>();
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
  if (!info[0].IsObject()) Fail("ERR_INVALID_ARG", "program: expected an object");
  const auto spec = info[0].As<Napi::Object>();
  auto program = std::make_shared<Program>();
  program->parameters = PeekAll(environment, spec.Get("parameters"));
  const auto aligned = spec.Get("aligned").As<Napi::Array>();
  for (uint32_t i = 0; i < aligned.Length(); ++i) {
    program->aligned.push_back(PeekAll(environment, aligned.Get(i)));
    if (program->aligned.back().size() != program->parameters.size()) {
      Fail("ERR_INVALID_ARG", "program: aligned lists must be as long as the parameters");
    }
  }
  const auto calls = spec.Get("calls").As<Napi::Array>();
  for (uint32_t i = 0; i < calls.Length(); ++i) {
    program->calls.push_back(
        ReadCall(environment, Napi::Value(calls.Get(i)).As<Napi::Object>(), *program));
  }
  const Napi::Value result = spec.Get("result");
  program->result = result.IsNumber() ? result.ToNumber().Uint32Value() : program->calls.size();
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
