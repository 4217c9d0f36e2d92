#include "error.h"

#include <c10/util/Exception.h>
#include <torch/csrc/jit/frontend/error_report.h>

#include <array>
#include <new>
#include <string_view>

#include "environment.h"
#include "memory.h"

namespace torchwright {
namespace {

bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// libtorch has one exception class for nearly everything: the wording is all there is to go by.
std::string CodeFromTorchMessage(const std::string& message) {
  if (Contains(message, "DefaultCPUAllocator") || Contains(message, "out of memory")) {
    return "ERR_OUT_OF_MEMORY";
  }
  if (Contains(message, "does not require grad and does not have a grad_fn") ||
      Contains(message, "does not require grad") ||
      Contains(message, "backward through the graph a second time")) {
    return "ERR_NO_GRAD_HISTORY";
  }
  if (Contains(message, "No CUDA GPUs") || Contains(message, "Found no NVIDIA driver") ||
      Contains(message, "not linked with support for cuda") || Contains(message, "CUDA hooks") ||
      Contains(message, "Cannot access accelerator device") ||
      Contains(message, "Pinned memory requires") || Contains(message, "pinned memory allocator") ||
      Contains(message, "invalid device ordinal")) {
    return "ERR_DEVICE_UNAVAILABLE";
  }
  if (Contains(message, "out of bounds for dimension") ||
      Contains(message, "out of range for tensor of size")) {
    return "ERR_INDEX_OUT_OF_RANGE";
  }
  constexpr std::array<std::string_view, 17> kShape = {"must match the size",
                                                       "shapes cannot be multiplied",
                                                       "size mismatch",
                                                       "shape mismatch",
                                                       "inconsistent tensor size",
                                                       "but expected shape compatible",
                                                       "tensor to be equal size",
                                                       "is invalid for input of size",
                                                       "Sizes of tensors must match",
                                                       "must match the existing",
                                                       "The size of tensor",
                                                       "same number of dimensions",
                                                       "doesn't match the broadcast",
                                                       "Expected size for first two",
                                                       "to have the same shape",
                                                       "The shape of the mask",
                                                       "are not broadcastable"};
  for (const auto part : kShape) {
    if (Contains(message, part)) return "ERR_SHAPE_MISMATCH";
  }
  return "ERR_OPERATOR_FAILED";
}

std::string WithOperation(const std::string& operation, const std::string& message) {
  return operation.empty() ? message : operation + ": " + message;
}

}  // namespace

void Fail(const char* code, const std::string& message) { throw CodedError(code, message); }

ErrorText Describe(std::exception_ptr error, const std::string& operation) {
  try {
    std::rethrow_exception(error);
  } catch (const CodedError& e) {
    return {e.code(), e.what()};
  } catch (const ThrownByJavaScript& e) {
    return {"ERR_NATIVE", WithOperation(operation, e.what()), e.number()};
  } catch (const c10::OutOfMemoryError& e) {
    return {"ERR_OUT_OF_MEMORY", WithOperation(operation, e.what_without_backtrace())};
  } catch (const c10::Error& e) {
    const std::string message = e.what_without_backtrace();
    return {CodeFromTorchMessage(message), WithOperation(operation, message)};
  } catch (const torch::jit::ErrorReport& e) {
    return {"ERR_SCRIPT_COMPILE", WithOperation(operation, e.what())};
  } catch (const std::bad_alloc&) {
    return {"ERR_OUT_OF_MEMORY", WithOperation(operation, "the host has no memory left")};
  } catch (const std::exception& e) {
    const std::string message = e.what();
    const std::string code = CodeFromTorchMessage(message);
    return {code == "ERR_OPERATOR_FAILED" ? "ERR_NATIVE" : code, WithOperation(operation, message)};
  } catch (...) {
    return {"ERR_NATIVE", WithOperation(operation, "unknown C++ exception")};
  }
}

Napi::Error MakeError(Environment& environment, const ErrorText& text) {
  const Napi::Env env = environment.env();
  if (auto thrown = environment.TakeThrown(text.thrown)) return std::move(*thrown);
  if (!environment.error_factory().IsEmpty()) {
    std::vector<napi_value> arguments = {Napi::String::New(env, text.code),
                                         Napi::String::New(env, text.message)};
    if (text.code == "ERR_OUT_OF_MEMORY") {
      try {
        arguments.push_back(DescribeShortage(environment, text.message));
      } catch (const std::exception&) {
        // A device in trouble does not even say how much memory it has: the error goes without.
      }
    }
    const Napi::Value made = environment.error_factory().Call(arguments);
    if (made.IsObject()) return Napi::Error(env, made);
  }
  Napi::Error error = Napi::Error::New(env, text.message);
  error.Set("code", Napi::String::New(env, text.code));
  return error;
}

}  // namespace torchwright
