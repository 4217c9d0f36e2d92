#include "script_module.h"

#include <torch/csrc/jit/serialization/export.h>
#include <torch/csrc/jit/serialization/import.h>

#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#include "environment.h"
#include "file.h"

namespace torchwright {

using torch::jit::Module;

Module& ModuleTable::Get(uint32_t number) {
  const auto found = modules_.find(number);
  if (found == modules_.end()) {
    Fail("ERR_MODULE_DISPOSED", "module: expected a live module, got one that was disposed");
  }
  return found->second;
}

namespace {

Module& GetModule(Environment& environment, const Napi::Value& number) {
  return environment.modules().Get(ReadNumber(number, "module"));
}

Module Part(const Module& module, const std::string& path) {
  Module part = module;
  size_t begin = 0;
  while (begin < path.size()) {
    const size_t end = std::min(path.find('.', begin), path.size());
    const std::string name = path.substr(begin, end - begin);
    if (!part.hasattr(name) || !part.attr(name).isModule()) {
      Fail("ERR_INVALID_ARG", "submodule: expected a part of the module, got \"" + path + "\"");
    }
    part = part.attr(name).toModule();
    begin = end + 1;
  }
  return part;
}

Napi::Value LoadModule(Environment& environment, const Napi::CallbackInfo& info) {
  const std::string path = ReadPath(info[0], "jit.load");
  const at::Device device = ParseDevice(ReadText(info[1], "device"));
  auto loaded = std::make_shared<Module>();
  return environment.executor().Queue(
      "jit.load",
      [path, device, loaded] {
        try {
          *loaded = torch::jit::load(path, device);
          if (HasConstantsElsewhere(*loaded, device)) *loaded = WithConstantsOn(*loaded, device);
        } catch (const c10::OutOfMemoryError&) {
          throw;
        } catch (const c10::Error& e) {
          Fail("ERR_SCRIPT_LOAD", "jit.load: " + path +
                                      " is no TorchScript archive or is damaged: " +
                                      std::string(e.what_without_backtrace()));
        } catch (const std::exception& e) {
          Fail("ERR_SCRIPT_LOAD", "jit.load: " + path + " could not be read: " + e.what());
        }
      },
      [&environment, loaded](uint64_t) -> napi_value {
        return Napi::Number::New(environment.env(), environment.modules().Add(std::move(*loaded)));
      });
}

Napi::Value ReleaseModule(Environment& environment, const Napi::CallbackInfo& info) {
  environment.modules().Release(ReadNumber(info[0], "module"));
  return info.Env().Undefined();
}

Napi::Value Submodule(Environment& environment, const Napi::CallbackInfo& info) {
  const Module& module = GetModule(environment, info[0]);
  return Napi::Number::New(info.Env(),
                           environment.modules().Add(Part(module, ReadText(info[1], "submodule"))));
}

Napi::Value ModuleNames(Environment& environment, const Napi::CallbackInfo& info) {
  Napi::Array names = Napi::Array::New(info.Env());
  uint32_t index = 0;
  for (const auto& entry : GetModule(environment, info[0]).named_modules()) {
    names.Set(index++, entry.name);
  }
  return names;
}

torch::jit::Method FindMethod(const Module& module, const Napi::Value& name) {
  const std::string text = ReadText(name, "call: method");
  auto method = module.find_method(text);
  if (!method) {
    Fail("ERR_SCRIPT_CALL", "call: the module has no method \"" + text + "\"");
  }
  return *method;
}

Napi::Value CallModule(Environment& environment, const Napi::CallbackInfo& info) {
  ModuleCall call = ReadModuleCall(environment, info);
  auto output = std::make_shared<c10::IValue>();
  std::string name = call.method.function().getSchema().name();
  return environment.executor().Queue(
      std::move(name), [call, output]() mutable { *output = call.Run(std::move(*call.stack)); },
      [&environment, output](uint64_t sequence) {
        return FromIValue(environment, *output, sequence);
      });
}

Napi::Value ModuleSchema(Environment& environment, const Napi::CallbackInfo& info) {
  const auto method = FindMethod(GetModule(environment, info[0]), info[1]);
  Napi::Array result = Napi::Array::New(info.Env());
  uint32_t index = 0;
  for (const c10::Argument& argument : method.function().getSchema().arguments()) {
    if (argument.name() == "self") continue;
    Napi::Object entry = Napi::Object::New(info.Env());
    entry.Set("name", argument.name());
    entry.Set("type", argument.type()->str());
    entry.Set("optional", argument.default_value().has_value());
    result.Set(index++, entry);
  }
  return result;
}

template <typename List>
Napi::Value NamedTensors(Environment& environment, const List& tensors) {
  Napi::Array result = Napi::Array::New(environment.env());
  uint32_t index = 0;
  for (const auto& entry : tensors) {
    Napi::Array pair = Napi::Array::New(environment.env(), 2);
    pair.Set(0U, entry.name);
    // Born before every task: queued work that writes them is waited for.
    pair.Set(1U, environment.tensors().Add(entry.value, /*born=*/0));
    result.Set(index++, pair);
  }
  return result;
}

Napi::Value ModuleParameters(Environment& environment, const Napi::CallbackInfo& info) {
  return NamedTensors(environment, GetModule(environment, info[0]).named_parameters());
}

Napi::Value ModuleBuffers(Environment& environment, const Napi::CallbackInfo& info) {
  return NamedTensors(environment, GetModule(environment, info[0]).named_buffers());
}

// For a module that was just made: no queued task can be switching it.
Napi::Value ModuleModes(Environment& environment, const Napi::CallbackInfo& info) {
  Napi::Array result = Napi::Array::New(info.Env());
  uint32_t index = 0;
  for (const auto& entry : GetModule(environment, info[0]).named_modules()) {
    Napi::Array pair = Napi::Array::New(info.Env(), 2);
    pair.Set(0U, entry.name);
    pair.Set(1U, Napi::Boolean::New(info.Env(), entry.value.is_training()));
    result.Set(index++, pair);
  }
  return result;
}

Napi::Value SetTraining(Environment& environment, const Napi::CallbackInfo& info) {
  const bool training = ReadFlag(info[1], "train");
  return environment.executor().Queue(
      training ? "train" : "eval",
      [module = GetModule(environment, info[0]), training]() mutable { module.train(training); },
      [env = info.Env()](uint64_t) { return env.Undefined(); });
}

// Parameters keep their identity: their data moves under them. A module with baked-in devices or
// tensors is replaced by a clone, so its parts must be asked for again.
Napi::Value MoveModule(Environment& environment, const Napi::CallbackInfo& info) {
  const at::Device device = ParseDevice(ReadText(info[1], "device"));
  if (HasConstantsElsewhere(GetModule(environment, info[0]), device)) {
    // A clone copies what queued work may be about to switch, such as the mode.
    environment.executor().WaitFor(environment.executor().last_queued());
    Module& module = GetModule(environment, info[0]);
    module = WithConstantsOn(module, device);
  }
  return environment.executor().Queue(
      "to", [moved = GetModule(environment, info[0]), device]() mutable { moved.to(device); },
      [env = info.Env()](uint64_t) { return env.Undefined(); });
}

// What Module::to does, for the tensors of a module that is written in TypeScript: elements and
// gradients are exchanged under their handles. Shapes stay, so that whoever holds one may go on.
Napi::Value MoveTensors(Environment& environment, const Napi::CallbackInfo& info) {
  std::vector<at::Tensor> tensors;
  for (const Napi::Value& handle : ReadArray(info[0], "to")) {
    const at::Tensor& tensor = environment.Peek(handle);
    if (!tensor.is_leaf()) Fail("ERR_INVALID_ARG", "to: expected leaves, got a computed tensor");
    tensors.push_back(tensor);
  }
  std::optional<at::Device> device;
  if (!info[1].IsUndefined()) device = ParseDevice(ReadText(info[1], "device"));
  std::optional<at::ScalarType> dtype;
  if (!info[2].IsUndefined()) dtype = ParseDtype(ReadText(info[2], "dtype"));
  if (dtype && !at::isFloatingType(*dtype)) {
    Fail("ERR_INVALID_ARG", "to: expected a floating dtype, got " + ReadText(info[2], "dtype"));
  }
  return environment.executor().Queue(
      "to",
      [tensors = std::move(tensors), device, dtype] {
        const at::NoGradGuard no_grad;
        const auto move = [&](const at::Tensor& tensor) {
          at::TensorOptions options = tensor.options();
          if (device) options = options.device(*device);
          if (dtype && at::isFloatingType(tensor.scalar_type())) options = options.dtype(*dtype);
          const at::Tensor moved = tensor.detach().to(options);
          if (!moved.is_alias_of(tensor)) tensor.set_data(moved);
        };
        for (const at::Tensor& tensor : tensors) {
          move(tensor);
          if (tensor.grad().defined()) move(tensor.grad());
        }
      },
      [env = info.Env()](uint64_t) { return env.Undefined(); });
}

// For each handle the place of the first one on the same tensor: parts of one module share
// parameters, each part under handles of its own.
Napi::Value FirstSame(Environment& environment, const Napi::CallbackInfo& info) {
  const std::vector<Napi::Value> handles = ReadArray(info[0], "parameters");
  std::unordered_map<const void*, uint32_t> first;
  Napi::Array result = Napi::Array::New(info.Env(), handles.size());
  for (uint32_t i = 0; i < handles.size(); ++i) {
    const void* tensor = environment.Peek(handles[i]).unsafeGetTensorImpl();
    result.Set(i, first.emplace(tensor, i).first->second);
  }
  return result;
}

// The writer of libtorch throws in its destructor where it cannot write, which ends the process: it
// is told that all is written, and what failed is said afterwards.
void WriteModule(const Module& module, const std::string& path) {
  const File file(std::fopen(path.c_str(), "wb"));
  if (!file) Fail("ERR_FILE_WRITE", "save: " + path + " could not be created");
  bool written = true;
  torch::jit::ExportModule(module, [&](const void* data, size_t size) {
    written = written && std::fwrite(data, 1, size, file.get()) == size;
    return size;
  });
  if (!written || !FlushToDisk(file.get())) {
    Fail("ERR_FILE_WRITE", "save: " + path + " could not be written (is the disk full?)");
  }
}

Napi::Value SaveModule(Environment& environment, const Napi::CallbackInfo& info) {
  const std::string path = ReadPath(info[1], "save");
  return environment.executor().Queue(
      "saveTorchScript",
      [module = GetModule(environment, info[0]), path] {
        try {
          WriteModule(module, path);
        } catch (const c10::Error& e) {
          Fail("ERR_FILE_WRITE",
               "save: " + path + " could not be written: " + e.what_without_backtrace());
        }
      },
      [env = info.Env()](uint64_t) { return env.Undefined(); });
}

Napi::Value BakedDropout(Environment& environment, const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), HasBakedDropout(GetModule(environment, info[0])));
}

}  // namespace

