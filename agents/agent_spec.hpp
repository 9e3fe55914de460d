// What a pipeline file says about one agent, with defaults filled in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <avp/gpu/sampling.hpp>

namespace avp {

/// How agents hand over: not at all (only the answering agent runs), as text, or as contexts.
enum class mode : std::uint8_t { latent, text, direct };

/// One agent of a pipeline. Prompts are templates (`{{name}}`).
struct agent_spec {
  std::string name;
  std::string kind;
  std::string model;
  std::string system;
  std::string prompt;
  std::optional<std::string> text_prompt;
  std::optional<std::string> direct_prompt;
  int steps = 20;
  int max_new_tokens = 512;
  avp::sampling sampling;
  std::vector<std::string> stop;
  std::optional<std::uint64_t> seed;                 ///< In place of the run's seed.
  std::optional<double> time_limit;                  ///< Seconds for each request of this agent.
  nlohmann::json options = nlohmann::json::object(); ///< `[agent.X.options]`, for custom kinds.
};

} // namespace avp
