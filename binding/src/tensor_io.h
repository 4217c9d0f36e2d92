// What reading and writing elements, sharing and saving them have in common.
#pragma once

#include <ATen/core/TensorBody.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "napi_setup.h"

namespace torchwright {

class Environment;

std::vector<int64_t> ParseShape(const Napi::Value& value);
// Elements of a shape, or an error where the product overflows.
int64_t CheckedNumel(const std::vector<int64_t>& shape);
// The typed array that holds a dtype; throws where none does.
napi_typedarray_type ArrayTypeOf(at::ScalarType dtype);
std::optional<at::ScalarType> DtypeOfArray(napi_typedarray_type type);

// The values in the CPU's memory, row by row: pending conjugation and negation done, and memory
// behind autograd's zeros, such as the gradient of `sgn`, which have none. Any thread.
at::Tensor HostValues(const at::Tensor& tensor);

// A typed array over the memory of a contiguous CPU tensor, or null where it cannot be lent.
napi_value LentArray(Environment& environment, const at::Tensor& tensor);

}  // namespace torchwright
