#include "ivalue.h"

#include <ATen/core/List.h>
#include <ATen/core/TensorBody.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "enums.h"
#include "environment.h"

namespace torchwright {
namespace {

napi_valuetype TypeOf(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  return type;
}

bool IsNone(napi_valuetype type) { return type == napi_undefined || type == napi_null; }

std::string ToText(napi_env env, napi_value value) {
  return Napi::Value(env, value).As<Napi::String>().Utf8Value();
}

std::optional<int64_t> ToInteger(napi_env env, napi_value value) {
  const napi_valuetype type = TypeOf(env, value);
  if (type == napi_number) {
    double number = 0;
    napi_get_value_double(env, value, &number);
    if (number != std::floor(number) || std::abs(number) > kMaxSafeInteger) return std::nullopt;
    return static_cast<int64_t>(number);
  }
  if (type == napi_bigint) {
    int64_t integer = 0;
    bool lossless = false;
    napi_get_value_bigint_int64(env, value, &integer, &lossless);
    if (lossless) return integer;
  }
  return std::nullopt;
}

std::optional<double> ToDouble(napi_env env, napi_value value) {
  if (TypeOf(env, value) != napi_number) return std::nullopt;
  double number = 0;
  napi_get_value_double(env, value, &number);
  return number;
}

std::optional<bool> ToBool(napi_env env, napi_value value) {
  if (TypeOf(env, value) != napi_boolean) return std::nullopt;
  bool flag = false;
  napi_get_value_bool(env, value, &flag);
  return flag;
}

// An integral number is an int, as DESIGN's ground rules say; the operators promote as PyTorch's.
std::optional<at::Scalar> ToScalar(napi_env env, napi_value value) {
  if (const auto flag = ToBool(env, value)) return at::Scalar(*flag);
  if (const auto integer = ToInteger(env, value)) {
    // -0 is not the integer 0.
    if (*integer != 0 || !std::signbit(ToDouble(env, value).value_or(0))) {
      return at::Scalar(*integer);
    }
  }
  if (const auto number = ToDouble(env, value)) return at::Scalar(*number);
  return std::nullopt;
}

std::vector<napi_value> Elements(napi_env env, napi_value array) {
  uint32_t length = 0;
  napi_get_array_length(env, array, &length);
  if (length > kMaxArrayLength) {
    Fail("ERR_INVALID_ARG",
         "a list: expected at most 1,048,576 elements, got " + std::to_string(length));
  }
  std::vector<napi_value> elements(length);
  for (uint32_t i = 0; i < length; ++i) {
    if (napi_get_element(env, array, i, &elements[i]) != napi_ok) {
      throw Napi::Error::New(env);  // what its getter threw
    }
  }
  return elements;
}

bool LooksLikeDevice(const std::string& name) {
  return name == "cpu" || name == "meta" || name.rfind("cuda", 0) == 0;
}

class Converter {
 public:
  Converter(Environment& environment, Access access)
      : environment_(environment), env_(environment.env()), access_(access) {}

  std::optional<c10::IValue> Convert(napi_value value, ArgKind kind, const c10::Type& type,
                                     std::optional<int32_t> fixed_size) {
    const c10::TypeKind wanted = type.kind();
    if (wanted == c10::TypeKind::OptionalType) {
      if (kind == ArgKind::kPlain && IsNone(TypeOf(env_, value))) return c10::IValue();
      return Convert(value, kind, *type.castRaw<c10::OptionalType>()->getElementType(), fixed_size);
    }
    if (kind == ArgKind::kTensor) {
      if (wanted != c10::TypeKind::TensorType && wanted != c10::TypeKind::AnyType) {
        return std::nullopt;
      }
      return Tensor(value);
    }
    if (kind == ArgKind::kGenerator) {
      if (wanted != c10::TypeKind::GeneratorType) return std::nullopt;
      return Generator(value);
    }
    if (wanted == c10::TypeKind::ListType) {
      return List(value, kind, *type.castRaw<c10::ListType>()->getElementType(), fixed_size);
    }
    if (kind == ArgKind::kTensorList) return std::nullopt;
    return Plain(value, type);
  }

