// What a node knows of one run that uses it.
#include "runtime/node/node_session.hpp"

#include <algorithm>
#include <stdexcept>

#include "runtime/pipeline/pipeline.hpp"

namespace avp {

gather_target target_of(const node_session& at, const hosted_agent& agent, const hop_order& order) {
  const auto model = at.models.find(agent.spec.model);
  return {model == at.models.end() ? device_actor{} : model->second.device->actor(), agent.spec.model, order.place,
          agent.spec.name};
}

std::vector<needed_context> contexts_for(const node_session& at, const hop_order& order, const recipe_map& known,
                                         const node_parts& parts) {
  std::vector<needed_context> all;
  for (const auto& wanted : order.contexts) {
    const auto history = known.find(wanted.id);
    if (history == known.end())
      throw std::runtime_error("the order names the context " + wanted.id + " without its recipe");
    needed_context needed{history->second, parts.exchange->contexts().find(wanted.id), {}};
    if (wanted.holder == local_node)
      needed.holder = data_peer{local_node, at.data, at.public_key};
    else if (!wanted.holder.empty() && wanted.holder != parts.name)
      needed.holder = data_peer{wanted.holder, "", wanted.public_key};
    all.push_back(std::move(needed));
  }
  return all;
}

hop_report report_of(std::uint64_t number, const hosted_hop& hop, hop_output& made) {
  hop_report report{.hop = number, .text = std::move(made.output.text)};
  if (made.output.to)
    report.to = std::move(*made.output.to);
  report.counts = made.counts;
  report.finish = made.finish;
  report.wire_bytes = hop.wire_bytes;
  report.fetch_ms = hop.fetch_ms;
  report.thought = std::move(made.thought);
  if (const auto context = context_in(made.output.context)) {
    report.context = context->history()->id();
    report.recipes = encode_with_ancestors({context->history()}, hop.known);
    report.context_bytes = context->size();
    report.described = made.output.context.meta;
  } else if (made.output.context.body && hop.hands_on) {
    report.outcome = hop_outcome::failed;
    report.error_code = name_of(error_code::agent_failed);
    report.error = "the agent hands on a context that no device of its node made, which can't go to another node";
  }
  return report;
}

void begin_on(node_session& at, std::map<std::string, hosted_entry> models, const context_exchange& exchange) {
  at.models = std::move(models);
  at.told.clear();
  for (const auto& [name, entry] : at.models)
    if (std::none_of(at.told.begin(), at.told.end(), [&](const auto& one) { return one.device == entry.device; }))
      at.told.push_back({entry.device, entry.device->log().totals().counters, entry.device->log().next()});
  at.links_before = exchange.traffic();
}

node_heartbeat heartbeat_of(node_session& at, const context_exchange& exchange) {
  node_heartbeat heartbeat;
  for (auto& [device, before, next] : at.told) {
    const auto totals = device->log().totals();
    device_activity activity{totals.device, totals.counters.since(before), totals.blocks_used_most,
                             totals.blocks_shared_most};
    if (at.traced)
      for (const auto& event : device->log().take_since(next))
        add_event(activity, event);
    heartbeat.devices.push_back(std::move(activity));
  }
  for (const auto& [peer, traffic] : exchange.traffic()) {
    const auto& before = at.links_before[peer];
    if (traffic.contexts_sent > before.contexts_sent)
      heartbeat.links.push_back({peer, traffic.contexts_sent - before.contexts_sent,
                                 traffic.bytes_sent - before.bytes_sent,
                                 traffic.whole_bytes_sent - before.whole_bytes_sent});
  }
  return heartbeat;
}

} // namespace avp
