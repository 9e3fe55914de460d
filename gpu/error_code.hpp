// Kinds of failure: a closed list, with the word and the HTTP status of each.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "transport/name_table.hpp"

namespace avp {

/// What kind of failure a request, a hop or a task met: what programs look at, as people read its text.
/// docs/error_codes.md says of each what to do about it.
enum class error_code : std::uint8_t {
  bad_request = 1,  ///< What was asked can't be done: a record that is none, an empty prompt, a setting out of range.
  model_not_found,  ///< The device has no model of that name.
  context_too_long, ///< More positions than the model allows.
  context_mismatch, ///< A context belongs to another model, or is damaged.
  cancelled,        ///< Who asked does not want it any more.
  time_limit,       ///< It took longer than the agent's time_limit.
  out_of_memory,    ///< There was no memory for it.
  not_finite,       ///< The model's numbers became infinite or NaN.
  agent_failed,     ///< The agent's own code: it threw, died, or picked somebody who can't go on.
  node_lost,        ///< The nodes that could have done it are gone.
  transfer_failed,  ///< A context could not be brought from one node to another, or made anew there.
  scorer_failed,    ///< There is an answer, but what scores it failed.
  internal,         ///< A defect, of the device or the runtime.
};

/// What else is to be known of a code.
struct error_code_entry {
  error_code code;
  std::string_view name; ///< In results.jsonl, run.db and between nodes.
  int http_status;       ///< With which a server answers.
};

/// In the order of error_code.
inline constexpr auto error_codes = std::to_array<error_code_entry>({
    {error_code::bad_request, "bad_request", 400},
    {error_code::model_not_found, "model_not_found", 404},
    {error_code::context_too_long, "context_too_long", 400},
    {error_code::context_mismatch, "context_mismatch", 409},
    {error_code::cancelled, "cancelled", 499},
    {error_code::time_limit, "time_limit", 504},
    {error_code::out_of_memory, "out_of_memory", 503},
    {error_code::not_finite, "not_finite", 500},
    {error_code::agent_failed, "agent_failed", 500},
    {error_code::node_lost, "node_lost", 503},
    {error_code::transfer_failed, "transfer_failed", 502},
    {error_code::scorer_failed, "scorer_failed", 500},
    {error_code::internal, "internal", 500},
});

template <>
inline constexpr auto name_table<error_code> = [] {
  std::array<named_value<error_code>, error_codes.size()> names{};
  for (std::size_t i = 0; i < names.size(); ++i)
    names[i] = {error_codes[i].code, error_codes[i].name};
  return names;
}();

} // namespace avp
