// Keys or values of one layer, from blocks into the order in which AVP sends them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "gpu/cache/block_pool.hpp"

namespace avp {

/// Keys (part 0) or values (part 1) of one layer, in positions from `first` up to `end` of a sequence.
struct tensor_place {
  std::int64_t layer = 0;
  std::int64_t part = 0;
  std::int64_t first = 0;
  std::int64_t end = 0;
};

/// Writes bytes [offset, offset + out.size()) of the tensor [kv_heads, end - first, head_dim] into out. The pool's
/// memory must be that of a CPU. Runs on the calling thread alone: it is called from threads of links, and a thread
/// that computes in parallel would have workers of its own, which slow the device's down.
void gather_positions(const block_pool& pool, std::span<const block_id> blocks, const tensor_place& place,
                      std::uint64_t offset, std::span<std::byte> out);

} // namespace avp
