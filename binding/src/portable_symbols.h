// Binds to the oldest versions of a few symbols of glibc and libstdc++, so that one binary runs
// wherever libtorch does (glibc 2.28, GLIBCXX_3.4.22), whatever the machine that builds it has.
// CMakeLists.txt puts it in front of every source; `npm run check:symbols` says what it missed.
//
// A linker takes a symbol's newest version. glibc 2.34 merged libpthread and libdl into libc and
// gave what they had a new version; the code behind both is the same. The old version is found in
// libc.so.6 on new systems and in libpthread.so.0 and libdl.so.2 on old ones, which Node links.
//
// Only x86-64's names stand here, because only they are tested; elsewhere a build is for machines
// like the one that makes it. portable_symbols.cc has what has no old version.
#pragma once

// __GLIBC__ and __GLIBCXX__ come with any header of theirs.
#include <cstdlib>

#if defined(__GLIBC__) && defined(__x86_64__)

__asm__(".symver dlopen, dlopen@GLIBC_2.2.5");
__asm__(".symver dlsym, dlsym@GLIBC_2.2.5");
__asm__(".symver dlerror, dlerror@GLIBC_2.2.5");

// std::call_once
__asm__(".symver pthread_once, pthread_once@GLIBC_2.2.5");

#ifdef __GLIBCXX__
// std::condition_variable::wait. GCC 12 let a thread be cancelled in it, where the old version ends
// the process; nothing here cancels threads.
__asm__(
    ".symver _ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE, "
    "_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE@GLIBCXX_3.4.11");
#endif

#endif
