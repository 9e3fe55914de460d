// AVX-512 intrinsics for single functions of a build for plain x86-64. Internal to gpu/kernels; only on x86-64.
#pragma once

// GCC 12 takes the undefined registers of its own header for a mistake (its bug 105593).
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop

/// In front of a function: it may use what kernel_path::avx512 promises.
#define AVP_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))

/// The same for a small function that must become part of its caller.
#define AVP_AVX512_INLINE AVP_AVX512 __attribute__((always_inline)) inline
