// The actor of node zero that talks to the other nodes: who hears of what.
#include "runtime/node/cluster_state.hpp"

#include <algorithm>
#include <utility>

#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include "gpu/device_error.hpp"
#include "runtime/node/send_kept.hpp"
#include "runtime/text/words.hpp"

namespace avp {

namespace {

std::chrono::milliseconds tick_of(const cluster_parts& parts) {
  return std::clamp(parts.timeout / 5, std::chrono::milliseconds(20), std::chrono::milliseconds(1000));
}

std::string own_key(const cluster_parts& parts) {
  return parts.greetings.empty() ? "" : parts.greetings.begin()->second.public_key;
}

} // namespace

cluster_state::cluster_state(cluster_host::pointer self, cluster_parts parts)
    : self_(self),
      parts_(std::move(parts)),
      port_(self),
      nodes_(std::move(parts_.nodes)),
      heartbeats_(nodes_, port_, *parts_.counters),
      hops_(ways_to_place()),
      connections_(self, ways_to_connect()),
      gatherer_(make_gatherer()) {
  self_->monitor(parts_.exchange->actor());
  self_->set_down_handler([this](const caf::down_msg& message) { down(message); });
  tick();
}

// Those who wait without a limit learn that it is over.
cluster_state::~cluster_state() {
  readiness_.fail("what holds the connections to the other nodes died");
  heartbeats_.stop();
  caf::anon_send_exit(gatherer_, caf::exit_reason::user_shutdown);
}

connecting cluster_state::ways_to_connect() {
  return {.nodes = &nodes_,
          .models = &models_,
          .greetings = parts_.greetings,
          .timeout = parts_.timeout,
          .ready =
              [this](cluster_node& node) {
                parts_.counters->set_ready(node.entry.name, true);
                ready();
              },
          .refused = [this](cluster_node& node) { refused(node); },
          .lost = [this](cluster_node& node, node_stage before) { lost(node, before); }};
}

placing cluster_state::ways_to_place() {
  return {.nodes = &nodes_,
          .port = &port_,
          .counters = parts_.counters.get(),
          .kept = parts_.exchange->kept(),
          .public_key = own_key(parts_),
          .wait = parts_.wait,
          .cancelled = [home = cluster_host(self_)](std::uint64_t hop) { caf::anon_send(home, hop_cancelled{hop}); },
          .dropped = [home = cluster_host(self_)](
                         const context_holder& gone) { caf::anon_send(home, context_dropped{gone}); }};
}

context_gatherer cluster_state::make_gatherer() {
  auto made = start_gatherer(
      self_->system(), {parts_.exchange->actor(), parts_.exchange->kept(), parts_.timeout, cluster_host(self_), 0});
  self_->monitor(made);
  return made;
}

void cluster_state::tick() {
  const auto now = clock::now();
  connections_.connect_lost(now);
  connections_.lose_silent(now);
  for (auto& [name, node] : nodes_.all())
    if (node.is_talking())
      heartbeats_.ping(node, now);
  parts_.counters->note_sent(parts_.exchange->traffic());
  readiness_.update(nodes_, models_, now);
  hops_.give_up_waiting(now);
  self_->delayed_send(self_, tick_of(parts_), tick_atom::value);
}

void cluster_state::down(const caf::down_msg& message) {
  if (parts_.exchange->actor() == message.source)
    self_->quit(message.reason);
  else if (gatherer_ == message.source)
    gatherer_down(failure_of(message.reason));
  else
    connections_.take(message);
}

void cluster_state::gatherer_down(const failure& why) {
  gatherer_ = make_gatherer();
  for (auto& [number, open] : std::exchange(gathering_, {}))
    open.answer.deliver(make_error(gatherer_died(local_node, open.agent, why)));
}

void cluster_state::ready() {
  readiness_.update(nodes_, models_, clock::now());
  hops_.begin_waiting();
}

void cluster_state::refused(const cluster_node& node) {
  if (!readiness_.is_awaited())
    spdlog::warn("node '{}' is back and can't go on: {}", node.entry.name, node.missing.front());
}

void cluster_state::lost(cluster_node& node, node_stage before) {
  const auto& name = node.entry.name;
  parts_.counters->end_session(name, before == node_stage::ready);
  parts_.exchange->lose(name, {errc::peer_lost, node.problem});
  if (before == node_stage::leaving)
    spdlog::info("node '{}' has left", name);
  else if (before == node_stage::ready)
    spdlog::warn("node '{}' is lost ({}); {} under way there begin anew", name, node.problem,
                 counted(node.hops, "hop"));
  node.hops = 0;
  hops_.lose(name, node.session);
  heartbeats_.lose(node);
}

void cluster_state::left(cluster_node& node) {
  if (!node.is_talking())
    return;
  spdlog::info("node '{}' leaves; {} under way there", node.entry.name, counted(node.hops, "hop"));
  node.stage = node_stage::leaving;
}

caf::result<nodes_ready> cluster_state::prepare(const prepare_nodes& asked) {
  for (const auto& model : asked.local)
    models_.add_local(model);
  connections_.check_models();
  auto answer = self_->make_response_promise<nodes_ready>();
  readiness_.wait([answer](nodes_ready outcome) mutable { answer.deliver(std::move(outcome)); },
                  clock::now() + parts_.timeout);
  readiness_.update(nodes_, models_, clock::now());
  return answer;
}

caf::result<counters_collected> cluster_state::collect() {
  parts_.counters->note_sent(parts_.exchange->traffic());
  auto answer = self_->make_response_promise<counters_collected>();
  heartbeats_.collect([answer]() mutable { answer.deliver(counters_collected{}); }, clock::now());
  return answer;
}

caf::result<hop_output> cluster_state::place(place_hop& asked) {
  auto answer = self_->make_response_promise<hop_output>();
  hops_.place(asked.agent, std::move(asked.input), [answer](tl::expected<hop_output, failure> made) mutable {
    if (made)
      answer.deliver(std::move(*made));
    else
      answer.deliver(make_error(made.error()));
  });
  return answer;
}

caf::result<gathered_contexts> cluster_state::gather(const gather_here& asked) {
  caf::typed_response_promise<gathered_contexts> answer = self_->make_response_promise<gathered_contexts>();
  const auto number = next_gathering_++;
  gathering_[number] = {asked.target.label, answer};
  gather_contexts wanted{located(asked.contexts, nodes_, parts_.exchange->contexts()), asked.target};
  self_->request(gatherer_, caf::infinite, std::move(wanted))
      .then(
          [this, number, target = asked.target](gathered_contexts& came) {
            if (const auto fetch = fetch_record(target, came))
              parts_.counters->note(*fetch);
            if (auto open = gathering_.extract(number))
              open.mapped().answer.deliver(std::move(came));
          },
          [](const caf::error&) {}); // of a gatherer that died: its down message tells
  return answer;
}

caf::result<send_report> cluster_state::pass_on(send_order& asked) {
  const auto* to = sender();
  if (to == nullptr)
    return send_report{"this process does not know who asks"};
  const auto routed = route_to(*to, std::move(asked), nodes_);
  if (!routed)
    return send_report{routed.error()};
  return routed->holder == nullptr ? send_from_here(*to, routed->order) : send_from(*routed->holder, routed->order);
}

caf::result<send_report> cluster_state::ask(const ask_holder& asked) {
  const auto routed = route_here(own_key(parts_), asked.order, nodes_);
  if (!routed)
    return send_report{routed.error()};
  return send_from(*routed->holder, routed->order);
}

caf::result<send_report> cluster_state::send_from_here(const cluster_node& to, const send_order& order) {
  const auto level = to.entry.zstd ? compression::fast : compression::none;
  context_dispatch dispatch{
      {to.entry.name, order.endpoint, order.public_key, level}, order.ticket, order.id, order.prefix};
  return send_kept(self_, parts_.exchange->actor(), std::move(dispatch));
}

caf::result<send_report> cluster_state::send_from(const cluster_node& holder, const send_order& order) {
  auto answer = self_->make_response_promise<send_report>();
  self_->request(holder.actor, parts_.timeout, order)
      .then([answer](send_report& report) mutable { answer.deliver(std::move(report)); },
            [answer](const caf::error& error) mutable { answer.deliver(send_report{text_of(error)}); });
  return answer;
}

cluster_host::behavior_type cluster_state::behavior() {
  return {
      [this](hop_report& report) {
        if (auto* node = sender())
          hops_.take(*node, report);
      },
      [this](const words_report& words) {
        if (const auto* node = sender())
          hops_.take(*node, words);
      },
      [this](const node_farewell&) {
        if (auto* node = sender())
          left(*node);
      },
      [this](const node_heartbeat& heartbeat) {
        if (auto* node = sender())
          heartbeats_.take(*node, heartbeat, clock::now());
      },
      [this](send_order& asked) { return pass_on(asked); },
      [this](const prepare_nodes& asked) { return prepare(asked); },
      [this](place_hop& asked) { return place(asked); },
      [this](const gather_here& asked) { return gather(asked); },
      [this](const collect_counters&) { return collect(); },
      [this](const context_dropped& gone) {
        if (const auto* node = nodes_.holding(gone.holder))
          port_.send(*node, drop_context{gone.holder.hop});
      },
      [this](tick_atom) { tick(); },
      [this](const node_reached& reached) { connections_.take(reached); },
      [this](const hop_cancelled& gone) { hops_.cancel(gone.hop); },
      [this](const ask_holder& asked) { return ask(asked); },
  };
}

} // namespace avp
