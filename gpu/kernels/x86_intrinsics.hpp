// Intrinsics for single functions of a build for plain x86-64. Internal to gpu/kernels; only on x86-64.
//
// The instructions belong to each function and not to a file: an inline function of another header that such a file
// uses would be compiled with them, too, and the linker could take that copy for the whole program.
#pragma once

// GCC 12 takes the undefined registers of its own header for a mistake (its bug 105593).
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop

/// In front of a function: it may use what kernel_path::avx2 promises.
#define AVP_AVX2 __attribute__((target("avx2,fma,f16c")))

/// The same for a small function that must become part of its caller.
#define AVP_AVX2_INLINE AVP_AVX2 __attribute__((always_inline)) inline

/// In front of a function: it may use what kernel_path::avx512 promises.
#define AVP_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))

/// The same for a small function that must become part of its caller.
#define AVP_AVX512_INLINE AVP_AVX512 __attribute__((always_inline)) inline
