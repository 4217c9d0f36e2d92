#include "denied_operators.h"

#include <algorithm>
#include <array>
#include <utility>

namespace torchwright {
namespace {

// Operators that kill the process or never end on well-typed arguments, with the reason. An
// operator that is of use stands in operator_guards.cc instead, with the bounds that make it safe.
constexpr std::array<std::pair<std::string_view, const char*>, 7> kDenied = {{
    {"quantized_lstm_cell", "it dereferences packed weights that no argument check covers"},
    {"quantized_gru_cell", "it dereferences packed weights that no argument check covers"},
    {"mkldnn_rnn_layer", "it ends the process on weights that it does not expect"},
    {"fbgemm_pack_gemm_matrix_fp16", "it aborts the process on matrices it does not expect"},
    {"fbgemm_pack_quantized_matrix", "it aborts the process on matrices it does not expect"},
    {"from_file", "it maps a file that someone else may truncate, which ends the process"},
    {"set_data", "it exchanges a tensor's storage behind autograd's back"},
}};

}  // namespace

const char* ReasonForDenial(std::string_view base) {
  const auto* found = std::find_if(kDenied.begin(), kDenied.end(),
                                   [&](const auto& entry) { return entry.first == base; });
  return found == kDenied.end() ? nullptr : found->second;
}

}  // namespace torchwright
