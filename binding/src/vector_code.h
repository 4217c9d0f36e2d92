#pragma once

// Before a function whose loops the compiler shall also build for 256-bit vectors; which build
// runs is decided when the addon is opened. Not under sanitizers: the choice is made before they
// have begun.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define VECTOR_CODE __attribute__((target_clones("avx2", "default")))
#else
#define VECTOR_CODE
#endif
