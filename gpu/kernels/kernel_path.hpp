// Which implementation of the hand-written kernels runs: the level of the processor's instruction set.
#pragma once

#include <cstdint>
#include <string>

#include "transport/name_table.hpp"

namespace avp {

/// Levels of the instruction set, the plainest first. The block kernels of all levels read the same packed weights and
/// give the same bits.
enum class kernel_path : std::uint8_t {
  base,    ///< Plain C++, for any machine.
  avx2,    ///< x86-64-v3: AVX2, FMA, F16C, BMI.
  avxvnni, ///< x86-64-v3 and AVX-VNNI.
  avx512,  ///< x86-64-v4 and VNNI: AVX-512 F, BW, CD, DQ, VL, VNNI.
  amx,     ///< As avx512, and AMX with int8 tiles, where the system lets a process use them.
};

/// As the environment variable AVP_CPU calls them.
template <>
inline constexpr auto name_table<kernel_path> = std::to_array<named_value<kernel_path>>({
    {kernel_path::base, "base"},
    {kernel_path::avx2, "avx2"},
    {kernel_path::avxvnni, "avxvnni"},
    {kernel_path::avx512, "avx512"},
    {kernel_path::amx, "amx"},
});

/// Whether this machine can run a path.
[[nodiscard]] bool can_run(kernel_path path);

/// Whether the processor is Intel's: MKL runs plainer kernels on others.
[[nodiscard]] bool is_intel_processor();

/// The path that the environment variable AVP_CPU names, or else the fastest that this machine can run; found once.
/// Throws std::invalid_argument when AVP_CPU names none, or one that this machine cannot run.
[[nodiscard]] kernel_path fastest_kernel_path();

/// The paths that this machine can run, as text: "base, avx2".
[[nodiscard]] std::string runnable_kernel_paths();

/// What fastest_kernel_path() returns where AVP_CPU has this value, null for none. For tests.
[[nodiscard]] kernel_path kernel_path_for(const char* avp_cpu);

} // namespace avp
