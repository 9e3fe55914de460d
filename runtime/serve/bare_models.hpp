// Models that are served as they are, without agents around them.
#pragma once

#include <filesystem>
#include <vector>

#include "agents/registry.hpp"
#include "runtime/serve/served_pipeline.hpp"

namespace avp {

/// Reads a file of [model.X] tables, with [device.X] and [defaults] as a pipeline file has them: each model becomes a
/// pipeline of one agent of conversation_kind, which `kinds` must know. Throws user_error with all mistakes of the
/// file.
[[nodiscard]] std::vector<served_pipeline> read_bare_models(const std::filesystem::path& file, const registry& kinds);

} // namespace avp
