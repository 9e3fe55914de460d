// Who runs in one mode of a pipeline, after whom, on what.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <avp/agents/registry.hpp>
#include <avp/runtime/pipeline/pipeline.hpp>

namespace avp {

/// Which of an agent's templates a mode uses.
enum class prompt_choice : std::uint8_t { prompt, text_prompt, direct_prompt };

/// The key of that template in a pipeline file.
[[nodiscard]] std::string_view prompt_key(prompt_choice choice);

/// One agent in a mode.
struct planned_agent {
  std::string name;
  std::string kind;       ///< As which it runs: a think agent whose text is needed runs as "generate".
  bool makes_text = true; ///< Whether its text is needed or comes anyway; false for one that only thinks.
  prompt_choice choice = prompt_choice::prompt;
  std::string prompt;             ///< The template that `choice` names.
  std::vector<std::string> after; ///< Who must be done first, in topological order.

  /// Whose contexts it continues, in the order of the flow; several are joined. Only in latent mode.
  std::vector<std::string> contexts_from;
  bool in_sequence = false;       ///< Whether it continues whoever ran before it on a cache that several share.
  std::vector<std::string> texts; ///< Earlier agents whose texts its templates name, in topological order.
};

/// How an edge of the flow hands over in a mode.
enum class hand_over : std::uint8_t { context, text };

/// One edge of the flow.
struct planned_edge {
  std::string from;
  std::string to;
  hand_over how = hand_over::text;
};

/// One mode of a pipeline.
struct plan {
  avp::mode mode = mode::latent;
  std::vector<planned_agent> agents; ///< In topological order, as written where that leaves a choice.
  std::vector<planned_edge> edges;   ///< Those between agents that run.
  std::string output;                ///< The answering agent.
  std::set<std::string> fields;      ///< Fields that a record must have, or its task fails.
  std::vector<std::string> notes;    ///< Sentences for `--check` and the summary: which hops fall back to text.

  /// The agent of that name, or null where it does not run in this mode.
  [[nodiscard]] const planned_agent* find(std::string_view agent_name) const;
};

/// Plans one mode of a pipeline that the loader has checked. `kinds` says who answers in latent mode; a kind that it
/// lacks is taken for one that does.
///
/// Text: everyone makes a text and waits for its predecessors. Direct: the answering agent alone. Latent: an agent
/// continues the contexts of the predecessors that have the same model (pipeline::same_model). From a predecessor with
/// another model it gets a text: that one answers instead of thinking, and so does every thinking agent that the
/// receiver's text_prompt names. Branches run side by side, each on a cache of its own, and several contexts are
/// joined. Only where they come together by merge "sequence" all agents that they came through run one after another on
/// one cache, in topological order; joins by sequence that share such agents share the cache, so that an agent there
/// may see more than its own ancestors, and a join of another kind within it has nothing to join.
[[nodiscard]] plan make_plan(const pipeline& p, avp::mode mode, const std::vector<kind_info>& kinds);

/// The fields that a plan needs and `fields` lacks.
[[nodiscard]] std::vector<std::string> missing_fields(const plan& planned, const std::set<std::string>& fields);

} // namespace avp
