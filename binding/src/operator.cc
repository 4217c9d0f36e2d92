#include "operator.h"

#include <ATen/core/enum_tag.h>

#include <algorithm>
#include <array>
#include <utility>

#include "denied_operators.h"
#include "enums.h"
#include "environment.h"
#include "operator_guards.h"

namespace torchwright {
namespace {

constexpr size_t kMaxArguments = 26;  // two bits each in a JavaScript number

bool IsOutArgument(const c10::Argument& argument) {
  return argument.kwarg_only() && argument.alias_info() != nullptr &&
         argument.alias_info()->isWrite();
}

bool IsPublic(const c10::FunctionSchema& schema) {
  return std::none_of(schema.arguments().begin(), schema.arguments().end(), IsOutArgument);
}

// Tensor forms before scalar forms, then by name: a stable order whatever the registry's is.
int Rank(const c10::OperatorName& name) {
  const std::string& overload = name.overload_name;
  // Python's `stft` centers.
  if (name.name == "aten::stft" && overload == "center") return -1;
  if (overload.empty()) return 0;
  if (overload.rfind("Tensor", 0) == 0) return 1;
  if (overload.rfind("int", 0) == 0 || overload.rfind("dim", 0) == 0) return 2;
  return 3;
}

bool IsDimname(const std::string& overload) {
  return overload.find("imname") != std::string::npos || overload.rfind("names", 0) == 0;
}

bool IsInPlace(const c10::FunctionSchema& schema) {
  if (schema.arguments().empty() || schema.returns().size() != 1) return false;
  const c10::AliasInfo* given = schema.arguments()[0].alias_info();
  const c10::AliasInfo* got = schema.returns()[0].alias_info();
  return given && got && given->isWrite() && got->isWrite() &&
         given->afterSets() == got->afterSets();
}

}  // namespace

void OperatorTable::IndexRegistry() {
  if (!registry_.empty()) return;
  for (const c10::OperatorName& name : c10::Dispatcher::singleton().getAllOpNames()) {
    if (name.name.rfind("aten::", 0) == 0) registry_[name.name.substr(6)].push_back(name);
  }
}

uint32_t OperatorTable::Find(const std::string& name, bool internal) {
  const auto known = indices_.find(name);
  if (known != indices_.end()) return known->second;
  IndexRegistry();
  const size_t dot = name.find('.');
  const std::string base = name.substr(0, dot);
  const auto found = registry_.find(base);
  if (found == registry_.end() || (base[0] == '_' && !internal)) {
    Fail("ERR_UNKNOWN_OPERATOR",
         "operator: expected the name of a public ATen operator of this "
         "libtorch, got \"" +
             name + "\"");
  }
  if (const char* reason = ReasonForDenial(base)) {
    Fail("ERR_UNKNOWN_OPERATOR", "operator: \"" + base + "\" is refused: " + reason);
  }
  std::vector<c10::OperatorName> names = found->second;
  std::sort(names.begin(), names.end(), [](const auto& a, const auto& b) {
    return std::pair(Rank(a), a.overload_name) < std::pair(Rank(b), b.overload_name);
  });
  Operator entry{name, {}};
  for (const c10::OperatorName& overload : names) {
    if (dot != std::string::npos && overload.overload_name != name.substr(dot + 1)) continue;
    if (IsDimname(overload.overload_name)) continue;
    const auto handle = c10::Dispatcher::singleton().findOp(overload);
    if (!handle || !handle->hasSchema() || !IsPublic(handle->schema())) continue;
    entry.overloads.push_back({*handle, handle->hasTag(at::Tag::nondeterministic_seeded),
                               FindGuard(handle->schema()), IsInPlace(handle->schema())});
  }
  if (entry.overloads.empty()) {
    Fail("ERR_UNKNOWN_OPERATOR", "operator: \"" + name + "\" has no overload for JavaScript");
  }
  operators_.push_back(std::move(entry));
  const auto index = static_cast<uint32_t>(operators_.size() - 1);
  indices_.emplace(name, index);
  return index;
}

const Operator& OperatorTable::Get(uint32_t index) const {
  if (index >= operators_.size()) Fail("ERR_UNKNOWN_OPERATOR", "operator: no such number");
  return operators_[index];
}

std::vector<std::string> OperatorTable::Schemas() {
  IndexRegistry();
  std::vector<std::string> schemas;
  for (const auto& [base, names] : registry_) {
    for (const c10::OperatorName& name : names) {
      const auto handle = c10::Dispatcher::singleton().findOp(name);
      if (!handle || !handle->hasSchema()) continue;
      std::string text = c10::toString(handle->schema());
      schemas.push_back(std::move(text));
    }
  }
  std::sort(schemas.begin(), schemas.end());
  return schemas;
}

CallArguments ReadArguments(Napi::Env env, const napi_value* values, size_t count, napi_value kinds,
                            napi_value names) {
  if (count > kMaxArguments) {
    Fail("ERR_OPERATOR_ARGS", "call: expected at most 26 arguments, got " + std::to_string(count));
  }
  double bits = 0;
  if (napi_get_value_double(env, kinds, &bits) != napi_ok || !(bits >= 0) ||
      bits > 4503599627370495.0) {
    Fail("ERR_INVALID_ARG", "call: expected the arguments' kinds");
  }
  CallArguments arguments{values, count, static_cast<uint64_t>(bits), count, {}};
  bool has_names = false;
  napi_is_array(env, names, &has_names);
  if (has_names) {
    arguments.names = ReadTexts(Napi::Value(env, names), "call");
    if (arguments.names.size() > count) {
      Fail("ERR_INVALID_ARG", "call: more names than arguments");
    }
    arguments.positional = count - arguments.names.size();
  }
  return arguments;
}

bool FillStack(Environment& environment, const c10::FunctionSchema& schema,
               const CallArguments& arguments, size_t skip, Access access, torch::jit::Stack& stack,
               Omission omission) {
  const auto& wanted = schema.arguments();
  size_t used = 0;
  for (size_t i = skip; i < wanted.size(); ++i) {
    const c10::Argument& argument = wanted[i];
    std::optional<size_t> given;
    if (i - skip < arguments.positional) {
      if (argument.kwarg_only()) return false;
      given = i - skip;
    } else {
      for (size_t k = 0; k < arguments.names.size(); ++k) {
        if (arguments.names[k] == argument.name()) given = arguments.positional + k;
      }
    }
    if (given) {
      std::optional<c10::IValue> value;
      if (const NamedInt* choice = FindNamedInt(schema, argument)) {
        if (arguments.kind(*given) != ArgKind::kPlain) return false;
        const auto chosen = ReadNamedInt(environment.env(), arguments.values[*given], *choice);
        if (chosen) value = *chosen;
      } else {
        value = ToIValue(environment, arguments.values[*given], arguments.kind(*given),
                         *argument.real_type(), argument.N(), access);
      }
      // `undefined` stands for "not given", as it does everywhere in JavaScript.
      if (!value) {
        napi_valuetype type = napi_null;
        napi_typeof(environment.env(), arguments.values[*given], &type);
        if (type == napi_undefined && argument.default_value()) value = argument.default_value();
      }
      if (!value) return false;
      stack.push_back(std::move(*value));
      ++used;
    } else if (argument.default_value()) {
      stack.push_back(*argument.default_value());
    } else if (omission == Omission::kNullable &&
               argument.real_type()->kind() == c10::TypeKind::OptionalType) {
      stack.emplace_back();
    } else {
      return false;
    }
  }
  return used == arguments.count;
}

namespace {

[[noreturn]] void NoOverload(Environment& environment, const Operator& op,
                             const CallArguments& arguments) {
  std::string message = op.name + ": no overload takes (";
  for (size_t i = 0; i < arguments.count; ++i) {
    if (i > 0) message += ", ";
    if (i >= arguments.positional) message += arguments.names[i - arguments.positional] + "=";
    message += DescribeArgument(environment, arguments.values[i], arguments.kind(i));
  }
  message += "); expected one of:";
  for (const Overload& overload : op.overloads) {
    message += "\n  " + c10::toString(overload.handle.schema());
  }
  Fail("ERR_OPERATOR_ARGS", message);
}

}  // namespace

// libtorch's own message says what is wrong, but rarely with what.
void FailAs(Environment& environment, const Operator& op, const CallArguments& arguments) {
  ErrorText text = Describe(std::current_exception(), op.name);
  // Kernels also throw plain standard exceptions.
  if (text.code == "ERR_NATIVE") text.code = "ERR_OPERATOR_FAILED";
  std::string got;
  for (size_t i = 0; i < arguments.count; ++i) {
    got += (i == 0 ? "" : ", ") +
           DescribeArgument(environment, arguments.values[i], arguments.kind(i));
  }
  if (text.code != "ERR_TENSOR_DISPOSED") text.message += " (arguments: " + got + ")";
  throw CodedError(text.code, text.message);
}

napi_value ResultOf(Environment& environment, const Overload& overload,
                    const torch::jit::Stack& stack) {
  const uint64_t born = environment.executor().last_queued();
  if (stack.empty()) return environment.env().Undefined();
  const auto& returns = overload.handle.schema().returns();
  const auto result = [&](size_t i) {
    return FromIValue(environment, stack[i], born, returns[i].real_type().get());
  };
  if (stack.size() == 1) return result(0);
  Napi::Array results = Napi::Array::New(environment.env(), stack.size());
  for (uint32_t i = 0; i < stack.size(); ++i) {
    results.Set(i, Napi::Value(environment.env(), result(i)));
  }
  return results;
}

namespace {

Napi::Value CallOperator(Environment& environment, const Operator& op,
                         const CallArguments& arguments) {
  torch::jit::Stack stack;
  for (const Omission omission : kOmissions) {
    for (const Overload& overload : op.overloads) {
      const auto fill = [&](torch::jit::Stack& filled) {
        return FillStack(environment, overload.handle.schema(), arguments, 0, Access::kUse, filled,
                         omission);
      };
      stack.clear();
      if (!fill(stack)) continue;
      try {
        Execute(environment, op, overload, stack, fill);
      } catch (...) {
        FailAs(environment, op, arguments);
      }
      if (overload.in_place) return environment.env().Null();
      return Napi::Value(environment.env(), ResultOf(environment, overload, stack));
    }
  }
  NoOverload(environment, op, arguments);
}

Napi::Value Call(Environment& environment, const Napi::CallbackInfo& info) {
  if (info.Length() < 3) Fail("ERR_INVALID_ARG", "call: expected operator, kinds and names");
  const Operator& op = environment.operators().Get(ReadNumber(info[0], "operator"));
  std::array<napi_value, kMaxArguments + 1> values{};
  const size_t count = std::min(info.Length() - 3, kMaxArguments + 1);
  for (size_t i = 0; i < count; ++i) values[i] = info[i + 3];
  return CallOperator(environment, op,
                      ReadArguments(info.Env(), values.data(), count, info[1], info[2]));
}

Napi::Value FindOperator(Environment& environment, const Napi::CallbackInfo& info) {
  const bool internal = ReadFlag(info[1], "operator");
  return Napi::Number::New(info.Env(),
                           environment.operators().Find(ReadText(info[0], "operator"), internal));
}

Napi::Value Schemas(Environment& environment, const Napi::CallbackInfo& info) {
  const auto schemas = environment.operators().Schemas();
  Napi::Array result = Napi::Array::New(info.Env(), schemas.size());
  for (uint32_t i = 0; i < schemas.size(); ++i) result.Set(i, schemas[i]);
  return result;
}

}  // namespace

void RegisterOperators(Environment& environment, Napi::Object exports) {
  Register<FindOperator>(environment, exports, "operator");
  Register<Schemas>(environment, exports, "schemas");
  Register<Call>(environment, exports, "call");
}

}  // namespace torchwright
