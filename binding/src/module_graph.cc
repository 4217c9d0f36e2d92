// What tracing froze into a module's graphs: devices, tensors, and dropout's on or off.
#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>

#include <functional>
#include <optional>

#include "script_module.h"

namespace torchwright {
namespace {

using torch::jit::Block;
using torch::jit::Module;
using torch::jit::Node;

void VisitBlock(Block* block, const std::function<void(Node*)>& visit) {
  for (Node* node : block->nodes()) {
    visit(node);
    for (Block* inner : node->blocks()) VisitBlock(inner, visit);
  }
}

void VisitNodes(const Module& module, const std::function<void(Node*)>& visit) {
  for (const Module& part : module.modules()) {
    for (const auto& method : part.get_methods()) {
      auto& function = torch::jit::toGraphFunction(method.function());
      VisitBlock(function.graph()->block(), visit);
    }
  }
}

bool IsConstant(const Node* node) {
  return node->kind() == torch::jit::prim::Constant && node->hasAttribute(torch::jit::attr::value);
}

bool IsDeviceConstant(const Node* node) {
  return IsConstant(node) && node->output()->type()->kind() == c10::TypeKind::DeviceObjType;
}

bool IsTensorConstant(const Node* node) {
  return IsConstant(node) && node->kindOf(torch::jit::attr::value) == torch::jit::AttributeKind::t;
}

bool IsConstantElsewhere(const Node* node, const at::Device& device) {
  if (IsDeviceConstant(node)) return at::Device(node->s(torch::jit::attr::value)) != device;
  return IsTensorConstant(node) && node->t(torch::jit::attr::value).device() != device;
}

// A number that was known when the graph was made.
std::optional<double> ConstantNumber(const torch::jit::Value* value) {
  const auto constant = torch::jit::toIValue(value);
  if (constant && constant->isDouble()) return constant->toDouble();
  if (constant && constant->isInt()) return static_cast<double>(constant->toInt());
  return std::nullopt;
}

}  // namespace

bool HasConstantsElsewhere(const Module& module, const at::Device& device) {
  bool found = false;
  VisitNodes(module, [&](const Node* node) { found = found || IsConstantElsewhere(node, device); });
  return found;
}

Module WithConstantsOn(const Module& module, const at::Device& device) {
  // A clone has functions of its own: a function that has run keeps its compiled plan, with the
  // old device in it. Parameters are shared, so their handles stay valid.
  Module moved = module.clone(/*inplace=*/true);
  VisitNodes(moved, [&](Node* node) {
    if (!IsConstantElsewhere(node, device)) return;
    if (IsDeviceConstant(node)) {
      node->s_(torch::jit::attr::value, device.str());
    } else {
      const at::Tensor there = node->t(torch::jit::attr::value).to(device);
      node->t_(torch::jit::attr::value, there);
      node->output()->inferTypeFrom(there);  // the old type names the old device
    }
  });
  return moved;
}

bool HasBakedDropout(const Module& module) {
  static const auto kDropout = c10::Symbol::fromQualString("aten::dropout");
  static const auto kAttention = c10::Symbol::fromQualString("aten::scaled_dot_product_attention");
  bool baked = false;
  VisitNodes(module, [&](Node* node) {
    if (node->kind() == kDropout && node->inputs().size() == 3) {
      const bool fixed = torch::jit::toIValue(node->inputs()[2]).has_value();
      baked = baked || (fixed && ConstantNumber(node->inputs()[1]) != 0.0);
    }
    // Its dropout has no switch but the probability. A fixed 0 may as well mean that it has none.
    if (node->kind() == kAttention && node->inputs().size() > 4) {
      baked = baked || ConstantNumber(node->inputs()[4]).value_or(0) > 0;
    }
  });
  return baked;
}

}  // namespace torchwright
