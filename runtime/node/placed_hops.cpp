// Hops of node zero on other nodes: placed, done again where a node is lost, answered.
#include "runtime/node/placed_hops.hpp"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

#include <spdlog/spdlog.h>

#include "agents/cancellation.hpp"
#include "gpu/thrown.hpp"
#include "runtime/node/offered_context.hpp"
#include "runtime/node/recipe_bundle.hpp"
#include "runtime/node/remote_context.hpp"
#include "runtime/text/words.hpp"

namespace avp {

namespace {

// A hop whose node is lost so often is taken for the reason.
constexpr int most_retries = 10;

failure was_cancelled() { return {error_code::cancelled, "the task was cancelled"}; }

} // namespace

void placed_hops::place(std::shared_ptr<const placed_agent> agent, hop_input input, placed_hop::answer tell) {
  const auto id = next_++;
  auto& hop = hops_[id];
  hop.agent = std::move(agent);
  hop.input = std::move(input);
  hop.tell = std::move(tell);
  hop.arrived = hop.waits_since = clock::now();
  if (const auto& task = hop.input.cancelled; task && !task->is_cancelled()) {
    hop.in_task = next_request_id();
    task->add(hop.in_task, [tell = how_.cancelled, id] { tell(id); });
  }
  begin(id);
}

void placed_hops::cancel(std::uint64_t id) {
  const auto found = hops_.find(id);
  if (found == hops_.end())
    return; // it is over
  if (found->second.node.empty())
    return fail(id, was_cancelled());
  how_.port->send(*how_.nodes->find(found->second.node), cancel_hop{id});
}

// The node with the fewest hops under way; among equals one that holds what the hop continues on.
cluster_node* placed_hops::choose(const placed_hop& hop) {
  cluster_node* best = nullptr;
  std::pair<std::size_t, std::int64_t> least;
  for (const auto& name : hop.agent->spec.nodes) {
    auto* node = how_.nodes->find(name);
    if (node == nullptr || node->stage != node_stage::ready)
      continue;
    std::int64_t held = 0;
    for (const auto& context : hop.input.contexts)
      if (const auto* remote = remote_in(context); remote != nullptr && how_.nodes->holding(remote->holder()) == node)
        held += remote->tokens();
    const std::pair load(node->hops, -held);
    if (best == nullptr || load < least) {
      best = node;
      least = load;
    }
  }
  return best;
}

void placed_hops::begin(std::uint64_t id) {
  auto& hop = hops_.at(id);
  if (hop.input.cancelled && hop.input.cancelled->is_cancelled())
    return fail(id, was_cancelled());
  auto* node = choose(hop);
  if (node == nullptr)
    return;
  try {
    order(id, hop, *node);
  } catch (const std::exception& error) {
    fail(id, {error_code::agent_failed, error.what()}); // what it hands on can't travel
  }
}

void placed_hops::order(std::uint64_t id, placed_hop& hop, cluster_node& node) {
  const auto& agent = *hop.agent;
  auto made = order_of(hop.input, id, agent.number);
  hop.inputs.clear();
  std::vector<std::shared_ptr<const recipe>> histories;
  for (const auto& context : hop.input.contexts) {
    made.contexts.push_back(order_of_context(context, hop));
    histories.push_back(context_in(context)->history());
  }
  made.recipes = encode_with_ancestors(histories);
  if (node.told.insert(agent.number).second)
    how_.port->send(node, agent_order{agent.number, agent.spec});
  hop.node = node.entry.name;
  hop.session = node.session;
  hop.words_come = 0;
  ++node.hops;
  how_.port->send(node, std::move(made));
}

context_order placed_hops::order_of_context(const payload& context, placed_hop& hop) {
  if (!context.body)
    throw std::runtime_error("it was handed a context without a body");
  const auto here = context_in(context);
  if (!here)
    throw std::runtime_error("it continues on a context that came as bytes, and only those that a device made can go "
                             "to another node");
  const auto id = here->history()->id();
  hop.inputs.push_back(context.body);
  if (const auto* remote = remote_in(context)) {
    const auto* holder = how_.nodes->holding(remote->holder());
    return holder == nullptr ? context_order{id, "", ""} : context_order{id, holder->entry.name, holder->public_key};
  }
  hop.inputs.push_back(std::make_shared<offered_context>(how_.kept, context, id));
  return {id, local_node, how_.public_key};
}

void placed_hops::begin_waiting() {
  std::vector<std::uint64_t> waiting;
  for (const auto& [id, hop] : hops_)
    if (hop.node.empty())
      waiting.push_back(id);
  for (const auto id : waiting)
    begin(id);
}

void placed_hops::lose(const std::string& node, std::uint64_t session) {
  std::vector<std::uint64_t> lost;
  for (const auto& [id, hop] : hops_)
    if (hop.node == node && hop.session == session)
      lost.push_back(id);
  for (const auto id : lost) {
    auto& hop = hops_.at(id);
    hop.node.clear();
    hop.waits_since = clock::now();
    how_.counters->count_retried(node);
    if (++hop.retries > most_retries)
      fail(id, {error_code::node_lost,
                "its node was lost " + std::to_string(hop.retries) + " times while it had this task"});
    else
      begin(id);
  }
}

void placed_hops::give_up_waiting(clock::time_point now) {
  std::vector<std::uint64_t> too_long;
  for (const auto& [id, hop] : hops_)
    if (hop.node.empty() && now - hop.waits_since > how_.wait)
      too_long.push_back(id);
  for (const auto id : too_long) {
    std::string problems;
    for (const auto& name : hops_.at(id).agent->spec.nodes)
      problems += (problems.empty() ? "" : "; ") + name + ": " + how_.nodes->find(name)->problem;
    fail(id, {error_code::node_lost, "none of its nodes (" + listed(hops_.at(id).agent->spec.nodes) +
                                         ") was there within node_wait: " + problems});
  }
}

placed_hop placed_hops::close(std::uint64_t id) {
  auto hop = std::move(hops_.extract(id).mapped());
  if (hop.input.cancelled)
    hop.input.cancelled->forget(hop.in_task);
  return hop;
}

void placed_hops::fail(std::uint64_t id, const failure& why) { close(id).tell(tl::unexpected(why)); }

void placed_hops::take(const cluster_node& from, const words_report& words) {
  const auto found = hops_.find(words.hop);
  if (found == hops_.end() || found->second.node != from.entry.name || found->second.session != from.session)
    return;
  auto& hop = found->second;
  const auto begin = hop.words_come;
  hop.words_come += words.text.size();
  if (!hop.input.on_text || hop.words_come <= hop.words_told) // of a hop that is done again: told already
    return;
  try {
    hop.input.on_text(std::string_view(words.text).substr(std::max(begin, hop.words_told) - begin));
  } catch (...) {
    spdlog::warn("who hears the words of '{}' threw ({}) and gets no more of them", hop.input.task->id,
                 text_of(std::current_exception()));
    hop.input.on_text = {};
  }
  hop.words_told = hop.words_come;
}

void placed_hops::take(cluster_node& from, hop_report& report) {
  const auto found = hops_.find(report.hop);
  if (found == hops_.end() || found->second.node != from.entry.name || found->second.session != from.session)
    return; // of an earlier session
  --from.hops;
  if (report.outcome == hop_outcome::refused) {
    from.stage = node_stage::leaving;
    found->second.node.clear();
    found->second.waits_since = clock::now();
    return begin(report.hop);
  }
  if (report.outcome == hop_outcome::failed)
    return fail(report.hop, {value_named<error_code>(report.error_code).value_or(error_code::internal), report.error});
  finish(close(report.hop), from, report);
}

void placed_hops::finish(placed_hop hop, const cluster_node& node, hop_report& report) {
  hop_output made;
  try {
    made.output.context = context_of(hop, node, report);
  } catch (const std::exception& error) {
    how_.port->send(node, drop_context{report.hop});
    hop.tell(
        tl::unexpected(failure{error_code::transfer_failed,
                               "node '" + node.entry.name + "' sent a context that can't be used: " + error.what()}));
    return;
  }
  how_.counters->count_hop(node.entry.name);
  made.output.text = std::move(report.text);
  if (report.to)
    made.output.to = std::move(*report.to);
  made.counts = report.counts;
  made.finish = report.finish;
  made.ms = std::chrono::duration<double, std::milli>(clock::now() - hop.arrived).count();
  made.node = node.entry.name;
  made.retries = hop.retries;
  made.wire_bytes = std::move(report.wire_bytes);
  made.fetch_ms = report.fetch_ms;
  made.thought = std::move(report.thought);
  hop.tell(std::move(made));
}

payload placed_hops::context_of(const placed_hop& hop, const cluster_node& node, const hop_report& report) const {
  if (report.context.empty())
    return {};
  recipe_map known;
  for (const auto& context : hop.input.contexts)
    add_with_ancestors(context_in(context)->history(), known);
  decode_into(report.recipes, known);
  const auto history = known.find(report.context);
  if (history == known.end())
    throw std::runtime_error("its recipe is missing");
  context_holder holder;
  if (hop.input.hands_on)
    holder = {node.entry.name, node.session, report.hop};
  auto body = std::make_shared<const remote_context>(
      holder, context_facts{history->second, report.context_bytes, report.described}, hop.inputs, how_.dropped);
  return {report.described, std::move(body)};
}

} // namespace avp
