#include "memory.h"

#include <ATen/Context.h>
#include <ATen/DeviceAccelerator.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <unordered_map>
#include <vector>

#include "allocator.h"
#include "environment.h"
#include "heap.h"

namespace torchwright {
namespace {

using Statistics = c10::CachingDeviceAllocator::DeviceStats;

constexpr size_t kLargest = 5;  // tensors that an out-of-memory error names

int AcceleratorCount() {
  return at::accelerator::getAccelerator() ? at::accelerator::deviceCount() : 0;
}

// The accelerator's allocator once `device` is in use; asking it earlier would open the device.
c10::DeviceAllocator* AllocatorInUse(int device) {
  const auto type = at::accelerator::getAccelerator();
  if (!type || !at::globalContext().getAcceleratorHooksInterface(*type).hasPrimaryContext(
                   static_cast<c10::DeviceIndex>(device))) {
    return nullptr;
  }
  c10::DeviceAllocator* allocator = at::getDeviceAllocator(*type);
  return allocator->initialized() ? allocator : nullptr;
}

Statistics DeviceStatistics(int device) {
  c10::DeviceAllocator* allocator = AllocatorInUse(device);
  return allocator ? allocator->getDeviceStats(static_cast<c10::DeviceIndex>(device))
                   : Statistics();
}

const c10::CachingAllocator::Stat& Sum(const c10::CachingAllocator::StatArray& stats) {
  return stats[static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE)];
}

std::string DeviceName(int device) {
  const auto type = at::accelerator::getAccelerator(/*checked=*/true);
  return c10::DeviceTypeName(*type, /*lower_case=*/true) + ":" + std::to_string(device);
}

void Put(Napi::Object object, const char* name, int64_t number) {
  object.Set(name, static_cast<double>(number));
}

Napi::Object Bytes(Napi::Env env, int64_t allocated, int64_t peak, int64_t reserved,
                   int64_t peak_reserved) {
  Napi::Object bytes = Napi::Object::New(env);
  Put(bytes, "allocatedBytes", allocated);
  Put(bytes, "peakBytes", peak);
  Put(bytes, "reservedBytes", reserved);
  Put(bytes, "peakReservedBytes", peak_reserved);
  return bytes;
}

// Index of the accelerator's device in "cuda:1"; -1 for the CPU.
int DeviceIndexOf(const Napi::Value& name) {
  const at::Device device = ParseDevice(ReadText(name, "device"));
  return at::accelerator::isAccelerator(device.type()) ? std::max<int>(device.index(), 0) : -1;
}

Napi::Value Memory(Environment& environment, const Napi::CallbackInfo& info) {
  const AllocatorCounters cpu = CpuCounters();
  Napi::Object devices = Napi::Object::New(info.Env());
  devices.Set("cpu", Bytes(info.Env(), cpu.live, cpu.peak, cpu.live + cpu.cached,
                           std::max(cpu.peak_reserved, cpu.live + cpu.cached)));
  for (int device = 0; device < AcceleratorCount(); ++device) {
    const Statistics stats = DeviceStatistics(device);
    devices.Set(
        DeviceName(device),
        Bytes(info.Env(), Sum(stats.allocated_bytes).current, Sum(stats.allocated_bytes).peak,
              Sum(stats.reserved_bytes).current, Sum(stats.reserved_bytes).peak));
  }
  Napi::Object result = Napi::Object::New(info.Env());
  Put(result, "liveTensors", static_cast<int64_t>(environment.tensors().live()));
  Put(result, "cpuBytes", cpu.live);
  Put(result, "cpuPeakBytes", cpu.peak);
  Put(result, "cpuCachedBytes", cpu.cached);
  result.Set("devices", devices);
  return result;
}

// All that the device's allocator knows, in PyTorch's terms (torch.cuda.memory_stats).
Napi::Value MemoryStats(Environment&, const Napi::CallbackInfo& info) {
  const int device = DeviceIndexOf(info[0]);
  if (device < 0) Fail("ERR_INVALID_ARG", "memoryStats: expected a CUDA device");
  const Statistics stats = DeviceStatistics(device);
  const auto [free, total] = at::accelerator::getMemoryInfo(static_cast<c10::DeviceIndex>(device));
  Napi::Object result =
      Bytes(info.Env(), Sum(stats.allocated_bytes).current, Sum(stats.allocated_bytes).peak,
            Sum(stats.reserved_bytes).current, Sum(stats.reserved_bytes).peak);
  Put(result, "activeBytes", Sum(stats.active_bytes).current);
  Put(result, "inactiveSplitBytes", Sum(stats.inactive_split_bytes).current);
  Put(result, "requestedBytes", Sum(stats.requested_bytes).current);
  Put(result, "allocations", Sum(stats.allocation).allocated);
  Put(result, "deviceAllocations", stats.num_device_alloc);
  Put(result, "retries", stats.num_alloc_retries);
  Put(result, "outOfMemoryErrors", stats.num_ooms);
  Put(result, "freeBytes", static_cast<int64_t>(free));
  Put(result, "totalBytes", static_cast<int64_t>(total));
  return result;
}

void ResetDevicePeak(int device) {
  if (c10::DeviceAllocator* allocator = AllocatorInUse(device)) {
    allocator->resetPeakStats(static_cast<c10::DeviceIndex>(device));
  }
}

// Of one device, or of all where none is named.
Napi::Value ResetPeak(Environment&, const Napi::CallbackInfo& info) {
  const bool all = info[0].IsUndefined();
  const int wanted = all ? -1 : DeviceIndexOf(info[0]);
  if (wanted < 0) ResetCpuPeak();
  if (wanted >= 0) ResetDevicePeak(wanted);
  for (int device = 0; all && device < AcceleratorCount(); ++device) ResetDevicePeak(device);
  return info.Env().Undefined();
}

Napi::Value EmptyCache(Environment&, const Napi::CallbackInfo& info) {
  EmptyCaches();
  return info.Env().Undefined();
}

// "tried to allocate 4096 bytes" (the CPU's), "Tried to allocate 20.00 MiB" (CUDA's, rounded).
double RequestedBytes(const std::string& message) {
  constexpr std::string_view kBefore = "ried to allocate ";
  const size_t found = message.find(kBefore);
  if (found == std::string::npos) return -1;
  const char* start = message.c_str() + found + kBefore.size();
  char* end = nullptr;
  const double number = std::strtod(start, &end);
  if (end == start) return -1;
  const std::string_view unit(end);
  double factor = 1;
  for (const std::string_view known : {" KiB", " MiB", " GiB"}) {
    factor *= 1024;
    if (unit.substr(0, 4) == known) return std::round(number * factor);
  }
  return number;
}

// The device that an accelerator's message names ("GPU 1 has a total capacity of ..."); -1 for the
// CPU's.
int DeviceOf(const std::string& message) {
  constexpr std::string_view kBefore = "GPU ";
  const size_t found = message.find(kBefore);
  if (found == std::string::npos || AcceleratorCount() == 0) return -1;
  const int device = std::atoi(message.c_str() + found + kBefore.size());
  return device >= 0 && device < AcceleratorCount() ? device : -1;
}

// Tensors by storage: of several over the same one, that which is no view of another.
std::vector<at::Tensor> LargestTensors(Environment& environment, const at::Device& device) {
  std::vector<at::Tensor> found;
  std::unordered_map<const void*, size_t> places;
  environment.tensors().ForEach([&](const at::Tensor& tensor) {
    if (!tensor.defined() || !tensor.has_storage() || tensor.device() != device) return;
    if (tensor.storage().nbytes() == 0) return;
    const auto [place, added] =
        places.emplace(tensor.storage().unsafeGetStorageImpl(), found.size());
    if (added) {
      found.push_back(tensor);
    } else if (!tensor.is_view()) {
      found[place->second] = tensor;
    }
  });
  const size_t count = std::min(kLargest, found.size());
  std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count), found.end(),
                    [](const at::Tensor& a, const at::Tensor& b) {
                      return a.storage().nbytes() > b.storage().nbytes();
                    });
  found.resize(count);
  return found;
}

