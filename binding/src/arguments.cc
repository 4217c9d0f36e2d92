#include "arguments.h"

#include <cmath>
#include <limits>

#include "error.h"

namespace torchwright {
namespace {

[[noreturn]] void Refuse(const char* what, const char* expected) {
  Fail("ERR_INVALID_ARG", std::string(what) + ": expected " + expected);
}

}  // namespace

std::string ReadText(const Napi::Value& value, const char* what) {
  if (!value.IsString()) Refuse(what, "a string");
  return value.As<Napi::String>().Utf8Value();
}

std::string ReadPath(const Napi::Value& value, const char* what) {
  std::string path = ReadText(value, what);
  if (path.empty() || path.find('\0') != std::string::npos) Refuse(what, "a path");
  return path;
}

bool ReadFlag(const Napi::Value& value, const char* what) {
  if (!value.IsBoolean()) Refuse(what, "true or false");
  return value.As<Napi::Boolean>().Value();
}

uint32_t ReadNumber(const Napi::Value& value, const char* what, uint32_t most) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!(number >= 0 && number <= most) || number != std::floor(number)) {
    Fail("ERR_INVALID_ARG",
         std::string(what) + ": expected an integer from 0 to " + std::to_string(most));
  }
  return static_cast<uint32_t>(number);
}

uint64_t ReadSeed(const Napi::Value& value, const char* what) {
  if (value.IsBigInt()) {
    bool lossless = false;
    const uint64_t seed = value.As<Napi::BigInt>().Uint64Value(&lossless);
    if (lossless) return seed;
  } else if (value.IsNumber()) {
    const double seed = value.As<Napi::Number>().DoubleValue();
    if (seed >= 0 && seed <= kMaxSafeInteger && seed == std::floor(seed)) {
      return static_cast<uint64_t>(seed);
    }
  }
  Refuse(what, "as seed an integer from 0 to 2^64 - 1, a bigint above 2^53 - 1");
}

Napi::Object ReadObject(const Napi::Value& value, const char* what) {
  if (!value.IsObject()) Refuse(what, "an object");
  return value.As<Napi::Object>();
}

std::vector<Napi::Value> ReadArray(const Napi::Value& value, const char* what) {
  if (!value.IsArray()) Refuse(what, "an array");
  const auto array = value.As<Napi::Array>();
  const uint32_t length = array.Length();
  if (length > kMaxArrayLength) Refuse(what, "at most 1,048,576 elements");
  std::vector<Napi::Value> elements;
  elements.reserve(length);
  for (uint32_t i = 0; i < length; ++i) elements.push_back(array.Get(i));
  return elements;
}

std::vector<std::string> ReadTexts(const Napi::Value& value, const char* what) {
  std::vector<std::string> texts;
  for (const Napi::Value& item : ReadArray(value, what)) texts.push_back(ReadText(item, what));
  return texts;
}

bool Multiply(int64_t& product, int64_t size) {
  if (size > 0 && product > std::numeric_limits<int64_t>::max() / size) return false;
  product *= size;
  return true;
}

}  // namespace torchwright
