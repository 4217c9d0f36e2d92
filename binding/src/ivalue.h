// JavaScript value ⇄ IValue, driven by the schema's types. JavaScript thread only.
#pragma once

#include <ATen/core/ivalue.h>
#include <ATen/core/jit_type.h>

#include <cstdint>
#include <optional>
#include <string>

#include "arguments.h"
#include "napi_setup.h"

namespace torchwright {

class Environment;

// How JavaScript marks an argument: the handle of a tensor or generator is a number there, too.
enum class ArgKind : uint8_t { kPlain = 0, kTensor = 1, kTensorList = 2, kGenerator = 3 };

// Whether tensors among the arguments are waited for (synchronous work) or only looked up (queued
// work, where order holds by itself).
enum class Access : uint8_t { kUse, kPeek };

// The value as the type wants it, or nothing where it does not fit. Throws for what no overload
// could take: a disposed tensor, an unknown dtype's name where only a dtype is possible.
// `fixed_size` is the schema's N of `int[N]`: one number then stands for N.
std::optional<c10::IValue> ToIValue(Environment& environment, napi_value value, ArgKind kind,
                                    const c10::Type& type, std::optional<int32_t> fixed_size,
                                    Access access);

// A result for JavaScript: a tensor is its handle, a tuple or list an array, a dictionary
// `{ dict: [[key, value], …] }`, anything else `{ value }`; None is undefined. `type` is the
// schema's, which alone tells a dtype from an integer; null where there is none.
napi_value FromIValue(Environment& environment, const c10::IValue& value, uint64_t born,
                      const c10::Type* type = nullptr);

// "float32[2, 3]", "2.5", "\"mean\"", "array of 3" for messages.
std::string DescribeArgument(Environment& environment, napi_value value, ArgKind kind);

}  // namespace torchwright