 private:
  at::Tensor Tensor(napi_value handle) {
    return access_ == Access::kUse ? environment_.Use(handle) : environment_.Peek(handle);
  }

  at::Generator Generator(napi_value handle) {
    double number = 0;
    if (napi_get_value_double(env_, handle, &number) != napi_ok) {
      Fail("ERR_INVALID_ARG", "generator: expected a generator");
    }
    return environment_.generators().Get(number);
  }

  std::optional<c10::IValue> Plain(napi_value value, const c10::Type& type) {
    const auto wrap = [](auto&& optional) -> std::optional<c10::IValue> {
      if (!optional) return std::nullopt;
      return c10::IValue(*optional);
    };
    switch (type.kind()) {
      case c10::TypeKind::IntType:
      case c10::TypeKind::SymIntType:
        return wrap(ToInteger(env_, value));
      case c10::TypeKind::FloatType:
        return wrap(ToDouble(env_, value));
      case c10::TypeKind::BoolType:
        return wrap(ToBool(env_, value));
      case c10::TypeKind::NumberType:
        return wrap(ToScalar(env_, value));
      case c10::TypeKind::StringType:
        if (TypeOf(env_, value) != napi_string) return std::nullopt;
        return c10::IValue(ToText(env_, value));
      case c10::TypeKind::ScalarTypeType:
        // `to` takes either name in the same place: each kind leaves the other's alone.
        if (TypeOf(env_, value) != napi_string || LooksLikeDevice(ToText(env_, value))) {
          return std::nullopt;
        }
        return c10::IValue(static_cast<int64_t>(ParseDtype(ToText(env_, value))));
      case c10::TypeKind::DeviceObjType:
        if (TypeOf(env_, value) != napi_string || IsDtypeName(ToText(env_, value))) {
          return std::nullopt;
        }
        return c10::IValue(ParseDevice(ToText(env_, value)));
      case c10::TypeKind::LayoutType:
        if (TypeOf(env_, value) != napi_string) return std::nullopt;
        return wrap(ParseLayout(ToText(env_, value)));
      case c10::TypeKind::MemoryFormatType:
        if (TypeOf(env_, value) != napi_string) return std::nullopt;
        return wrap(ParseMemoryFormat(ToText(env_, value)));
      default:
        // Streams, storages and named dimensions have no JavaScript form here.
        return std::nullopt;
    }
  }

  std::optional<c10::IValue> List(napi_value value, ArgKind kind, const c10::Type& element,
                                  std::optional<int32_t> fixed_size) {
    bool is_array = false;
    napi_is_array(env_, value, &is_array);
    if (!is_array) {
      // `int[2] stride` takes one number for all.
      if (!fixed_size || kind != ArgKind::kPlain) return std::nullopt;
      return Repeated(value, element, *fixed_size);
    }
    const std::vector<napi_value> items = Elements(env_, value);
    const bool optional = element.kind() == c10::TypeKind::OptionalType;
    const c10::Type& inner =
        optional ? *element.castRaw<c10::OptionalType>()->getElementType() : element;
    if (inner.kind() == c10::TypeKind::TensorType) {
      if (kind != ArgKind::kTensorList && !items.empty()) return std::nullopt;
      return optional ? OptionalTensors(items) : Tensors(items);
    }
    if (kind != ArgKind::kPlain) return std::nullopt;
    switch (inner.kind()) {
      case c10::TypeKind::IntType:
      case c10::TypeKind::SymIntType:
        return Fill<int64_t>(items, [&](napi_value item) { return ToInteger(env_, item); });
      case c10::TypeKind::FloatType:
        return Fill<double>(items, [&](napi_value item) { return ToDouble(env_, item); });
      case c10::TypeKind::BoolType:
        return Fill<bool>(items, [&](napi_value item) { return ToBool(env_, item); });
      case c10::TypeKind::NumberType: {
        c10::impl::GenericList list(c10::NumberType::get());
        for (napi_value item : items) {
          const auto scalar = ToScalar(env_, item);
          if (!scalar) return std::nullopt;
          list.push_back(c10::IValue(*scalar));
        }
        return c10::IValue(std::move(list));
      }
      default:
        return std::nullopt;
    }
  }