Napi::Object DescribeTensor(Napi::Env env, const at::Tensor& tensor) {
  Napi::Object result = Napi::Object::New(env);
  Napi::Array shape = Napi::Array::New(env, tensor.dim());
  for (int64_t i = 0; i < tensor.dim(); ++i) {
    shape.Set(static_cast<uint32_t>(i), static_cast<double>(tensor.size(i)));
  }
  result.Set("shape", shape);
  result.Set("dtype", DtypeName(tensor.scalar_type()));
  Put(result, "bytes", static_cast<int64_t>(tensor.storage().nbytes()));
  return result;
}

// To look at the C++ heap takes microseconds, or milliseconds where it is in many pieces: not more
// than a hundredth of the time goes there, and the clock is not asked at every reading.
using Clock = std::chrono::steady_clock;
constexpr uint32_t kClockEvery = 32;
constexpr Clock::duration kHeapPause = std::chrono::milliseconds(20);
constexpr int kHeapShare = 100;

std::atomic<uint32_t> readings{0};
std::atomic<Clock::rep> next_heap_reading{0};
std::atomic<int64_t> uncounted{0};

}  // namespace

void ReadHeap() {
  const Clock::time_point start = Clock::now();
  const AllocatorCounters cpu = CpuCounters();
  uncounted.store(HeapBytesBeyond(cpu.live + cpu.cached));
  const Clock::time_point end = Clock::now();
  const auto pause = std::max(kHeapPause, (end - start) * kHeapShare);
  next_heap_reading.store((end + pause).time_since_epoch().count());
}

