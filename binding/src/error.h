// Any C++ exception becomes a coded JavaScript error, made by TypeScript's own factory so that it
// is a TorchwrightError and carries the JavaScript caller's stack.
#pragma once

#include <cstdint>
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

// What a JavaScript callback threw, on its way through native code; the value itself waits on the
// JavaScript thread under this number (Environment::KeepThrown).
class ThrownByJavaScript : public std::runtime_error {
 public:
  explicit ThrownByJavaScript(uint64_t number)
      : std::runtime_error("a JavaScript callback threw"), number_(number) {}
  uint64_t number() const { return number_; }

 private:
  uint64_t number_;
};

[[noreturn]] void Fail(const char* code, const std::string& message);

// Code and message of any exception, decided on the thread that caught it.
struct ErrorText {
  std::string code;
  std::string message;
  uint64_t thrown = 0;  // number of the JavaScript value that is to be thrown instead
};

// `operation` opens the message; empty where the exception's text names it already.
ErrorText Describe(std::exception_ptr error, const std::string& operation);

class Environment;

// A JavaScript error object; call on the JavaScript thread only.
Napi::Error MakeError(Environment& environment, const ErrorText& text);

}  // namespace torchwright
