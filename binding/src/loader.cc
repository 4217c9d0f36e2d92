// Addon 1: opens libtorch by absolute path. It knows no torch header and links no torch library,
// so that it can load, and speak about what is wrong, where libtorch is absent or broken.
//
// libtorch.so pulls in libtorch_cuda.so where there is one; that must happen before anything asks
// about CUDA. RTLD_LOCAL is enough for addon 2 to resolve by soname, and keeps libtorch's BLAS
// symbols away from other addons.
//
// It also asks NVIDIA's driver, opened the same way, for what libtorch says only to those who link
// CUDA: a device's name and capability.
#include "napi_setup.h"

#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#endif

#include <array>
#include <cstdlib>
#include <mutex>
#include <string>

namespace torchwright {

// How long an idle OpenMP thread spins before it sleeps, in iterations. libgomp's default is tens
// of milliseconds: on a machine that others use too, two spinning threads take the cores from the
// one that works, and steps became ten times slower. This is some hundred microseconds, long enough
// for the gaps between operators.
constexpr const char* kSpinCount = "10000";
constexpr const char* kSpinVariable = "GOMP_SPINCOUNT";

// Which copy of this package uses which libtorch in this process: "<process> <owner>". The
// allocator, the settings of the JIT and the order of ending belong to the process, and a second
// copy would install its own over the first one's. An environment variable is the one place that
// two addons both find on every system; a child process inherits it, hence the process's number.
constexpr const char* kOwnerVariable = "TORCHWRIGHT_PROCESS_OWNER";

void SetOwner(const std::string& owner) {
#ifdef _WIN32
  _putenv_s(kOwnerVariable, owner.c_str());  // empty removes it
#else
  if (owner.empty()) {
    unsetenv(kOwnerVariable);
  } else {
    setenv(kOwnerVariable, owner.c_str(), /*overwrite=*/1);
  }
#endif
}

// Takes the process for an owner, unless it has one, which is returned. Without an owner the
// process is given back, after libtorch could not be opened.
Napi::Value Claim(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() < 2 || !info[0].IsNumber() || !(info[1].IsString() || info[1].IsUndefined())) {
    throw Napi::TypeError::New(env, "claim: expected a process and an owner");
  }
  static std::mutex mutex;  // workers of one copy
  const std::lock_guard lock(mutex);
  if (info[1].IsUndefined()) {
    SetOwner("");
    return env.Undefined();
  }
  const std::string process = std::to_string(info[0].As<Napi::Number>().Int64Value()) + " ";
  const char* owner = std::getenv(kOwnerVariable);
  if (owner != nullptr && std::string(owner).rfind(process, 0) == 0) {
    return Napi::String::New(env, owner + process.size());
  }
  SetOwner(process + info[1].As<Napi::String>().Utf8Value());
  return env.Undefined();
}

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
  // libgomp reads the variable while it is loaded; it is taken back so that child processes do not
  // inherit it. What the user has set stays.
  const bool set_spin =
      std::getenv(kSpinVariable) == nullptr && std::getenv("OMP_WAIT_POLICY") == nullptr;
  if (set_spin) setenv(kSpinVariable, kSpinCount, /*overwrite=*/0);
  // Never closed: the second addon and libtorch's own threads use it until the process ends.
  const bool opened = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) != nullptr;
  const std::string reason = opened ? "" : dlerror();
  if (set_spin) unsetenv(kSpinVariable);
  if (!opened) throw Napi::Error::New(info.Env(), reason);
#endif
}

// Functions of the driver API, whose ABI NVIDIA keeps; null where there is no driver.
void* DriverFunction(const char* name) {
#ifdef _WIN32
  static const HMODULE driver = LoadLibraryA("nvcuda.dll");
  return driver ? reinterpret_cast<void*>(GetProcAddress(driver, name)) : nullptr;
#else
  static void* const driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  return driver ? dlsym(driver, name) : nullptr;
#endif
}

// Calls a driver function; false where it is missing or fails.
template <typename... Arguments>
bool Drive(const char* name, Arguments... arguments) {
  auto* function = reinterpret_cast<int (*)(Arguments...)>(DriverFunction(name));
  return function != nullptr && function(arguments...) == 0;
}

// Numbered as libtorch numbers them: both obey CUDA_VISIBLE_DEVICES. Undefined where the driver
// does not answer.
Napi::Value DeviceProperties(const Napi::CallbackInfo& info) {
  // CUdevice_attribute's numbers.
  constexpr int kProcessors = 16;
  constexpr int kMajor = 75;
  constexpr int kMinor = 76;
  if (!info[0].IsNumber()) throw Napi::TypeError::New(info.Env(), "device: expected a number");
  int device = 0;
  int major = 0;
  int minor = 0;
  int processors = 0;
  std::array<char, 256> name{};
  const bool known =
      Drive("cuInit", 0U) && Drive("cuDeviceGet", &device, info[0].ToNumber().Int32Value()) &&
      Drive("cuDeviceGetName", name.data(), static_cast<int>(name.size()) - 1, device) &&
      Drive("cuDeviceGetAttribute", &major, kMajor, device) &&
      Drive("cuDeviceGetAttribute", &minor, kMinor, device) &&
      Drive("cuDeviceGetAttribute", &processors, kProcessors, device);
  if (!known) return info.Env().Undefined();
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("name", name.data());
  result.Set("major", major);
  result.Set("minor", minor);
  result.Set("multiprocessors", processors);
  return result;
}

Napi::Object InitLoader(Napi::Env env, Napi::Object exports) {
  exports.Set("headersVersion", TORCHWRIGHT_LIBTORCH_VERSION);
  exports.Set("claim", Napi::Function::New(env, Claim, "claim"));
  exports.Set("open", Napi::Function::New(env, OpenLibrary, "open"));
  exports.Set("deviceProperties", Napi::Function::New(env, DeviceProperties, "deviceProperties"));
  return exports;
}

}  // namespace torchwright

namespace {
Napi::Object Init(Napi::Env env, Napi::Object exports) {
  return torchwright::InitLoader(env, exports);
}
}  // namespace

NODE_API_MODULE(loader, Init)
