// How the keys and queries of a layer are rotated by their position.
#pragma once

#include <vector>

namespace avp {

/// Rotary embedding (RoFormer, arXiv 2104.09864): pair i of a head is turned by position · theta^(-2i/d) / factor_i.
struct rope {
  double theta = 10000;
  std::vector<float> factors; ///< One for each rotated pair; empty: all 1.

  bool operator==(const rope&) const = default;
};

} // namespace avp
