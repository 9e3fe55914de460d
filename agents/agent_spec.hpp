// What a pipeline file says about one agent, with defaults filled in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <avp/gpu/request.hpp>

namespace avp {

/// How agents hand over: not at all (only the answering agent runs), as text, or as contexts.
enum class mode : std::uint8_t { latent, text, direct };

/// How contexts come together at an agent that several others hand over to.
enum class join_way : std::uint8_t {
  concatenate, ///< Each branch has a cache of its own, and one is put behind the other as the flow names them.
  canonical,   ///< Likewise, in an order that depends on what they hold alone.
  sequence,    ///< All agents of the branches run one after another on one cache.
};

/// What becomes of a task when one of its agents fails.
enum class on_failure : std::uint8_t {
  fail, ///< It fails, too.
  skip, ///< It goes on without that agent.
};

/// One agent of a pipeline. Prompts are templates (`{{name}}`).
struct agent_spec {
  std::string name;
  std::string kind;
  std::string model;
  std::vector<std::string> nodes; ///< Where it runs: tasks are spread over them; this machine where there are none.
  std::string system;
  std::string prompt;
  std::optional<std::string> text_prompt;
  std::optional<std::string> direct_prompt;
  int steps = 20;
  int max_new_tokens = 512;
  avp::sampling sampling;
  std::vector<std::string> stop;
  std::optional<std::uint64_t> seed; ///< In place of the run's seed.
  std::optional<double> time_limit;  ///< Seconds for each request of this agent.
  join_way merge = join_way::concatenate;
  avp::keep keep = keep::all; ///< What of its context it hands on.
  bool rotate_keys = true;    ///< As join::rotate, for its join and its cut.
  avp::on_failure on_failure = on_failure::fail;
  nlohmann::json options = nlohmann::json::object(); ///< `[agent.X.options]`, for its kind.
};

} // namespace avp