  std::optional<c10::IValue> Repeated(napi_value value, const c10::Type& element, int32_t count) {
    if (element.kind() == c10::TypeKind::FloatType) {
      const auto number = ToDouble(env_, value);
      if (!number) return std::nullopt;
      return c10::IValue(std::vector<double>(count, *number));
    }
    const auto integer = ToInteger(env_, value);
    if (!integer) return std::nullopt;
    return c10::IValue(std::vector<int64_t>(count, *integer));
  }

  template <typename T, typename F>
  std::optional<c10::IValue> Fill(const std::vector<napi_value>& items, F convert) {
    c10::List<T> list;
    list.reserve(items.size());
    for (napi_value item : items) {
      const std::optional<T> converted = convert(item);
      if (!converted) return std::nullopt;
      list.push_back(*converted);
    }
    return c10::IValue(std::move(list));
  }

  c10::IValue Tensors(const std::vector<napi_value>& items) {
    c10::List<at::Tensor> list;
    list.reserve(items.size());
    for (napi_value item : items) list.push_back(Tensor(item));
    return c10::IValue(std::move(list));
  }

  c10::IValue OptionalTensors(const std::vector<napi_value>& items) {
    c10::List<std::optional<at::Tensor>> list;
    for (napi_value item : items) {
      if (IsNone(TypeOf(env_, item))) {
        list.push_back(std::nullopt);
      } else {
        list.push_back(Tensor(item));
      }
    }
    return c10::IValue(std::move(list));
  }

  Environment& environment_;
  napi_env env_;
  Access access_;
};

}  // namespace

std::optional<c10::IValue> ToIValue(Environment& environment, napi_value value, ArgKind kind,
                                    const c10::Type& type, std::optional<int32_t> fixed_size,
                                    Access access) {
  return Converter(environment, access).Convert(value, kind, type, fixed_size);
}

namespace {

std::string DescribeTensor(Environment& environment, napi_value handle) {
  double number = 0;
  if (napi_get_value_double(environment.env(), handle, &number) != napi_ok) return "no tensor";
  if (!environment.tensors().IsLive(number)) return "a disposed tensor";
  const at::Tensor& tensor = environment.tensors().Get(number).tensor;
  std::string text = std::string(DtypeName(tensor.scalar_type())) + "[";
  for (int64_t i = 0; i < tensor.dim(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(tensor.size(i));
  }
  return text + "]";
}

}  // namespace

std::string DescribeArgument(Environment& environment, napi_value value, ArgKind kind) {
  const napi_env env = environment.env();
  if (kind == ArgKind::kTensor) return DescribeTensor(environment, value);
  if (kind == ArgKind::kGenerator) return "a Generator";
  switch (TypeOf(env, value)) {
    case napi_undefined:
      return "undefined";
    case napi_null:
      return "null";
    case napi_string: {
      const std::string text = ToText(env, value);
      return "\"" + (text.size() > 40 ? text.substr(0, 40) + "…" : text) + "\"";
    }
    case napi_boolean:
    case napi_number:
    case napi_bigint:
      return Napi::Value(env, value).ToString().Utf8Value();
    case napi_object: {
      bool is_array = false;
      napi_is_array(env, value, &is_array);
      if (!is_array) return "an object";
      uint32_t length = 0;
      napi_get_array_length(env, value, &length);
      if (kind != ArgKind::kTensorList) return "array of " + std::to_string(length);
      constexpr uint32_t kShown = 8;
      std::string text = "[";
      for (uint32_t i = 0; i < std::min(length, kShown); ++i) {
        napi_value item = nullptr;
        if (napi_get_element(env, value, i, &item) != napi_ok) throw Napi::Error::New(env);
        text += (i == 0 ? "" : ", ") + DescribeTensor(environment, item);
      }
      return text + (length > kShown ? ", …]" : "]");
    }
    default:
      return "something that is no argument";
  }
}

}  // namespace torchwright
