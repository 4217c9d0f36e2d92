// Any C++ exception becomes a coded JavaScript error, made by TypeScript's own factory so that it
// is a TorchwrightError and carries the JavaScript caller's stack.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>

#include "napi_setup.h"

namespace torchwright {

// An error whose code is known where it is thrown.
class CodedError : public std::runtime_error {
 public:
  CodedError(std::string code, const std::string& message)
      : std::runtime_error(message), code_(std::move(code)) {}
  const std::string& code() const { return code_; }

 private:
  std::string code_;
};

[[noreturn]] void Fail(const char* code, const std::string& message);

// Code and message of any exception, decided on the thread that caught it.
struct ErrorText {
  std::string code;
  std::string message;
};

// `operation` opens the message; empty where the exception's text names it already.
ErrorText Describe(std::exception_ptr error, const std::string& operation);

class Environment;

// A JavaScript error object; call on the JavaScript thread only.
Napi::Error MakeError(Environment& environment, const ErrorText& text);

}  // namespace torchwright
