// Which implementation of the hand-written kernels runs.
#pragma once

#include <cstdint>

namespace avp {

/// Implementations of the kernels. Both read the same packed weights and give the same bits.
enum class kernel_path : std::uint8_t {
  portable, ///< Plain C++, for any machine.
  avx512,   ///< x86-64 with AVX-512 F, BW, DQ, VL, VNNI.
};

/// The fastest path that this machine can run, found once.
[[nodiscard]] kernel_path fastest_kernel_path();

} // namespace avp
