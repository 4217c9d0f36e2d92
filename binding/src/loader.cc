// Addon 1: opens libtorch by absolute path. It knows no torch header and links no torch library,
// so that it can load, and speak about what is wrong, where libtorch is absent or broken.
//
// libtorch.so pulls in libtorch_cuda.so where there is one; that must happen before anything asks
// about CUDA. RTLD_LOCAL is enough for addon 2 to resolve by soname, and keeps libtorch's BLAS
// symbols away from other addons.
#include "napi_setup.h"

#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#endif

#include <string>

namespace torchwright {

void OpenLibrary(const Napi::CallbackInfo& info) {
  if (info.Length() < 1 || !info[0].IsString()) {
    throw Napi::TypeError::New(info.Env(), "open: expected a path");
  }
  const std::string path = info[0].As<Napi::String>().Utf8Value();
#ifdef _WIN32
  if (LoadLibraryExA(path.c_str(), nullptr, LOAD_WITH_ALTERED_SEARCH_PATH) == nullptr) {
    throw Napi::Error::New(info.Env(), path + ": error " + std::to_string(GetLastError()));
  }
#else
  // Never closed: the second addon and libtorch's own threads use it until the process ends.
  if (dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) == nullptr) {
    throw Napi::Error::New(info.Env(), dlerror());
  }
#endif
}

Napi::Object InitLoader(Napi::Env env, Napi::Object exports) {
  exports.Set("headersVersion", TORCHWRIGHT_LIBTORCH_VERSION);
  exports.Set("open", Napi::Function::New(env, OpenLibrary, "open"));
  return exports;
}

}  // namespace torchwright

namespace {
Napi::Object Init(Napi::Env env, Napi::Object exports) {
  return torchwright::InitLoader(env, exports);
}
}  // namespace

NODE_API_MODULE(loader, Init)
