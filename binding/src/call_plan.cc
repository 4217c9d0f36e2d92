#include "call_plan.h"

#include <optional>

#include "enums.h"
#include "environment.h"

namespace torchwright {
namespace {

using Read = CallPlan::Read;
using Step = CallPlan::Step;

// How a kind of argument becomes a type: by a step, not at all, or in a way that only the general
// conversion knows.
struct Match {
  enum class Outcome : uint8_t { kStep, kNone, kUnknown } outcome;
  Step step{Read::kConstant, 0, {}};
};

const Match kNone{Match::Outcome::kNone};
const Match kUnknown{Match::Outcome::kUnknown};

Match By(Read read, int32_t count = 0) { return {Match::Outcome::kStep, {read, count, {}}}; }

bool IsInt(c10::TypeKind kind) {
  return kind == c10::TypeKind::IntType || kind == c10::TypeKind::SymIntType;
}

Match MatchRepeated(ArgCode code, const c10::Type& element, int32_t count) {
  if (IsInt(element.kind())) {
    return code == ArgCode::kInt ? By(Read::kRepeatedInt, count) : kNone;
  }
  if (element.kind() == c10::TypeKind::FloatType) {
    const bool number = code == ArgCode::kInt || code == ArgCode::kDouble;
    return number ? By(Read::kRepeatedDouble, count) : kNone;
  }
  return kUnknown;
}

Match MatchList(ArgCode code, const c10::Type& element, std::optional<int32_t> fixed_size) {
  switch (code) {
    case ArgCode::kTensor:
    case ArgCode::kUndefined:
    case ArgCode::kNull:
      return kNone;
    case ArgCode::kInt:
    case ArgCode::kDouble:
    case ArgCode::kBool:
      return fixed_size ? MatchRepeated(code, element, *fixed_size) : kNone;
    default:
      break;
  }
  const bool optional = element.kind() == c10::TypeKind::OptionalType;
  const c10::Type& inner =
      optional ? *element.castRaw<c10::OptionalType>()->getElementType() : element;
  const bool empty = code == ArgCode::kEmptyList;
  if (inner.kind() == c10::TypeKind::TensorType) {
    if (code != ArgCode::kTensorList && !empty) return kNone;
    return By(optional ? Read::kOptionalTensorList : Read::kTensorList);
  }
  if (code == ArgCode::kTensorList) return kNone;
  if (IsInt(inner.kind())) return code == ArgCode::kDoubleList ? kNone : By(Read::kIntList);
  if (inner.kind() == c10::TypeKind::FloatType) return By(Read::kDoubleList);
  return kUnknown;
}

// The counterpart of ToIValue, decided by the kind instead of the value.
Match MatchType(ArgCode code, const c10::Type& type, std::optional<int32_t> fixed_size) {
  const c10::TypeKind wanted = type.kind();
  const bool none = code == ArgCode::kUndefined || code == ArgCode::kNull;
  if (wanted == c10::TypeKind::OptionalType) {
    if (none) return By(Read::kConstant);
    return MatchType(code, *type.castRaw<c10::OptionalType>()->getElementType(), fixed_size);
  }
  if (wanted == c10::TypeKind::ListType) {
    return MatchList(code, *type.castRaw<c10::ListType>()->getElementType(), fixed_size);
  }
  switch (code) {
    case ArgCode::kTensor:
      return wanted == c10::TypeKind::TensorType || wanted == c10::TypeKind::AnyType
                 ? By(Read::kTensor)
                 : kNone;
    case ArgCode::kInt:
      if (IsInt(wanted) || wanted == c10::TypeKind::NumberType) return By(Read::kInt);
      return wanted == c10::TypeKind::FloatType ? By(Read::kDouble) : kNone;
    case ArgCode::kDouble:
      return wanted == c10::TypeKind::FloatType || wanted == c10::TypeKind::NumberType
                 ? By(Read::kDouble)
                 : kNone;
    case ArgCode::kBool:
      return wanted == c10::TypeKind::BoolType || wanted == c10::TypeKind::NumberType
                 ? By(Read::kBool)
                 : kNone;
    default:
      return kNone;
  }
}

// The steps for one overload, or nothing where the kinds do not fit it. `unknown` is set where that
// cannot be told.
std::optional<std::vector<Step>> MatchSchema(const c10::FunctionSchema& schema,
                                             const std::vector<ArgCode>& codes, Omission omission,
                                             bool& unknown) {
  const auto& wanted = schema.arguments();
  if (codes.size() > wanted.size()) return std::nullopt;
  std::vector<Step> steps;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const c10::Argument& argument = wanted[i];
    const auto fallback = argument.default_value();
    if (i < codes.size()) {
      if (argument.kwarg_only()) return std::nullopt;
      // Named ints are validated, and have names, in the general way only.
      if (codes[i] != ArgCode::kUndefined && FindNamedInt(schema, argument)) unknown = true;
      Match match = MatchType(codes[i], *argument.real_type(), argument.N());
      if (match.outcome == Match::Outcome::kUnknown) unknown = true;
      if (match.outcome == Match::Outcome::kStep) {
        steps.push_back(std::move(match.step));
        continue;
      }
      if (codes[i] != ArgCode::kUndefined || !fallback) return std::nullopt;
    }
    if (fallback) {
      steps.push_back({Read::kConstant, 0, *fallback});
    } else if (omission == Omission::kNullable &&
               argument.real_type()->kind() == c10::TypeKind::OptionalType) {
      steps.push_back({Read::kConstant, 0, {}});
    } else {
      return std::nullopt;
    }
  }
  return steps;
}

}  // namespace

uint32_t CallPlans::Make(const OperatorTable& operators, uint32_t operator_index,
                         std::vector<ArgCode> codes) {
  for (const Omission omission : kOmissions) {
    for (const Overload& overload : operators.Get(operator_index).overloads) {
      bool unknown = false;
      auto steps = MatchSchema(overload.handle.schema(), codes, omission, unknown);
      if (unknown) return 0;  // an earlier overload than any that follows might fit
      if (!steps) continue;
      plans_.push_back({operator_index, &overload, std::move(codes), std::move(*steps)});
      return static_cast<uint32_t>(plans_.size());
    }
  }
  return 0;
}

uint32_t CallPlans::Find(const OperatorTable& operators, uint32_t operator_index,
                         uint32_t signature) {
  const auto known = numbers_.find({operator_index, signature});
  if (known != numbers_.end()) return known->second;
  std::vector<ArgCode> codes;
  for (uint32_t rest = signature; rest > 1; rest >>= 4) {
    const uint32_t code = rest & 15U;
    if (code == 0 || code > static_cast<uint32_t>(ArgCode::kTensorList) || rest < 16) {
      Fail("ERR_INVALID_ARG", "plan: expected kinds of arguments");
    }
    codes.insert(codes.begin(), static_cast<ArgCode>(code));
  }
  if (signature == 0) Fail("ERR_INVALID_ARG", "plan: expected kinds of arguments");
  const uint32_t number = Make(operators, operator_index, std::move(codes));
  numbers_.emplace(std::pair(operator_index, signature), number);
  return number;
}

CallPlan* CallPlans::Get(double number) {
  if (!(number >= 1 && number <= static_cast<double>(plans_.size()))) return nullptr;
  return &plans_[static_cast<size_t>(number) - 1];
}

}  // namespace torchwright
