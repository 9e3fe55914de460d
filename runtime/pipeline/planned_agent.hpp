// One agent in one mode of a pipeline: as what it runs, after whom, for whom.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "transport/name_table.hpp"

namespace avp {

/// Which of an agent's templates a mode uses.
enum class prompt_choice : std::uint8_t { prompt, text_prompt, direct_prompt };

/// Keys of these templates in a pipeline file.
template <>
inline constexpr auto name_table<prompt_choice> = std::to_array<named_value<prompt_choice>>({
    {prompt_choice::prompt, "prompt"},
    {prompt_choice::text_prompt, "text_prompt"},
    {prompt_choice::direct_prompt, "direct_prompt"},
});

/// One agent in a mode.
struct planned_agent {
  std::string name;
  std::string kind;       ///< As which it is started: where the text of a think agent is needed, as "generate".
  std::string model;      ///< On which it runs: of entries that are one model, the first one's name.
  bool makes_text = true; ///< Whether its text is needed or comes anyway; false for one that only thinks, without note.
  prompt_choice choice = prompt_choice::prompt;
  std::string prompt;             ///< The template that `choice` names.
  std::vector<std::string> after; ///< Who must be done first, in topological order.

  /// Whose contexts it continues, in the order of the flow; several are joined. Only in latent mode.
  std::vector<std::string> contexts_from;
  bool in_sequence = false;       ///< Whether it continues whoever ran before it on a cache that several share.
  std::vector<std::string> texts; ///< Earlier agents whose texts its templates name, in topological order.

  std::vector<std::string> from; ///< Direct predecessors that run, in the order of the edges.
  std::vector<std::string> to;   ///< Direct successors that run.
  std::size_t readers = 0;       ///< Agents that continue on its context.
  bool may_fail = false;         ///< Whether a task goes on without it.
  bool answers_task = false;     ///< Whether its text is the task's.
};

} // namespace avp
