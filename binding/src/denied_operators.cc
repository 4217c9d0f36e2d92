#include "denied_operators.h"

#include <array>

namespace torchwright {
namespace {

struct Denial {
  std::string_view name;
  const char* reason;
};

// Operators that kill the process, read or write beyond memory, or never end on well-typed
// arguments, with the reason. An operator that is of use stands in operator_guards.cc instead, with
// the bounds that make it safe.
constexpr std::array<Denial, 7> kDenied = {{
    {"mkldnn_rnn_layer", "it ends the process on weights that it does not expect"},
    {"native_batch_norm", "it trusts the sizes of weight and statistics; batch_norm checks them"},
    {"native_group_norm", "it trusts the sizes that it is told; group_norm works them out"},
    {"batch_norm_update_stats", "it trusts the sizes of the statistics"},
    {"from_file", "it maps a file that someone else may truncate, which ends the process"},
    {"choose_qparams_optimized", "it reads as many numbers as it is told to"},
    {"set_data", "it exchanges a tensor's storage behind autograd's back"},
}};

// Whole families, by a part of their names.
constexpr std::array<Denial, 5> kDeniedFamilies = {{
    {"fbgemm_", "it takes a tensor's bytes for an object in memory, and dies of others"},
    {"quantized_", "it takes packed weights for an object in memory, and dies of others"},
    {"slow_conv",
     "it trusts the kernel size that it is told; the convolutions by their usual names do not"},
    {"thnn_conv", "it trusts the kernel size that it is told; conv2d does not"},
    {"_backward", "it is a part of another operator's backward and trusts what that saved"},
}};

}  // namespace

const char* ReasonForDenial(std::string_view base) {
  for (const Denial& denial : kDenied) {
    if (base == denial.name) return denial.reason;
  }
  for (const Denial& family : kDeniedFamilies) {
    if (base.find(family.name) != std::string_view::npos) return family.reason;
  }
  return nullptr;
}

}  // namespace torchwright
