// Hops of node zero on other nodes: placed, done again where a node is lost, answered.
#include <algorithm>

#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include <avp/gpu/context.hpp>
#include <avp/runtime/node/cluster_state.hpp>
#include <avp/runtime/node/recipe_bundle.hpp>

namespace avp {

namespace {

// A hop whose node is lost so often is taken for the reason.
constexpr int most_retries = 10;

// A context of this process that other nodes may ask for, as long as the object lives.
class offered_context {
public:
  offered_context(std::shared_ptr<context_exchange> exchange, const payload& context, std::string id)
      : exchange_(std::move(exchange)),
        id_(std::move(id)) {
    exchange_->contexts().keep(context);
  }
  offered_context(const offered_context&) = delete;
  offered_context& operator=(const offered_context&) = delete;
  ~offered_context() { exchange_->contexts().release(id_); }

private:
  std::shared_ptr<context_exchange> exchange_;
  std::string id_;
};

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names)
    text += (text.empty() ? "" : ", ") + name;
  return text;
}

} // namespace

caf::result<hop_output> cluster_state::place(place_hop& asked) {
  const auto id = next_hop_++;
  auto& hop = hops_[id];
  hop.agent = asked.agent;
  hop.input = std::move(asked.input);
  hop.answer = self_->make_response_promise<hop_output>();
  hop.waits_since = clock::now();
  const auto answer = hop.answer;
  begin(id);
  return answer;
}

// The node with the fewest hops under way; among equals one that holds what the hop continues on.
cluster_node* cluster_state::choose(const placed_hop& hop) {
  cluster_node* best = nullptr;
  std::pair<std::size_t, std::int64_t> least;
  for (const auto& name : hop.agent->spec.nodes) {
    auto* node = find(name);
    if (node == nullptr || node->stage != node_stage::ready)
      continue;
    std::int64_t held = 0;
    for (const auto& context : hop.input.contexts)
      if (const auto* remote = remote_in(context); remote != nullptr && holder_of(remote->holder()) == node)
        held += remote->tokens();
    const std::pair load(node->hops, -held);
    if (best == nullptr || load < least) {
      best = node;
      least = load;
    }
  }
  return best;
}

void cluster_state::begin(std::uint64_t id) {
  auto& hop = hops_.at(id);
  auto* node = choose(hop);
  if (node == nullptr)
    return;
  try {
    order(id, hop, *node);
  } catch (const std::exception& error) {
    fail(id, error.what());
  }
}

void cluster_state::order(std::uint64_t id, placed_hop& hop, cluster_node& node) {
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
    self_->send(node.actor, order_of(agent.spec, agent.number));
  hop.node = node.entry.name;
  hop.session = node.session;
  hop.words_come = 0;
  ++node.hops;
  self_->send(node.actor, std::move(made));
}

context_order cluster_state::order_of_context(const payload& context, placed_hop& hop) {
  if (!context.body)
    throw std::runtime_error("it was handed a context without a body");
  const auto here = context_in(context);
  if (!here)
    throw std::runtime_error("it continues on a context that came as bytes, and only those that a device made can go "
                             "to another node");
  const auto id = here->history()->id();
  hop.inputs.push_back(context.body);
  if (const auto* remote = remote_in(context)) {
    const auto* holder = holder_of(remote->holder());
    return holder == nullptr ? context_order{id, "", ""} : context_order{id, holder->entry.name, holder->public_key};
  }
  hop.inputs.push_back(std::make_shared<offered_context>(parts_.exchange, context, id));
  return {id, local_node, parts_.greetings.begin()->second.public_key};
}

// The node that holds a context, if it still does.
cluster_node* cluster_state::holder_of(const context_holder& holder) {
  auto* node = find(holder.node);
  return node != nullptr && node->is_talking() && node->session == holder.session ? node : nullptr;
}

void cluster_state::begin_waiting() {
  std::vector<std::uint64_t> waiting;
  for (const auto& [id, hop] : hops_)
    if (hop.node.empty())
      waiting.push_back(id);
  for (const auto id : waiting)
    begin(id);
}

