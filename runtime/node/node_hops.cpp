// Hops of a node: their contexts brought here, done, reported.
#include <utility>

#include <caf/send.hpp>

#include "gpu/device_error.hpp"
#include "gpu/thrown.hpp"
#include "runtime/node/node_state.hpp"
#include "runtime/node/send_kept.hpp"

namespace avp {

// Node zero knows where everybody is.
caf::result<send_report> node_state::ask(const ask_holder& asked) {
  const auto* at = session(asked.session);
  if (at == nullptr)
    return send_report{"the run that it is for is over"};
  auto complete = asked.order;
  complete.to = parts_.name;
  auto answer = self_->make_response_promise<send_report>();
  self_->request(at->zero, parts_.patience, std::move(complete))
      .then([answer](send_report& report) mutable { answer.deliver(std::move(report)); },
            [answer](const caf::error& error) mutable {
              answer.deliver(send_report{"no answer to the request to send it: " + text_of(error)});
            });
  return answer;
}

void node_state::take_hop(const hop_order& order) {
  auto* at = session_of_sender();
  if (at == nullptr)
    return;
  if (leaving_) {
    self_->send(at->zero, hop_report{.hop = order.hop, .outcome = hop_outcome::refused});
    return;
  }
  auto& hop = at->hops[order.hop];
  hop.agent = order.agent;
  hop.hands_on = order.hands_on;
  const auto agent = at->agents.find(order.agent);
  if (agent == at->agents.end() || !agent->second.problem.empty())
    return failed(at->number, order.hop,
                  agent == at->agents.end() ? failure{error_code::internal, "the node was not told of the agent"}
                                            : failure{error_code::agent_failed, agent->second.problem});
  try {
    decode_into(order.recipes, hop.known);
    gather_contexts wanted{contexts_for(*at, order, hop.known, parts_), target_of(*at, agent->second, order)};
    wanted.target.cancelled = hop.cancelled;
    self_->request(at->gatherer, caf::infinite, std::move(wanted))
        .then([this, number = at->number, order](gathered_contexts& came) { run(number, order, std::move(came)); },
              [](const caf::error&) {}); // of a gatherer that died: its down message tells
  } catch (...) {
    failed(at->number, order.hop, failure_of(std::current_exception()));
  }
}

void node_state::run(std::uint64_t number, const hop_order& order, gathered_contexts contexts) {
  auto* at = session(number);
  if (at == nullptr)
    return;
  const auto found = at->hops.find(order.hop);
  if (found == at->hops.end())
    return;
  if (const auto model = at->models.find(at->agents.at(order.agent).spec.model); model != at->models.end())
    if (const auto fetch = fetch_record(target_of(*at, at->agents.at(order.agent), order), contexts))
      model->second.device->log().add(*fetch);
  if (contexts.why_not)
    return failed(number, order.hop, *contexts.why_not);
  const auto& agent = at->agents.at(order.agent);
  if (!agent.problem.empty()) // it died meanwhile and could not be started anew
    return failed(number, order.hop, {error_code::agent_failed, agent.problem});
  auto& hop = found->second;
  for (const auto& one : contexts.contexts)
    if (const auto here = context_in(one)) {
      parts_.exchange->contexts().keep(one);
      hop.kept.push_back(here->history()->id());
    }
  hop.wire_bytes = std::move(contexts.wire_bytes);
  hop.fetch_ms = contexts.milliseconds();
  hop_input input;
  try {
    input = input_of(order);
  } catch (...) {
    return failed(number, order.hop, failure_of(std::current_exception()));
  }
  input.contexts = std::move(contexts.contexts);
  input.cancelled = hop.cancelled;
  if (order.wants_words)
    input.on_text = [self = node_host(self_), zero = at->zero, id = order.hop](std::string_view text) {
      caf::send_as(self, zero,
                   words_report{id, std::string(text)}); // node zero knows by the sender whose words they are
    };
  hop.is_begun = true;
  self_->request(agent.actor, caf::infinite, std::move(input))
      .then([this, number, id = order.hop](hop_output& made) { done(number, id, made); },
            [this, number, id = order.hop](const caf::error& error) {
              if (error != caf::sec::request_receiver_down) // its down message tells, also of hops that it had begun
                failed(number, id, failure_of(error));
            });
}

// Whether that hop was still under way.
std::optional<hosted_hop> node_state::close(std::uint64_t number, std::uint64_t hop) {
  auto* at = session(number);
  auto found = at == nullptr ? decltype(node_session::hops)::node_type() : at->hops.extract(hop);
  return found ? std::optional(std::move(found.mapped())) : std::nullopt;
}

void node_state::done(std::uint64_t number, std::uint64_t hop, hop_output& made) {
  auto ended = close(number, hop);
  if (!ended)
    return;
  ++hops_done_;
  auto& at = *session(number);
  auto report = report_of(hop, *ended, made);
  if (!report.context.empty() && ended->hands_on) { // and what it continues on, so that less has to travel later
    parts_.exchange->contexts().keep(made.output.context);
    ended->kept.push_back(report.context);
    at.held[hop] = std::exchange(ended->kept, {});
  }
  release(ended->kept);
  self_->send(at.zero, std::move(report));
  quit_when_done();
}

void node_state::failed(std::uint64_t number, std::uint64_t hop, const failure& why) {
  const auto ended = close(number, hop);
  if (!ended)
    return;
  release(ended->kept);
  self_->send(session(number)->zero, hop_report{.hop = hop,
                                                .outcome = hop_outcome::failed,
                                                .error = why.text,
                                                .error_code = std::string(name_of(why.code))});
  quit_when_done();
}

void node_state::release(const std::vector<std::string>& ids) {
  for (const auto& id : ids)
    parts_.exchange->contexts().release(id);
}

void node_state::cancel(std::uint64_t hop) {
  auto* at = session_of_sender();
  if (at == nullptr)
    return;
  const auto found = at->hops.find(hop);
  if (found == at->hops.end())
    return; // it is over
  found->second.cancelled->cancel();
  if (!found->second.is_begun)
    failed(at->number, hop, {error_code::cancelled, "the task was cancelled"});
}

void node_state::drop(std::uint64_t hop) {
  if (auto* at = session_of_sender())
    if (const auto held = at->held.extract(hop))
      release(held.mapped());
}

caf::result<send_report> node_state::send_context(send_order& order) {
  const auto level = order.zstd ? compression::fast : compression::none;
  context_dispatch dispatch{{order.to, order.endpoint, order.public_key, level}, order.ticket, order.id, order.prefix};
  return send_kept(self_, parts_.exchange->actor(), std::move(dispatch));
}

} // namespace avp
