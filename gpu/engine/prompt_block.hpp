// A full block of a prompt that others may begin alike.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "gpu/cache/block_ledger.hpp"

namespace avp {

/// Its tokens and what comes before them.
struct prompt_block {
  prefix_id before = 0;
  std::span<const std::int32_t> tokens;

  bool operator==(const prompt_block& other) const {
    return before == other.before && std::ranges::equal(tokens, other.tokens);
  }
};

} // namespace avp
