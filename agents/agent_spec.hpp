// What a pipeline file says about one agent, with defaults filled in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <caf/meta/type_name.hpp>
#include <nlohmann/json.hpp>

#include "gpu/request.hpp"
#include "gpu/wire_field.hpp"
#include "transport/name_table.hpp"

namespace avp {

/// How agents hand over: not at all (only the answering agent runs), as text, or as contexts.
enum class mode : std::uint8_t { latent, text, direct };

template <>
inline constexpr auto name_table<mode> = std::to_array<named_value<mode>>({
    {mode::latent, "latent"},
    {mode::text, "text"},
    {mode::direct, "direct"},
});

/// How contexts come together at an agent that several others hand over to.
enum class join_way : std::uint8_t {
  concatenate, ///< Each branch has a cache of its own, and one is put behind the other as the flow names them.
  canonical,   ///< Likewise, in an order that depends on what they hold alone.
  sequence,    ///< All agents of the branches run one after another on one cache.
};

template <>
inline constexpr auto name_table<join_way> = std::to_array<named_value<join_way>>({
    {join_way::concatenate, "concatenate"},
    {join_way::canonical, "canonical"},
    {join_way::sequence, "sequence"},
});

/// How an agent gets what agents on other models thought, in latent mode.
enum class cross_model : std::uint8_t {
  text,    ///< They answer instead of thinking, and it reads their texts.
  project, ///< What they would say next becomes one position before its own prompt.
};

template <>
inline constexpr auto name_table<cross_model> = std::to_array<named_value<cross_model>>({
    {cross_model::text, "text"},
    {cross_model::project, "project"},
});

/// What becomes of a task when one of its agents fails.
enum class on_failure : std::uint8_t {
  fail, ///< It fails, too.
  skip, ///< It goes on without that agent.
};

template <>
inline constexpr auto name_table<on_failure> = std::to_array<named_value<on_failure>>({
    {on_failure::fail, "fail"},
    {on_failure::skip, "skip"},
});

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
  int note = 0; ///< Tokens that an agent that thinks writes behind its steps, at most; 0 for none.
  int max_new_tokens = 512;
  said_sampling sampling; ///< What is not said is as the model has it.
  std::vector<std::string> stop;
  std::optional<std::uint64_t> seed; ///< In place of the run's seed.
  std::optional<double> time_limit;  ///< Seconds for each request of this agent.
  join_way merge = join_way::concatenate;
  avp::keep keep = keep::all; ///< What of its context it hands on.
  bool rotate_keys = true;    ///< As join::rotate, for its join and its cut.
  avp::cross_model cross_model = cross_model::text;
  avp::on_failure on_failure = on_failure::fail;
  nlohmann::json options = nlohmann::json::object(); ///< `[agent.X.options]`, for its kind.
};

/// How it goes from machine to machine.
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, agent_spec& x) {
  return f(caf::meta::type_name("avp::agent_spec"), x.name, x.kind, x.model, x.nodes, x.system, x.prompt,
           as_field(x.text_prompt), as_field(x.direct_prompt), x.steps, x.note, x.max_new_tokens, x.sampling, x.stop,
           as_field(x.seed), as_field(x.time_limit), x.merge, x.keep, x.rotate_keys, x.cross_model, x.on_failure,
           as_field(x.options));
}

} // namespace avp
