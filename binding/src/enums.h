// Enumerations of ATen by PyTorch's names. An out-of-range value would kill the process in some
// operators, so no integer of JavaScript's reaches libtorch as an enumeration unchecked.
#pragma once

#include <ATen/core/function_schema.h>

#include <cstdint>
#include <optional>
#include <string>

#include "napi_setup.h"

namespace torchwright {

// "channels_last", "sparse_coo"; nothing for a name that is none.
std::optional<int64_t> ParseMemoryFormat(const std::string& name);
std::optional<int64_t> ParseLayout(const std::string& name);

// An argument that the schema calls `int`, although PyTorch names each of its few values:
// `reduction: "mean"`. Names and integers are both taken.
struct NamedInt {
  const char* argument;
  const char* operators;  // those whose name starts so; a TorchScript method never is one
  const char* names[3];   // in the order of their values, from 0
};

// The choice behind an argument; null where it is none.
const NamedInt* FindNamedInt(const c10::FunctionSchema& schema, const c10::Argument& argument);

// The value of a name or integer, or nothing where it is neither.
std::optional<int64_t> ReadNamedInt(napi_env env, napi_value value, const NamedInt& choice);

}  // namespace torchwright
