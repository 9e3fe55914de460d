// What a node proves itself with, from its folder of keys.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "gpu/user_error.hpp"
#include "transport/link/curve_keys.hpp"

namespace avp {

/// What stands in the way of talking to other nodes; the text says what to do.
class node_error : public user_error {
public:
  using user_error::user_error;
};

/// The files of a folder as `avp-key cluster` makes it.
struct node_keys {
  std::filesystem::path authority;   ///< Certificate of the cluster, by which others are checked.
  std::filesystem::path certificate; ///< Of this node.
  std::filesystem::path private_key; ///< Of the certificate.
  key_pair curve;                    ///< Of the data plane.
  std::vector<std::string> accepted; ///< CURVE keys of all nodes of the cluster.
};

/// Reads a folder. Throws node_error where something is missing, or a certificate is not valid now.
[[nodiscard]] node_keys read_node_keys(const std::filesystem::path& folder);

} // namespace avp
