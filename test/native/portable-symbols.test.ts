/** What binding/src/portable_symbols.cc and heap.cc do in place of a newer glibc, in a program of their own. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { inFolder } from "../support/tiny-bert";

const SOURCES = path.join(__dirname, "../../binding/src");

/** dlsym is the program's: it finds mallinfo2 or, as on an old glibc, does not. */
const PROGRAM = `
#include <malloc.h>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>
#include "heap.h"

static bool old_glibc = false;
extern "C" void* dlsym(void*, const char*) {
  return old_glibc ? nullptr : reinterpret_cast<void*>(&mallinfo2);
}

static void Expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "expected: %s\\n", what);
  std::exit(1);
}

int main(int argc, char**) {
  constexpr int64_t kBytes = 100'000'000;
  old_glibc = argc > 1;
  const int64_t before = torchwright::HeapBytesBeyond(0);
  volatile char* block = static_cast<char*>(std::malloc(kBytes));
  block[0] = 1;
  const int64_t after = torchwright::HeapBytesBeyond(0);
  Expect(after - before >= kBytes && after - before < kBytes + 100'000, "the heap grew by what was taken");
  Expect(torchwright::HeapBytesBeyond(kBytes) == after - kBytes, "what is counted is taken off");
  Expect(torchwright::HeapBytesBeyond(after + 1000) == 0, "never less than nothing");

  using Clock = std::chrono::steady_clock;
  std::mutex mutex;
  std::condition_variable condition;
  bool done = false;
  std::unique_lock lock(mutex);
  const auto start = Clock::now();
  Expect(!condition.wait_for(lock, std::chrono::milliseconds(60), [&] { return done; }), "a limit ends the wait");
  Expect(Clock::now() - start >= std::chrono::milliseconds(60), "not before the limit");
  std::thread other([&] {
    const std::lock_guard inner(mutex);
    done = true;
    condition.notify_one();
  });
  Expect(condition.wait_for(lock, std::chrono::minutes(10), [&] { return done; }), "a notification ends the wait");
  lock.unlock();
  other.join();
  std::once_flag once;
  int calls = 0;
  for (int i = 0; i < 2; ++i) std::call_once(once, [&] { ++calls; });
  Expect(calls == 1, "once");
}
`;

describe("the addons' own versions of what newer systems have", () => {
  it("measure the heap and wait as the systems do", () =>
    inFolder(async (folder) => {
      const source = path.join(folder, "program.cc");
      const program = path.join(folder, "program");
      writeFileSync(source, PROGRAM);
      const files = [source, path.join(SOURCES, "heap.cc"), path.join(SOURCES, "portable_symbols.cc")];
      execFileSync("c++", ["-std=c++20", "-O1", "-I", SOURCES, ...files, "-o", program, "-lpthread"], {
        stdio: ["ignore", "ignore", "inherit"],
      });
      execFileSync(program, { stdio: ["ignore", "ignore", "inherit"] });
      execFileSync(program, ["an old glibc"], { stdio: ["ignore", "ignore", "inherit"] });
    })).timeout(60_000);
});
