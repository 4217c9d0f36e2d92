// The way back of ivalue.h: results of operators and modules for JavaScript.
#include <ATen/core/Dict.h>
#include <ATen/core/TensorBody.h>

#include <cmath>

#include "environment.h"
#include "ivalue.h"

namespace torchwright {
namespace {

napi_value Boxed(napi_env env, napi_value value) {
  napi_value object = nullptr;
  napi_create_object(env, &object);
  napi_set_named_property(env, object, "value", value);
  return object;
}

// Text of a dictionary's key, as an object of JavaScript has it.
std::string KeyText(const c10::IValue& key) {
  if (key.isString()) return key.toStringRef();
  if (key.isInt()) return std::to_string(key.toInt());
  if (key.isBool()) return key.toBool() ? "true" : "false";
  Fail("ERR_NATIVE",
       "result: a dictionary with a " + key.tagKind() + " for a key has no JavaScript form");
}

// Before any tensor of a result gets a handle, which nobody would free if another part failed.
void CheckForm(const c10::IValue& value) {
  if (value.isTuple()) {
    for (const c10::IValue& element : value.toTupleRef().elements()) CheckForm(element);
  } else if (value.isList()) {
    for (const c10::IValue& element : value.toList().vec()) CheckForm(element);
  } else if (value.isGenericDict()) {
    for (const auto& entry : value.toGenericDict()) {
      KeyText(entry.key());
      CheckForm(entry.value());
    }
  } else if (!value.isTensor() && !value.isNone() && !value.isBool() && !value.isDouble() &&
             !value.isComplexDouble() && !value.isInt() && !value.isString() && !value.isDevice()) {
    Fail("ERR_NATIVE", "result: a " + value.tagKind() + " has no JavaScript form");
  }
}

napi_value ToValue(Environment& environment, const c10::IValue& value, uint64_t born,
                   const c10::Type* type);

template <typename Sequence>
napi_value ToArray(Environment& environment, const Sequence& elements, uint64_t born) {
  const napi_env env = environment.env();
  napi_value array = nullptr;
  napi_create_array_with_length(env, elements.size(), &array);
  uint32_t index = 0;
  for (const c10::IValue& element : elements) {
    napi_set_element(env, array, index++, ToValue(environment, element, born, nullptr));
  }
  return array;
}

napi_value ToValue(Environment& environment, const c10::IValue& value, uint64_t born,
                   const c10::Type* type) {
  const Napi::Env env = environment.env();
  if (value.isTensor()) {
    const at::Tensor& tensor = value.toTensor();
    if (!tensor.defined()) return env.Undefined();
    return Napi::Number::New(env, environment.tensors().Add(tensor, born));
  }
  if (value.isNone()) return env.Undefined();
  if (value.isTuple()) return ToArray(environment, value.toTupleRef().elements(), born);
  if (value.isList()) return ToArray(environment, value.toList().vec(), born);
  if (value.isGenericDict()) {
    Napi::Array entries = Napi::Array::New(env);
    uint32_t index = 0;
    for (const auto& entry : value.toGenericDict()) {
      Napi::Array pair = Napi::Array::New(env, 2);
      pair.Set(0U, KeyText(entry.key()));
      pair.Set(1U, Napi::Value(env, ToValue(environment, entry.value(), born, nullptr)));
      entries.Set(index++, pair);
    }
    Napi::Object object = Napi::Object::New(env);
    object.Set("dict", entries);
    return object;
  }
  if (value.isBool()) return Boxed(env, Napi::Boolean::New(env, value.toBool()));
  if (value.isDouble()) return Boxed(env, Napi::Number::New(env, value.toDouble()));
  if (value.isComplexDouble()) {
    Napi::Object parts = Napi::Object::New(env);
    parts.Set("re", value.toComplexDouble().real());
    parts.Set("im", value.toComplexDouble().imag());
    return Boxed(env, parts);
  }
  if (value.isInt() && type != nullptr && type->kind() == c10::TypeKind::ScalarTypeType) {
    return Boxed(env,
                 Napi::String::New(env, DtypeName(static_cast<at::ScalarType>(value.toInt()))));
  }
  if (value.isInt()) {
    const int64_t integer = value.toInt();
    if (std::abs(static_cast<double>(integer)) <= kMaxSafeInteger) {
      return Boxed(env, Napi::Number::New(env, static_cast<double>(integer)));
    }
    return Boxed(env, Napi::BigInt::New(env, integer));
  }
  if (value.isString()) return Boxed(env, Napi::String::New(env, value.toStringRef()));
  return Boxed(env, Napi::String::New(env, value.toDevice().str()));
}

}  // namespace

napi_value FromIValue(Environment& environment, const c10::IValue& value, uint64_t born,
                      const c10::Type* type) {
  if (!value.isTensor()) CheckForm(value);
  return ToValue(environment, value, born, type);
}

}  // namespace torchwright
