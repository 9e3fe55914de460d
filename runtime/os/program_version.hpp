// What --version says.
#pragma once

#include <string>
#include <string_view>

namespace avp {

/// The program and its version, and in a second line the kernels that it uses: "avp-run 0.1.0\nkernels: avx2 (AVP_CPU
/// chooses from base, avx2)". Throws std::invalid_argument where the environment variable AVP_CPU names no kernels that
/// this processor can run.
[[nodiscard]] std::string program_version(std::string_view program);

} // namespace avp
