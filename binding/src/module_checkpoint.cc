// Gradient checkpointing of a TorchScript module: its forward runs without recording, and again,
// with the same random numbers, in backward.
#include <ATen/Context.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <mutex>
#include <utility>

#include "environment.h"
#include "script_module.h"

namespace torchwright {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct GeneratorState {
  at::Generator generator;
  at::Tensor state;
};

std::vector<GeneratorState> ReadGenerators(at::TensorList tensors) {
  std::vector<at::Device> devices = {at::kCPU};
  for (const at::Tensor& tensor : tensors) {
    if (std::find(devices.begin(), devices.end(), tensor.device()) == devices.end() &&
        !tensor.is_meta()) {
      devices.push_back(tensor.device());
    }
  }
  std::vector<GeneratorState> states;
  for (const at::Device& device : devices) {
    at::Generator generator = at::globalContext().defaultGenerator(device);
    const std::lock_guard lock(generator.mutex());
    states.push_back({generator, generator.get_state()});
  }
  return states;
}

void WriteGenerators(std::vector<GeneratorState>& states) {
  for (auto& [generator, state] : states) {
    const std::lock_guard lock(generator.mutex());
    generator.set_state(state);
  }
}

// What backward needs to run the call again; owned by the graph's node.
struct Rerun : torch::CustomClassHolder {
  Rerun(ModuleCall wanted, at::TensorList tensors)
      : call(std::move(wanted)), generators(ReadGenerators(tensors)) {
    caller.set_grad_mode(true);
    for (const at::Tensor& tensor : tensors) requires_grad.push_back(tensor.requires_grad());
  }

  // The arguments with these tensors in place of the first call's.
  torch::jit::Stack Arguments(at::TensorList tensors) const {
    torch::jit::Stack stack = *call.stack;
    size_t next = 0;
    for (c10::IValue& value : stack) {
      if (value.isTensor()) value = tensors[next++];
    }
    return stack;
  }

  variable_list Run(at::TensorList tensors) {
    c10::IValue result = call.Run(Arguments(tensors));
    if (result.isTensor()) return {result.toTensor()};
    variable_list outputs;
    if (result.isTuple()) {
      for (const c10::IValue& element : result.toTupleRef().elements()) {
        if (element.isTensor()) outputs.push_back(element.toTensor());
      }
      if (outputs.size() == result.toTupleRef().elements().size()) return outputs;
    }
    Fail("ERR_SCRIPT_CALL",
         "checkpoint: expected a module that gives a tensor or a tuple of tensors, got " +
             result.tagKind());
  }

  ModuleCall call;
  at::ThreadLocalState caller;  // autocast
  std::vector<GeneratorState> generators;
  std::vector<bool> requires_grad;
};

class Checkpoint : public torch::autograd::Function<Checkpoint> {
 public:
  // `anchor` requires grad: where no argument does, the result would not either, and the module's
  // parameters would silently go untrained.
  static variable_list forward(AutogradContext* context, const at::Tensor& anchor,
                               const at::TensorList& tensors,
                               const c10::intrusive_ptr<Rerun>& rerun) {
    (void)anchor;
    context->save_for_backward(tensors.vec());
    context->saved_data["rerun"] = c10::IValue::make_capsule(rerun);
    return rerun->Run(tensors);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    RequireWholeBackward();
    const auto capsule = context->saved_data["rerun"].toCapsule();
    auto& rerun = static_cast<Rerun&>(*capsule);
    variable_list leaves;
    for (const at::Tensor& saved : context->get_saved_variables()) {
      leaves.push_back(saved.detach().set_requires_grad(rerun.requires_grad[leaves.size()]));
    }
    std::vector<GeneratorState> now = ReadGenerators(leaves);
    variable_list outputs;
    WriteGenerators(rerun.generators);
    {
      const at::ThreadLocalStateGuard guard(rerun.caller);
      try {
        outputs = rerun.Run(leaves);
      } catch (...) {
        WriteGenerators(now);
        throw;
      }
    }
    WriteGenerators(now);
    variable_list live;
    variable_list given;
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (!outputs[i].requires_grad()) continue;
      live.push_back(outputs[i]);
      given.push_back(gradients[i]);
    }
    if (!live.empty()) torch::autograd::backward(live, given);
    variable_list results = {at::Tensor()};
    for (const at::Tensor& leaf : leaves) results.push_back(leaf.grad());
    results.emplace_back();  // for `rerun`, which is no tensor
    return results;
  }
};

}  // namespace

Napi::Value CheckpointModule(Environment& environment, const Napi::CallbackInfo& info) {
  ModuleCall call = ReadModuleCall(environment, info);
  variable_list tensors;
  for (const c10::IValue& value : *call.stack) {
    if (value.isTensor()) tensors.push_back(value.toTensor());
    if (value.isTensorList() || value.isOptionalTensorList()) {
      Fail("ERR_SCRIPT_CALL", "checkpoint: expected tensors one by one, got a list of them");
    }
  }
  auto outputs = std::make_shared<variable_list>();
  std::string name = call.method.function().getSchema().name();
  return environment.executor().Queue(
      std::move(name),
      [call = std::move(call), tensors, outputs] {
        const at::Tensor anchor = at::empty({0}).set_requires_grad(at::GradMode::is_enabled());
        *outputs = Checkpoint::apply(anchor, at::TensorList(tensors),
                                     c10::make_intrusive<Rerun>(call, tensors));
      },
      [&environment, outputs](uint64_t sequence) {
        if (outputs->size() == 1) return FromIValue(environment, outputs->front(), sequence);
        std::vector<c10::IValue> elements(outputs->begin(), outputs->end());
        return FromIValue(environment, c10::ivalue::Tuple::create(std::move(elements)), sequence);
      });
}

}  // namespace torchwright