// TorchScript wraps an operator's error in a trace of its source lines, the reason last. The reason
// belongs first.
c10::IValue ModuleCall::Run(torch::jit::Stack arguments) {
  try {
    method.function().run(arguments);
    return std::move(arguments.back());
  } catch (...) {
    ErrorText text = Describe(std::current_exception(), "");
    const std::string marker = "\nRuntimeError: ";
    const size_t reason = text.message.rfind(marker);
    if (reason != std::string::npos) {
      text.message =
          text.message.substr(reason + marker.size()) + "\n" + text.message.substr(0, reason);
    }
    if (text.code == "ERR_NATIVE") text.code = "ERR_OPERATOR_FAILED";
    throw CodedError(text.code, method.name() + ": " + text.message);
  }
}

ModuleCall ReadModuleCall(Environment& environment, const Napi::CallbackInfo& info) {
  auto method = FindMethod(GetModule(environment, info[0]), info[1]);
  std::vector<napi_value> values;
  for (size_t i = 4; i < info.Length(); ++i) values.push_back(info[i]);
  const CallArguments arguments =
      ReadArguments(info.Env(), values.data(), values.size(), info[2], info[3]);
  const c10::FunctionSchema& schema = method.function().getSchema();
  auto stack = std::make_shared<torch::jit::Stack>();
  stack->emplace_back(method.owner()._ivalue());
  if (!FillStack(environment, schema, arguments, 1, Access::kPeek, *stack, Omission::kNullable)) {
    std::string got;
    for (size_t i = 0; i < arguments.count; ++i) {
      got += (i == 0 ? "" : ", ") +
             (i >= arguments.positional ? arguments.names[i - arguments.positional] + "=" : "") +
             DescribeArgument(environment, values[i], arguments.kind(i));
    }
    Fail("ERR_SCRIPT_CALL",
         schema.name() + ": expected " + c10::toString(schema) + ", got (" + got + ")");
  }
  return {std::move(method), std::move(stack)};
}

void RegisterModules(Environment& environment, Napi::Object exports) {
  RegisterModuleCompiler(environment, exports);
  Register<LoadModule>(environment, exports, "loadModule");
  Register<ReleaseModule>(environment, exports, "releaseModule");
  Register<Submodule>(environment, exports, "submodule");
  Register<ModuleNames>(environment, exports, "moduleNames");
  Register<CallModule>(environment, exports, "callModule");
  Register<CheckpointModule>(environment, exports, "checkpointModule");
  Register<ModuleSchema>(environment, exports, "moduleSchema");
  Register<ModuleParameters>(environment, exports, "moduleParameters");
  Register<ModuleBuffers>(environment, exports, "moduleBuffers");
  Register<ModuleModes>(environment, exports, "moduleModes");
  Register<SetTraining>(environment, exports, "setTraining");
  Register<MoveModule>(environment, exports, "moveModule");
  Register<MoveTensors>(environment, exports, "moveTensors");
  Register<FirstSame>(environment, exports, "firstSame");
  Register<SaveModule>(environment, exports, "saveModule");
  Register<BakedDropout>(environment, exports, "bakedDropout");
}

}  // namespace torchwright