void cluster_state::redo(const std::string& node, std::uint64_t session) {
  std::vector<std::uint64_t> lost;
  for (const auto& [id, hop] : hops_)
    if (hop.node == node && hop.session == session)
      lost.push_back(id);
  for (const auto id : lost) {
    auto& hop = hops_.at(id);
    hop.node.clear();
    hop.waits_since = clock::now();
    parts_.board->count_retried(node);
    if (++hop.retries > most_retries)
      fail(id, "its node was lost " + std::to_string(hop.retries) + " times while it had this task");
    else
      begin(id);
  }
}

void cluster_state::give_up_waiting() {
  std::vector<std::uint64_t> too_long;
  for (const auto& [id, hop] : hops_)
    if (hop.node.empty() && clock::now() - hop.waits_since > parts_.wait)
      too_long.push_back(id);
  for (const auto id : too_long) {
    std::string problems;
    for (const auto& name : hops_.at(id).agent->spec.nodes)
      problems += (problems.empty() ? "" : "; ") + name + ": " + find(name)->problem;
    fail(id,
         "none of its nodes (" + listed(hops_.at(id).agent->spec.nodes) + ") was there within node_wait: " + problems);
  }
}

void cluster_state::fail(std::uint64_t id, const std::string& why) {
  auto hop = std::move(hops_.extract(id).mapped());
  hop.answer.deliver(caf::make_error(caf::sec::runtime_error, why));
}

void cluster_state::words(const words_report& words) {
  const auto* node = sender();
  const auto found = hops_.find(words.hop);
  if (node == nullptr || found == hops_.end() || found->second.session != node->session)
    return;
  auto& hop = found->second;
  const auto begin = hop.words_come;
  hop.words_come += words.text.size();
  if (!hop.input.on_text || hop.words_come <= hop.words_told) // of a hop that is done again: told already
    return;
  hop.input.on_text(std::string_view(words.text).substr(std::max(begin, hop.words_told) - begin));
  hop.words_told = hop.words_come;
}

void cluster_state::report(hop_report& report) {
  auto* node = sender();
  const auto found = hops_.find(report.hop);
  if (node == nullptr || found == hops_.end() || found->second.session != node->session)
    return; // of an earlier session
  --node->hops;
  if (report.outcome == hop_outcome::refused) {
    node->stage = node_stage::leaving;
    found->second.node.clear();
    found->second.waits_since = clock::now();
    return begin(report.hop);
  }
  if (report.outcome == hop_outcome::failed)
    return fail(report.hop, report.error);
  finish(report.hop, std::move(hops_.extract(found).mapped()), *node, report);
}

void cluster_state::finish(std::uint64_t id, placed_hop hop, const cluster_node& node, hop_report& report) {
  hop_output made;
  try {
    made.output.context = context_of(hop, node, report);
  } catch (const std::exception& error) {
    self_->send(node.actor, drop_context{id});
    hop.answer.deliver(caf::make_error(caf::sec::runtime_error, "node '" + node.entry.name + "' sent a context that " +
                                                                    "can't be used: " + error.what()));
    return;
  }
  parts_.board->count_hop(node.entry.name);
  made.output.text = std::move(report.text);
  if (report.to)
    made.output.to = std::move(*report.to);
  made.counts = report.counts;
  made.ms = std::chrono::duration<double, std::milli>(clock::now() - hop.arrived).count();
  made.node = node.entry.name;
  made.retries = hop.retries;
  made.wire_bytes = std::move(report.wire_bytes);
  made.fetch_ms = report.fetch_ms;
  hop.answer.deliver(std::move(made));
}

payload cluster_state::context_of(const placed_hop& hop, const cluster_node& node, const hop_report& report) {
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
  auto dropped = [home = caf::actor(self_)](const context_holder& gone) {
    caf::anon_send(home, context_dropped{gone});
  };
  auto body = std::make_shared<const remote_context>(
      holder, context_facts{history->second, report.context_bytes, report.described}, hop.inputs, std::move(dropped));
  return {report.described, std::move(body)};
}

void cluster_state::dropped(const context_dropped& gone) {
  if (auto* node = holder_of(gone.holder))
    self_->send(node->actor, drop_context{gone.holder.hop});
}

} // namespace avp
