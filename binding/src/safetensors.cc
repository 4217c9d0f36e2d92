// Reads and writes the bytes of safetensors files on the executor. TypeScript parses and validates
// the header for good messages; here everything is validated again that could corrupt memory.
// Files are read, not mapped: a mapped file that someone truncates ends the process.
#include <ATen/Functions.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>

#include "environment.h"
#include "file.h"
#include "tensor_io.h"

namespace torchwright {
namespace {

struct Entry {
  std::string name;
  at::ScalarType dtype;
  std::vector<int64_t> shape;
  int64_t offset;
  int64_t bytes;
};

int64_t ToOffset(const Napi::Value& value, const char* what) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!(number >= 0) || number > kMaxSafeInteger || number != std::floor(number)) {
    Fail("ERR_SAFETENSORS_INVALID", std::string("safetensors: bad ") + what);
  }
  return static_cast<int64_t>(number);
}

Entry ReadEntry(const Napi::Object& object) {
  Entry entry{ReadText(object.Get("name"), "safetensors: name"),
              ParseDtype(ReadText(object.Get("dtype"), "safetensors: dtype")),
              {},
              ToOffset(object.Get("offset"), "offset"),
              ToOffset(object.Get("bytes"), "length")};
  auto expected = static_cast<int64_t>(c10::elementSize(entry.dtype));
  bool fits = true;
  for (const Napi::Value& size : ReadArray(object.Get("shape"), "safetensors: shape")) {
    entry.shape.push_back(ToOffset(size, "shape"));
    fits = fits && Multiply(expected, entry.shape.back());
  }
  if (!fits || expected != entry.bytes) {
    Fail("ERR_SAFETENSORS_INVALID",
         "safetensors: the length of " + entry.name + " does not fit its shape and dtype");
  }
  return entry;
}

int Seek(std::FILE* file, int64_t offset) {
#ifdef _WIN32
  return _fseeki64(file, offset, SEEK_SET);
#else
  return fseeko(file, offset, SEEK_SET);
#endif
}

Napi::Value ReadSafetensors(Environment& environment, const Napi::CallbackInfo& info) {
  const std::string path = ReadPath(info[0], "safetensors: path");
  std::vector<Entry> entries;
  for (const Napi::Value& entry : ReadArray(info[1], "safetensors: entries")) {
    entries.push_back(ReadEntry(ReadObject(entry, "safetensors: entry")));
  }
  auto tensors = std::make_shared<std::vector<at::Tensor>>();
  return environment.executor().Queue(
      "safetensors",
      [path, entries = std::move(entries), tensors] {
        const File file(std::fopen(path.c_str(), "rb"));
        if (!file) {
          const char* code = errno == ENOENT ? "ERR_FILE_NOT_FOUND" : "ERR_FILE_READ";
          Fail(code, "safetensors: " + path + " could not be opened: " + std::strerror(errno));
        }
        for (const Entry& entry : entries) {
          at::Tensor tensor = at::empty(entry.shape, at::TensorOptions(entry.dtype));
          const auto bytes = static_cast<size_t>(entry.bytes);
          if (bytes > 0 && (Seek(file.get(), entry.offset) != 0 ||
                            std::fread(tensor.mutable_data_ptr(), 1, bytes, file.get()) != bytes)) {
            Fail("ERR_SAFETENSORS_INVALID",
                 "safetensors: " + path + " ends before the data of " + entry.name);
          }
          tensors->push_back(std::move(tensor));
        }
      },
      [&environment, tensors](uint64_t sequence) -> napi_value {
        Napi::Array handles = Napi::Array::New(environment.env(), tensors->size());
        for (uint32_t i = 0; i < tensors->size(); ++i) {
          handles.Set(i, environment.tensors().Add(std::move((*tensors)[i]), sequence));
        }
        return handles;
      });
}

void Write(std::FILE* file, const void* data, size_t bytes, const std::string& path) {
  if (bytes > 0 && std::fwrite(data, 1, bytes, file) != bytes) {
    Fail("ERR_FILE_WRITE", "save: " + path + " could not be written (is the disk full?)");
  }
}

// Streams: only one tensor at a time is copied off its device.
int64_t WriteFile(const std::string& path, const std::string& header,
                  const std::vector<at::Tensor>& tensors) {
  const File file(std::fopen(path.c_str(), "wb"));
  if (!file) Fail("ERR_FILE_WRITE", "save: " + path + " could not be created");
  uint8_t length[8];
  for (int i = 0; i < 8; ++i) length[i] = static_cast<uint8_t>(header.size() >> (8 * i));
  Write(file.get(), length, sizeof(length), path);
  Write(file.get(), header.data(), header.size(), path);
  auto written = static_cast<int64_t>(sizeof(length) + header.size());
  for (const at::Tensor& tensor : tensors) {
    const at::Tensor plain = HostValues(tensor);
    Write(file.get(), plain.const_data_ptr(), plain.nbytes(), path);
    written += static_cast<int64_t>(plain.nbytes());
  }
  if (!FlushToDisk(file.get())) {
    Fail("ERR_FILE_WRITE", "save: " + path + " could not be flushed to the disk");
  }
  return written;
}

Napi::Value WriteSafetensors(Environment& environment, const Napi::CallbackInfo& info) {
  const std::string path = ReadPath(info[0], "save: path");
  const std::string header = ReadText(info[1], "save: header");
  std::vector<at::Tensor> tensors;
  for (const Napi::Value& handle : ReadArray(info[2], "save: tensors")) {
    tensors.push_back(environment.Peek(handle));
  }
  auto written = std::make_shared<int64_t>(0);
  return environment.executor().Queue(
      "save",
      [path, header, tensors = std::move(tensors), written] {
        *written = WriteFile(path, header, tensors);
      },
      [env = info.Env(), written](uint64_t) -> napi_value {
        return Napi::Number::New(env, static_cast<double>(*written));
      });
}

}  // namespace

void RegisterSafetensors(Environment& environment, Napi::Object exports) {
  Register<ReadSafetensors>(environment, exports, "readSafetensors");
  Register<WriteSafetensors>(environment, exports, "writeSafetensors");
}

}  // namespace torchwright
