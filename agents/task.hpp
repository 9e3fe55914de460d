// One input record on its way through a pipeline.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "agents/agent_spec.hpp"

namespace avp {

/// Known by its record id. Its place says only who goes on first when memory is short.
struct task {
  std::string id;
  avp::mode mode = mode::latent;
  std::map<std::string, std::string> fields; ///< The record's fields, by name.
  std::uint64_t run_seed = 0;
  std::uint64_t place = 0; ///< How many tasks the run admitted before it, those of earlier modes included.
  std::optional<std::int64_t> prefix_scope = 0; ///< As request::prefix_scope.
};

} // namespace avp
