// Whether a run can begin.
#pragma once

#include <string>
#include <vector>

#include <caf/allowed_unsafe_message_type.hpp>

#include "runtime/node/node_messages.hpp"

namespace avp {

/// The answer to prepare_nodes.
struct nodes_ready {
  std::vector<std::string> problems; ///< What is missing where, a line each; empty when the run can begin.
  std::vector<model_report> models;  ///< Of all machines, each name once.
};

} // namespace avp

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::nodes_ready)
