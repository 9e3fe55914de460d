// How much memory the KV-cache gets.
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace avp {

/// Bytes for the KV-cache where the configuration says nothing: a quarter of what the machine has free now, on a
/// CPU also of what the control group allows; 2 GiB on other devices.
[[nodiscard]] std::int64_t default_cache_bytes(at::Device device);

} // namespace avp
