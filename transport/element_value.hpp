// Single tensor elements as numbers, for people and tests.
#pragma once

#include <cstddef>

#include "transport/metadata.hpp"

namespace avp {

/// The number that the element_bytes(dtype) bytes at `from` stand for; any alignment.
[[nodiscard]] double element_value(data_type dtype, const std::byte* from);

} // namespace avp
