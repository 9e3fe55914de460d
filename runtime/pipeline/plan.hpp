// Who runs in one mode of a pipeline, after whom, on what.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agents/registry.hpp"
#include "runtime/pipeline/pipeline.hpp"
#include "runtime/pipeline/planned_agent.hpp"
#include "transport/name_table.hpp"

namespace avp {

/// How an edge of the flow hands over in a mode.
enum class hand_over : std::uint8_t {
  context,
  projection, ///< What the one would say next, as a position of the other one's model.
  text,
};

template <>
inline constexpr auto name_table<hand_over> = std::to_array<named_value<hand_over>>({
    {hand_over::context, "context"},
    {hand_over::projection, "projection"},
    {hand_over::text, "text"},
});

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

/// Tells the agents of a plan whom its edges and contexts connect them with: planned_agent::from, to and readers.
void connect_agents(plan& planned);

/// Plans one mode of a pipeline that the loader has checked. `kinds` says who answers in latent mode; a kind that it
/// lacks is taken for one that does.
///
/// Text: everyone makes a text and waits for its predecessors. Direct: the answering agent alone. Latent: an agent
/// continues the contexts of the predecessors that have the same model (pipeline::same_model). What a predecessor with
/// another model thought is projected where the receiver wants that and both are on this machine; else the receiver
/// gets a text: that one answers instead of thinking, and so does every thinking agent that the receiver's text_prompt
/// names. Branches run side by side, each on a cache of its own, and several contexts are joined. Only where they come
/// together by merge "sequence" all agents that they came through run one after another on one cache, in topological
/// order; joins by sequence that share such agents share the cache, so that an agent there may see more than its own
/// ancestors, and a join of another kind within it has nothing to join.
[[nodiscard]] plan make_plan(const pipeline& p, avp::mode mode, const std::vector<kind_info>& kinds);

/// The fields that a plan needs and `fields` lacks.
[[nodiscard]] std::vector<std::string> missing_fields(const plan& planned, const std::set<std::string>& fields);

} // namespace avp
