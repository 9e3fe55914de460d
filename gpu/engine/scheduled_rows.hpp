// Rows of one request in a forward pass.
#pragma once

#include <cstdint>

#include "gpu/engine/priority.hpp"
#include "gpu/engine/row_kind.hpp"

namespace avp {

/// They are the next ones of its sequence, which has room for them.
struct scheduled_rows {
  priority request; ///< Which it is.
  std::int64_t count = 0;
  row_kind kind = row_kind::prefill;
  bool replayed = false;    ///< Run again to build what was there before.
  std::int64_t guesses = 0; ///< Of all rows, the last ones, whose tokens are guessed.
};

} // namespace avp
