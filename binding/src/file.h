// Files that are written with C's functions: closed with their scope, flushed to the disk.
#pragma once

#include <cstdio>
#include <memory>

#ifndef _WIN32
#include <unistd.h>
#endif

namespace torchwright {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

// False where the disk does not take it.
inline bool FlushToDisk(std::FILE* file) {
  if (std::fflush(file) != 0) return false;
#ifndef _WIN32
  return fsync(fileno(file)) == 0;
#else
  return true;
#endif
}

}  // namespace torchwright