int64_t CountedBytes() {
  int64_t bytes = CpuLiveBytes();
  for (int device = 0; device < AcceleratorCount(); ++device) {
    bytes += Sum(DeviceStatistics(device).allocated_bytes).current;
  }
  return bytes;
}

int64_t NativeBytes() {
  if (readings.fetch_add(1, std::memory_order_relaxed) % kClockEvery == 0 &&
      Clock::now().time_since_epoch().count() >= next_heap_reading.load()) {
    ReadHeap();
  }
  return CountedBytes() + uncounted.load(std::memory_order_relaxed);
}

void EmptyCaches() {
  EmptyCpuCache();
  for (int device = 0; device < AcceleratorCount(); ++device) {
    if (c10::DeviceAllocator* allocator = AllocatorInUse(device)) {
      allocator->emptyCache();  // of all devices
      break;
    }
  }
}

Napi::Object DescribeShortage(Environment& environment, const std::string& message) {
  const Napi::Env env = environment.env();
  const int index = DeviceOf(message);
  Napi::Object result = Napi::Object::New(env);
  at::Device device = at::kCPU;
  if (index >= 0) {
    device = at::Device(*at::accelerator::getAccelerator(), static_cast<c10::DeviceIndex>(index));
    Put(result, "liveBytes", Sum(DeviceStatistics(index).allocated_bytes).current);
    Put(result, "freeBytes",
        static_cast<int64_t>(at::accelerator::getMemoryInfo(device.index()).first));
  } else {
    Put(result, "liveBytes", CpuLiveBytes());  // what the host has free is Node's to say
  }
  result.Set("device", device.str());
  const double requested = RequestedBytes(message);
  if (requested >= 0) result.Set("requestedBytes", requested);
  const auto largest = LargestTensors(environment, device);
  Napi::Array list = Napi::Array::New(env, largest.size());
  for (uint32_t i = 0; i < largest.size(); ++i) list.Set(i, DescribeTensor(env, largest[i]));
  result.Set("largest", list);
  return result;
}

void RegisterMemory(Environment& environment, Napi::Object exports) {
  Register<Memory>(environment, exports, "memory");
  Register<MemoryStats>(environment, exports, "memoryStats");
  Register<ResetPeak>(environment, exports, "resetPeak");
  Register<EmptyCache>(environment, exports, "emptyCache");
}

}  // namespace torchwright
