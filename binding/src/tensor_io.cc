// Entry points of tensors: elements in and out.
#include <ATen/Functions.h>
#include <ATen/Parallel.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "environment.h"
#include "tensor_io.h"

namespace torchwright {
namespace {

struct ArrayType {
  napi_typedarray_type type;
  at::ScalarType dtype;
};

// Reading takes the first array of a dtype.
constexpr std::array<ArrayType, 11> kArrayTypes = {{{napi_float32_array, at::kFloat},
                                                    {napi_float64_array, at::kDouble},
                                                    {napi_int8_array, at::kChar},
                                                    {napi_int16_array, at::kShort},
                                                    {napi_int32_array, at::kInt},
                                                    {napi_bigint64_array, at::kLong},
                                                    {napi_uint8_array, at::kByte},
                                                    {napi_uint16_array, at::kUInt16},
                                                    {napi_uint32_array, at::kUInt32},
                                                    {napi_biguint64_array, at::kUInt64},
                                                    {napi_uint8_clamped_array, at::kByte}}};

}  // namespace

std::vector<int64_t> ParseShape(const Napi::Value& value) {
  std::vector<int64_t> shape;
  for (const Napi::Value& size : ReadArray(value, "shape")) {
    const double number = size.IsNumber() ? size.As<Napi::Number>().DoubleValue() : -1;
    if (!(number >= 0) || number != std::floor(number) || number > kMaxSafeInteger) {
      Fail("ERR_INVALID_ARG", "shape: expected non-negative integers");
    }
    shape.push_back(static_cast<int64_t>(number));
  }
  return shape;
}

int64_t CheckedNumel(const std::vector<int64_t>& shape) {
  int64_t numel = 1;
  for (const int64_t size : shape) {
    if (!Multiply(numel, size)) {
      Fail("ERR_SHAPE_MISMATCH", "shape: the number of elements overflows");
    }
  }
  return numel;
}

napi_typedarray_type ArrayTypeOf(at::ScalarType dtype) {
  if (dtype == at::kBool) return napi_uint8_array;
  for (const ArrayType& known : kArrayTypes) {
    if (known.dtype == dtype) return known.type;
  }
  Fail("ERR_INVALID_ARG", std::string("read: no typed array holds ") + DtypeName(dtype));
}

at::Tensor HostValues(const at::Tensor& tensor) {
  at::Tensor dense = tensor.detach();
  if (dense._is_zerotensor()) dense = at::zeros(dense.sizes(), dense.options());
  return dense.resolve_conj().resolve_neg().to(at::kCPU).contiguous();
}

std::optional<at::ScalarType> DtypeOfArray(napi_typedarray_type type) {
  for (const ArrayType& known : kArrayTypes) {
    if (known.type == type) return known.dtype;
  }
  return std::nullopt;
}

namespace {

// How an array's elements make up a tensor's.
enum class Form { kValues, kPairs, kHalfBits };

Form ParseForm(const std::string& name) {
  if (name == "values") return Form::kValues;
  if (name == "pairs") return Form::kPairs;  // real and imaginary parts in turn
  if (name == "float16") return Form::kHalfBits;
  Fail("ERR_INVALID_ARG", "Tensor.from: expected values, pairs or float16 as form");
}

// The array's memory as a tensor of `shape`, without a copy.
at::Tensor ViewOf(void* data, std::vector<int64_t> shape, at::ScalarType dtype, Form form) {
  // A detached buffer has length 0 and a null address; from_blob takes neither amiss.
  switch (form) {
    case Form::kValues:
      return at::from_blob(data, shape, at::TensorOptions(dtype));
    case Form::kPairs:
      if (dtype != at::kFloat && dtype != at::kDouble) break;
      shape.push_back(2);
      return at::view_as_complex(at::from_blob(data, shape, at::TensorOptions(dtype)));
    case Form::kHalfBits:
      if (dtype != at::kUInt16) break;
      return at::from_blob(data, shape, at::TensorOptions(at::kHalf));
  }
  Fail("ERR_INVALID_ARG",
       "Tensor.from: expected a Float32Array or Float64Array for complex numbers");
}

// Copies with a team where this thread has one. Not the copying kernel: it keeps in the cache what
// nobody reads again soon, and so takes half as long again.
void CopyBytes(void* to, const void* from, int64_t bytes) {
  constexpr int64_t kGrain = 4 << 20;
  at::parallel_for(0, bytes, kGrain, [&](int64_t begin, int64_t end) {
    std::memcpy(static_cast<char*>(to) + begin, static_cast<const char*>(from) + begin,
                end - begin);
  });
}

Napi::Value FromTypedArray(Environment& environment, const Napi::CallbackInfo& info) {
  if (!info[0].IsTypedArray()) Fail("ERR_INVALID_ARG", "Tensor.from: expected a typed array");
  const std::vector<int64_t> shape = ParseShape(info[1]);
  const at::ScalarType dtype = ParseDtype(ReadText(info[2], "dtype"));
  const at::Device device = ParseDevice(ReadText(info[3], "device"));
  const Form form = info[4].IsUndefined() ? Form::kValues : ParseForm(ReadText(info[4], "form"));
  // After the shape, whose getters may run JavaScript that detaches or shrinks the buffer.
  auto type = static_cast<napi_typedarray_type>(-1);  // no array, like any kind that N-API adds
  size_t length = 0;
  void* data = nullptr;
  napi_get_typedarray_info(info.Env(), info[0], &type, &length, &data, nullptr, nullptr);
  const int64_t numel = CheckedNumel(shape);
  const int64_t per_element = form == Form::kPairs ? 2 : 1;
  if (static_cast<int64_t>(length) % per_element != 0 ||
      numel != static_cast<int64_t>(length) / per_element) {
    Fail("ERR_SHAPE_MISMATCH", "Tensor.from: expected " + std::to_string(numel) +
                                   " elements for the shape, got " + std::to_string(length) +
                                   (form == Form::kPairs ? " real and imaginary parts" : ""));
  }
  for (const ArrayType& known : kArrayTypes) {
    if (known.type != type) continue;
    at::Tensor result = at::empty(shape, at::TensorOptions(dtype).device(device));
    if (form == Form::kValues && known.dtype == dtype && device.is_cpu()) {
      if (length > 0) CopyBytes(result.mutable_data_ptr(), data, result.nbytes());
      return Napi::Value(info.Env(), environment.Wrap(std::move(result)));
    }
    return Napi::Value(info.Env(),
                       environment.Wrap(result.copy_(ViewOf(data, shape, known.dtype, form))));
  }
  Fail("ERR_INVALID_ARG", "Tensor.from: this kind of typed array is not supported");
}

// V8's limit; it ends the process when asked for more.
constexpr int64_t kMaxTypedArray = 4294967295;

// A contiguous CPU tensor of a dtype that a typed array can hold; a complex one has a last
// dimension of real and imaginary part.
at::Tensor Readable(const at::Tensor& tensor) {
  // Before anything is copied: an expanded tensor has few bytes and any number of elements.
  if (tensor.numel() > kMaxTypedArray / (tensor.is_complex() ? 2 : 1)) {
    Fail("ERR_INVALID_ARG",
         "read: expected at most 4,294,967,295 elements, got " + std::to_string(tensor.numel()));
  }
  at::Tensor result = HostValues(tensor);
  if (result.scalar_type() == at::kComplexHalf) result = result.to(at::kComplexFloat);
  if (result.is_complex()) result = at::view_as_real(result);
  if (result.scalar_type() == at::kHalf || result.scalar_type() == at::kBFloat16) {
    result = result.to(at::kFloat);
  }
  return result;
}

at::Tensor Copy(const at::Tensor& contiguous) {
  at::Tensor copy = at::empty(contiguous.sizes(), contiguous.options());
  CopyBytes(copy.mutable_data_ptr(), contiguous.const_data_ptr(), contiguous.nbytes());
  return copy;
}

// V8 ends the process where it gets no memory for a buffer; malloc says so.
bool HostHas(size_t bytes) {
  void* volatile probe = std::malloc(bytes);  // volatile, or the compiler would spare it
  std::free(probe);
  return probe != nullptr;
}

// `fresh`: nobody else has this tensor's memory, so that JavaScript may have it.
napi_value ToTypedArrayValue(Environment& environment, const at::Tensor& readable, bool fresh) {
  const napi_env env = environment.env();
  const napi_typedarray_type type = ArrayTypeOf(readable.scalar_type());
  const size_t bytes = readable.nbytes();
  if (environment.lender().Affords(bytes)) {
    // The allocator's memory has been used before; new memory of V8's costs a page fault every
    // 4 kB, which takes longer than the copy.
    napi_value lent = LentArray(environment, fresh ? readable : Copy(readable));
    if (lent != nullptr) return lent;
  }
  void* data = nullptr;
  napi_value buffer = nullptr;
  if ((bytes > 0 && !HostHas(bytes)) ||
      napi_create_arraybuffer(env, bytes, &data, &buffer) != napi_ok) {
    Fail("ERR_OUT_OF_MEMORY", "read: no buffer of " + std::to_string(bytes) + " bytes");
  }
  if (bytes > 0) std::memcpy(data, readable.const_data_ptr(), bytes);
  napi_value result = nullptr;
  napi_create_typedarray(env, type, readable.numel(), buffer, 0, &result);
  return result;
}

Napi::Value ToTypedArray(Environment& environment, const Napi::CallbackInfo& info) {
  const at::Tensor& tensor = environment.Use(info[0]);
  const at::Tensor readable = Readable(tensor);
  return Napi::Value(info.Env(), ToTypedArrayValue(environment, readable,
                                                   /*fresh=*/!readable.is_alias_of(tensor)));
}

Napi::Value ReadAsync(Environment& environment, const Napi::CallbackInfo& info) {
  auto readable = std::make_shared<at::Tensor>();
  return environment.executor().Queue(
      "read",
      [tensor = environment.Peek(info[0]), readable] {
        *readable = Readable(tensor);
        // By the time JavaScript takes the values, later work may have written to the tensor.
        if (readable->is_alias_of(tensor)) *readable = Copy(*readable);
      },
      [readable, &environment](uint64_t) {
        return ToTypedArrayValue(environment, std::exchange(*readable, {}), /*fresh=*/true);
      });
}

Napi::Value Item(Environment& environment, const Napi::CallbackInfo& info) {
  const at::Tensor tensor = environment.Use(info[0]);
  if (tensor.numel() != 1) {
    Fail("ERR_SHAPE_MISMATCH",
         "item: expected a tensor of one element, got " + std::to_string(tensor.numel()));
  }
  const at::Scalar scalar = tensor.item();
  if (scalar.isComplex()) {
    const c10::complex<double> number = scalar.toComplexDouble();
    Napi::Object parts = Napi::Object::New(info.Env());
    parts.Set("re", number.real());
    parts.Set("im", number.imag());
    return parts;
  }
  if (scalar.isBoolean()) return Napi::Boolean::New(info.Env(), scalar.toBool());
  if (scalar.isFloatingPoint()) return Napi::Number::New(info.Env(), scalar.toDouble());
  if (tensor.scalar_type() == at::kUInt64) {
    return Napi::BigInt::New(info.Env(), static_cast<uint64_t>(scalar.toUInt64()));
  }
  const int64_t integer = scalar.toLong();
  if (tensor.scalar_type() == at::kLong) return Napi::BigInt::New(info.Env(), integer);
  return Napi::Number::New(info.Env(), static_cast<double>(integer));
}

}  // namespace

void RegisterTensorIo(Environment& environment, Napi::Object exports) {
  Register<FromTypedArray>(environment, exports, "fromTypedArray");
  Register<ToTypedArray>(environment, exports, "toTypedArray");
  Register<ReadAsync>(environment, exports, "readAsync");
  Register<Item>(environment, exports, "item");
}

}  // namespace torchwright
