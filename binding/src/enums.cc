#include "enums.h"

#include <ATen/core/TensorBody.h>

#include <array>
#include <utility>

namespace torchwright {
namespace {

// Sources: at::Reduction, GridSamplerInterpolation and GridSamplerPadding of ATen, and
// torch.nn.functional.embedding_bag.
constexpr NamedInt kChoices[] = {
    {"reduction", "aten::", {"none", "mean", "sum"}},
    {"interpolation_mode", "aten::", {"bilinear", "nearest", "bicubic"}},
    {"padding_mode", "aten::", {"zeros", "border", "reflection"}},
    {"mode", "aten::embedding_bag", {"sum", "mean", "max"}},
};

}  // namespace

std::optional<int64_t> ParseMemoryFormat(const std::string& name) {
  if (name == "contiguous") return static_cast<int64_t>(at::MemoryFormat::Contiguous);
  if (name == "preserve") return static_cast<int64_t>(at::MemoryFormat::Preserve);
  if (name == "channels_last") return static_cast<int64_t>(at::MemoryFormat::ChannelsLast);
  if (name == "channels_last_3d") return static_cast<int64_t>(at::MemoryFormat::ChannelsLast3d);
  return std::nullopt;
}

std::optional<int64_t> ParseLayout(const std::string& name) {
  constexpr std::array<std::pair<const char*, at::Layout>, 7> kLayouts = {{
      {"strided", at::kStrided},
      {"sparse_coo", at::kSparse},
      {"sparse_csr", at::kSparseCsr},
      {"sparse_csc", at::kSparseCsc},
      {"sparse_bsr", at::kSparseBsr},
      {"sparse_bsc", at::kSparseBsc},
      {"mkldnn", at::kMkldnn},
  }};
  for (const auto& [known, layout] : kLayouts) {
    if (name == known) return static_cast<int64_t>(layout);
  }
  return std::nullopt;
}

const NamedInt* FindNamedInt(const c10::FunctionSchema& schema, const c10::Argument& argument) {
  if (argument.type()->kind() != c10::TypeKind::IntType) return nullptr;
  for (const NamedInt& choice : kChoices) {
    if (argument.name() == choice.argument && schema.name().rfind(choice.operators, 0) == 0) {
      return &choice;
    }
  }
  return nullptr;
}

std::optional<int64_t> ReadNamedInt(napi_env env, napi_value value, const NamedInt& choice) {
  const Napi::Value given(env, value);
  for (int64_t i = 0; i < 3; ++i) {
    if (given.IsString() && given.As<Napi::String>().Utf8Value() == choice.names[i]) return i;
    if (given.IsNumber() && given.As<Napi::Number>().DoubleValue() == static_cast<double>(i)) {
      return i;
    }
    if (given.IsBigInt()) {
      bool lossless = false;
      if (given.As<Napi::BigInt>().Int64Value(&lossless) == i && lossless) return i;
    }
  }
  return std::nullopt;
}

}  // namespace torchwright
