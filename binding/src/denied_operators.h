// Operators that are refused, whatever their arguments: each has its reason, which the error tells.
#pragma once

#include <string_view>

namespace torchwright {

// Why the operator of this name, without overload, is refused; null where it is not.
const char* ReasonForDenial(std::string_view base);

}  // namespace torchwright
