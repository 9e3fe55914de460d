// What latent steps would have said, for terminals.
#pragma once

#include <string>

#include "runtime/results/task_result.hpp"

namespace avp {

/// A line for each latent step of an agent, under its name; nothing where none is explained. Tokens stand in quotes, as
/// JSON writes them, so that nothing in them is obeyed by a terminal.
[[nodiscard]] std::string thought_text(const agent_result& agent);

} // namespace avp
