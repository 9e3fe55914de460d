// Where the contexts of another node come from and go to.
#pragma once

#include <string>

#include "transport/compression.hpp"

namespace avp {

/// The exchange of another node, as the pipeline file or an order names it.
struct data_peer {
  std::string name;       ///< Of the node; its exchange calls itself so.
  std::string endpoint;   ///< Where its exchange receives, such as "tcp://10.0.0.2:5555". Not needed to expect from it.
  std::string public_key; ///< Its CURVE key; empty on a link without CURVE.
  compression level = compression::none; ///< Of what is sent to it.
};

} // namespace avp
