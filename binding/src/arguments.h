// Reads what JavaScript passes to entry points, strictly: a value of another type is a coded error.
// Nothing is converted (no toString, no valueOf), so that no JavaScript runs where none is
// expected; only elements and properties are read, and their getters may run anything. Whoever
// reads them must not hold references into tables meanwhile.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "napi_setup.h"

namespace torchwright {

// JavaScript's Number.MAX_SAFE_INTEGER, 2^53 - 1.
inline constexpr double kMaxSafeInteger = 9007199254740991.0;

// A longer array is a mistake or an attack: no list of tensors, sizes or numbers is this long, and
// a sparse array of 2^32 elements costs JavaScript nothing.
constexpr uint32_t kMaxArrayLength = 1U << 20;

// All throw ERR_INVALID_ARG; `what` opens the message.
std::string ReadText(const Napi::Value& value, const char* what);
// Without a NUL, at which the system would cut it.
std::string ReadPath(const Napi::Value& value, const char* what);
bool ReadFlag(const Napi::Value& value, const char* what);
// An integer from 0 to `most`.
uint32_t ReadNumber(const Napi::Value& value, const char* what, uint32_t most = UINT32_MAX);
// A seed of a random generator: a non-negative integer of 64 bits, as a number where that is exact.
uint64_t ReadSeed(const Napi::Value& value, const char* what);
Napi::Object ReadObject(const Napi::Value& value, const char* what);
std::vector<Napi::Value> ReadArray(const Napi::Value& value, const char* what);
std::vector<std::string> ReadTexts(const Napi::Value& value, const char* what);

// Multiplies sizes that are not negative; false, with nothing changed, where the product overflows.
bool Multiply(int64_t& product, int64_t size);

}  // namespace torchwright
