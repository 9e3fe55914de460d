// How a KV-cache is cut into blocks.
#pragma once

#include <cstdint>

namespace avp {

/// Index of a block in its pool.
using block_id = std::int32_t;

/// Positions in one block.
constexpr std::int64_t block_positions = 32;

/// Blocks that so many positions take.
constexpr std::int64_t blocks_of(std::int64_t positions) { return (positions + block_positions - 1) / block_positions; }

} // namespace avp
