// What newer glibc has and the oldest supported one lacks, under the same names: the headers of the
// building machine refer to it, and the linker prefers a definition inside the addon. Hidden, so
// that nobody else in the process gets ours.
#include "portable_symbols.h"

#if defined(__GLIBC__) && defined(__x86_64__)

#include <pthread.h>

#include <ctime>

namespace {

constexpr long kNanosecondsPerSecond = 1'000'000'000;

timespec Later(const timespec& time, const timespec& end, const timespec& start) {
  timespec result{time.tv_sec + (end.tv_sec - start.tv_sec),
                  time.tv_nsec + (end.tv_nsec - start.tv_nsec)};
  while (result.tv_nsec < 0) {
    result.tv_nsec += kNanosecondsPerSecond;
    --result.tv_sec;
  }
  while (result.tv_nsec >= kNanosecondsPerSecond) {
    result.tv_nsec -= kNanosecondsPerSecond;
    ++result.tv_sec;
  }
  return result;
}

}  // namespace

extern "C" {

// glibc 2.32. std::shared_ptr counts without atomics while this says that there is one thread. Ours
// always says that there are several, as there are wherever libtorch is.
__attribute__((visibility("hidden"))) char __libc_single_threaded = 0;

// glibc 2.30. std::condition_variable::wait_for waits on the steady clock. Here, as in C++
// libraries before it, on the time of day, until the moment that is as far away. Where somebody
// sets the clock forward meanwhile, the caller (which asks the steady clock itself) waits again;
// set back, it waits longer by as much, unless notified. Executor::Shutdown alone waits with a
// limit.
__attribute__((visibility("hidden"))) int pthread_cond_clockwait(pthread_cond_t* condition,
                                                                 pthread_mutex_t* mutex,
                                                                 clockid_t clock,
                                                                 const timespec* until) {
  timespec now{};
  timespec time_of_day{};
  clock_gettime(clock, &now);
  clock_gettime(CLOCK_REALTIME, &time_of_day);
  const timespec deadline = Later(time_of_day, *until, now);
  return pthread_cond_timedwait(condition, mutex, &deadline);
}

}  // extern "C"

#endif
