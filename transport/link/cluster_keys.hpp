// All keys of a cluster of nodes, a folder for each.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "transport/error.hpp"

namespace avp {

/// Names of the files in the folder of a node.
namespace cluster_files {

constexpr auto authority = "authority.pem";  ///< Certificate of the cluster, by which the others are checked.
constexpr auto certificate = "node.pem";     ///< Certificate of the node.
constexpr auto private_key = "node-key.pem"; ///< Its private key.
constexpr auto curve_key = "curve.key";      ///< Secret key of the data plane.
constexpr auto accepted = "accepted.pub";    ///< CURVE keys of all nodes, one a line.

} // namespace cluster_files

/// Makes FOLDER/NAME for each node: a certificate that an authority of this cluster signed, its key, a CURVE pair and
/// the list of all CURVE keys. The authority's own key is thrown away: nobody can make another node of this cluster.
/// Certificates are valid for `days`. Fails with invalid_argument for names that are no file names or come twice, with
/// io_failed where a folder is there already or can't be written.
[[nodiscard]] expected<void> make_cluster_keys(const std::vector<std::string>& nodes,
                                               const std::filesystem::path& folder, int days);

} // namespace avp
