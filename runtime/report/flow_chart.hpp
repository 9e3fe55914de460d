// The flow of a plan as a picture.
#pragma once

#include <map>
#include <string>

#include "runtime/pipeline/plan.hpp"

namespace avp {

/// A box for each agent and an arrow for each hand-over, labelled with how it hands over; dotted arrows show whose
/// contexts an agent continues where the flow has no edge for it. `details` are words on agents that are to stand in
/// their boxes.
[[nodiscard]] std::string flow_chart(const plan& planned, const std::map<std::string, std::string>& details);

} // namespace avp
