// What tracing froze into a module's graphs: devices, and dropout's on or off.
#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>

#include <functional>

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

bool IsDeviceConstant(const Node* node) {
  return node->kind() == torch::jit::prim::Constant && node->outputs().size() == 1 &&
         node->output()->type()->kind() == c10::TypeKind::DeviceObjType;
}

}  // namespace

bool HasDeviceConstants(const Module& module) {
  bool found = false;
  VisitNodes(module, [&](const Node* node) { found = found || IsDeviceConstant(node); });
  return found;
}

Module WithDeviceConstants(const Module& module, const at::Device& device) {
  // A clone has functions of its own: a function that has run keeps its compiled plan, with the
  // old device in it. Parameters are shared, so their handles stay valid.
  Module moved = module.clone(/*inplace=*/true);
  VisitNodes(moved, [&](Node* node) {
    if (IsDeviceConstant(node)) node->s_(torch::jit::attr::value, device.str());
  });
  return moved;
}

bool HasBakedDropout(const Module& module) {
  static const auto kDropout = c10::Symbol::fromQualString("aten::dropout");
  bool baked = false;
  VisitNodes(module, [&](Node* node) {
    if (node->kind() == kDropout && node->inputs().size() == 3) {
      baked = baked || torch::jit::toIValue(node->inputs()[2]).has_value();
    }
  });
  return baked;
}

}  // namespace torchwright
