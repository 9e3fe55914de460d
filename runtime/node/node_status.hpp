// What a node tells of itself.
#pragma once

#include <cstdint>
#include <map>

#include <nlohmann/json.hpp>

#include "runtime/node/node_parts.hpp"
#include "runtime/node/node_session.hpp"

namespace avp {

/// Who a node is, the runs that use it, its devices and its links.
[[nodiscard]] nlohmann::ordered_json status_json(const node_parts& parts,
                                                 const std::map<std::uint64_t, node_session>& sessions);

} // namespace avp
