// Which node holds a context.
#pragma once

#include <cstdint>
#include <string>

namespace avp {

/// A session ends when the connection does: then nobody holds the context any more.
struct context_holder {
  std::string node; ///< Empty where nobody holds it, and it has to be made by its recipe.
  std::uint64_t session = 0;
  std::uint64_t hop = 0; ///< By which the node knows it.

  bool operator==(const context_holder&) const = default;
};

} // namespace avp
