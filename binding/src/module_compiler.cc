// Compiles TorchScript source into modules, with parameters registered under given names.
#include <torch/csrc/jit/api/compilation_unit.h>

#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "environment.h"
#include "script_module.h"

namespace torchwright {
namespace {

using torch::jit::Module;

// Compiles one tree of module specs. Modules of one class name share one compiled type: twelve
// layers then save the code of one.
class Compiler {
 public:
  explicit Compiler(Environment& environment)
      : environment_(environment), unit_(std::make_shared<torch::jit::CompilationUnit>()) {}

  Module Build(const Napi::Object& spec, int depth = 0) {
    // Deeper than any model; a description that contains itself would overflow the stack.
    if (depth > 32) Fail("ERR_INVALID_ARG", "compile: expected at most 32 levels of modules");
    const std::string name = ReadText(spec.Get("className"), "compile: className");
    const auto known = types_.find(name);
    if (known != types_.end()) {
      Module module(unit_, known->second);
      Fill(
          spec, depth,
          [&](const std::string& key, const c10::IValue& value) { module.setattr(key, value); },
          [&](const std::string& key, const at::Tensor& tensor, bool) {
            module.setattr(key, tensor);
          },
          [&](const std::string& key, const Module& part) { module.setattr(key, part._ivalue()); });
      CheckComplete(module, name);
      return module;
    }
    Module module(c10::QualifiedName("__torch__.torchwright." + name), unit_);
    Fill(
        spec, depth,
        [&](const std::string& key, const c10::IValue& value) {
          module.register_attribute(key, value.type(), value);
        },
        [&](const std::string& key, const at::Tensor& tensor, bool is_parameter) {
          if (is_parameter) {
            module.register_parameter(key, tensor, /*is_buffer=*/false);
          } else {
            module.register_buffer(key, tensor);
          }
        },
        [&](const std::string& key, const Module& part) { module.register_module(key, part); });
    module.define(ReadText(spec.Get("source"), "compile: source"));
    types_.emplace(name, module.type());
    return module;
  }

 private:
  template <typename Attribute, typename Tensor, typename Child>
  void Fill(const Napi::Object& spec, int depth, Attribute attribute, Tensor tensor, Child child) {
    attribute("training", c10::IValue(true));
    for (const char* kind : {"parameters", "buffers"}) {
      ForEach(spec.Get(kind), [&](const std::string& key, const Napi::Value& handle) {
        tensor(key, environment_.Use(handle), kind[0] == 'p');
      });
    }
    std::set<std::string> floats;
    const Napi::Value names = spec.Get("floats");
    if (!names.IsUndefined()) {
      for (std::string& name : ReadTexts(names, "compile: floats")) floats.insert(std::move(name));
    }
    ForEach(spec.Get("attributes"), [&](const std::string& key, const Napi::Value& value) {
      attribute(key, ReadAttribute(value, floats.count(key) > 0));
    });
    const Napi::Value modules = spec.Get("modules");
    if (modules.IsUndefined()) return;
    for (const Napi::Value& module : ReadArray(modules, "compile: modules")) {
      const std::vector<Napi::Value> pair = ReadArray(module, "compile: module");
      if (pair.size() != 2) Fail("ERR_INVALID_ARG", "compile: module: expected name and module");
      const std::string name = ReadText(pair[0], "compile: module");
      child(name, Build(ReadObject(pair[1], "compile: module"), depth + 1));
    }
  }

  static c10::IValue ReadAttribute(const Napi::Value& value, bool is_float) {
    if (value.IsBoolean()) return c10::IValue(value.As<Napi::Boolean>().Value());
    if (value.IsString()) return c10::IValue(value.As<Napi::String>().Utf8Value());
    if (!value.IsNumber()) {
      Fail("ERR_INVALID_ARG", "compile: attribute: expected a number, a string or a boolean");
    }
    if (is_float) return c10::IValue(value.As<Napi::Number>().DoubleValue());
    const double number = value.As<Napi::Number>().DoubleValue();
    if (number != std::floor(number) || std::abs(number) > kMaxSafeInteger) {
      Fail("ERR_INVALID_ARG", "compile: attribute: expected an integer, or a float named as one");
    }
    return c10::IValue(static_cast<int64_t>(number));
  }

  // A later module of a class must set all that its first one has: an empty slot of a type that
  // cannot be None is trouble in the interpreter.
  static void CheckComplete(const Module& module, const std::string& name) {
    const auto type = module.type();
    for (size_t slot = 0; slot < type->numAttributes(); ++slot) {
      if (module._ivalue()->getSlot(slot).isNone()) {
        Fail("ERR_SCRIPT_COMPILE", "compile: a " + name + " lacks " + type->getAttributeName(slot));
      }
    }
  }

  template <typename Visit>
  void ForEach(const Napi::Value& record, Visit visit) {
    if (record.IsUndefined()) return;
    const Napi::Object object = ReadObject(record, "compile");
    for (const std::string& key : ReadTexts(object.GetPropertyNames(), "compile")) {
      visit(key, object.Get(key));
    }
  }

  Environment& environment_;
  std::shared_ptr<torch::jit::CompilationUnit> unit_;
  std::map<std::string, c10::ClassTypePtr> types_;
};

Napi::Value CompileModule(Environment& environment, const Napi::CallbackInfo& info) {
  const Napi::Object spec = ReadObject(info[0], "compile");
  try {
    Module module = Compiler(environment).Build(spec);
    return Napi::Number::New(info.Env(), environment.modules().Add(std::move(module)));
  } catch (const CodedError&) {
    throw;
  } catch (const Napi::Error&) {
    throw;
  } catch (const c10::OutOfMemoryError&) {
    throw;
  } catch (const std::exception&) {
    Fail("ERR_SCRIPT_COMPILE", Describe(std::current_exception(), "compile").message);
  }
}

}  // namespace

void RegisterModuleCompiler(Environment& environment, Napi::Object exports) {
  Register<CompileModule>(environment, exports, "compileModule");
}

}  // namespace torchwright
