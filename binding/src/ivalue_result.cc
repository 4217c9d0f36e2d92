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

template <typename Sequence>
napi_value ToArray(Environment& environment, const Sequence& elements, uint64_t born) {
  const napi_env env = environment.env();
  napi_value array = nullptr;
  napi_create_array_with_length(env, elements.size(), &array);
  uint32_t index = 0;
  for (const c10::IValue& element : elements) {
    napi_set_element(env, array, index++, FromIValue(environment, element, born));
  }
  return array;
}

}  // namespace

napi_value FromIValue(Environment& environment, const c10::IValue& value, uint64_t born,
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
      pair.Set(0U, entry.key().isString() ? entry.key().toStringRef() : entry.key().tagKind());
      pair.Set(1U, Napi::Value(env, FromIValue(environment, entry.value(), born)));
      entries.Set(index++, pair);
    }
    Napi::Object object = Napi::Object::New(env);
    object.Set("dict", entries);
    return object;
  }
  if (value.isBool()) return Boxed(env, Napi::Boolean::New(env, value.toBool()));
  if (value.isDouble()) return Boxed(env, Napi::Number::New(env, value.toDouble()));
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
  if (value.isDevice()) return Boxed(env, Napi::String::New(env, value.toDevice().str()));
  Fail("ERR_NATIVE", "result: a " + value.tagKind() + " has no JavaScript form");
}

}  // namespace torchwright
