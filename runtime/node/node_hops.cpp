// Hops of a node: their contexts brought here, done, reported.
#include <utility>

#include <caf/send.hpp>

#include <avp/gpu/device_error.hpp>
#include <avp/runtime/node/node_state.hpp>

namespace avp {

// Node zero knows where everybody is.
void node_state::ask_holder(const caf::actor& zero, const send_order& order,
                            const std::function<void(const std::string&)>& failed) {
  auto complete = order;
  complete.to = parts_.name;
  self_->request(zero, parts_.patience, std::move(complete))
      .then(
          [failed](const send_report& report) {
            if (!report.error.empty())
              failed(report.error);
          },
          [failed](const caf::error& error) { failed("no answer to the request to send it: " + text_of(error)); });
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
                  agent == at->agents.end() ? "the node was not told of the agent" : agent->second.problem);
  try {
    decode_into(order.recipes, hop.known);
    auto wishes = contexts_for(*at, order, hop.known, parts_);
    const auto target = target_of(*at, agent->second, order);
    at->gatherer->gather(std::move(wishes), target, [this, number = at->number, order](gathered_contexts contexts) {
      run(number, order, std::move(contexts));
    });
  } catch (const std::exception& error) {
    failed(at->number, order.hop, error.what());
  }
}

void node_state::run(std::uint64_t number, const hop_order& order, gathered_contexts contexts) {
  auto* at = session(number);
  if (at == nullptr)
    return;
  if (const auto model = at->models.find(at->agents.at(order.agent).spec.model); model != at->models.end())
    if (const auto fetch = fetch_record(target_of(*at, at->agents.at(order.agent), order), contexts))
      model->second.device->log().add(*fetch);
  if (!contexts.error.empty())
    return failed(number, order.hop, contexts.error);
  auto& hop = at->hops.at(order.hop);
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
  } catch (const std::exception& error) {
    return failed(number, order.hop, error.what());
  }
  input.contexts = std::move(contexts.contexts);
  if (order.wants_words)
    input.on_text = [zero = at->zero, id = order.hop](std::string_view text) {
      caf::anon_send(zero, words_report{id, std::string(text)});
    };
  self_->request(at->agents.at(order.agent).actor, caf::infinite, std::move(input))
      .then([this, number, id = order.hop](hop_output& made) { done(number, id, made); },
            [this, number, id = order.hop](const caf::error& error) {
              if (error != caf::sec::request_receiver_down) // its down message tells, also of hops that it had begun
                failed(number, id, text_of(error));
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

void node_state::failed(std::uint64_t number, std::uint64_t hop, const std::string& why) {
  const auto ended = close(number, hop);
  if (!ended)
    return;
  release(ended->kept);
  self_->send(session(number)->zero, hop_report{.hop = hop, .outcome = hop_outcome::failed, .error = why});
  quit_when_done();
}

void node_state::release(const std::vector<std::string>& ids) {
  for (const auto& id : ids)
    parts_.exchange->contexts().release(id);
}

void node_state::drop(std::uint64_t hop) {
  if (auto* at = session_of_sender())
    if (const auto held = at->held.extract(hop))
      release(held.mapped());
}

caf::result<send_report> node_state::send_context(send_order& order) {
  auto promise = self_->make_response_promise<send_report>();
  parts_.exchange->send(
      {order.to, order.endpoint, order.public_key, order.zstd ? compression::fast : compression::none}, order.ticket,
      order.id, order.prefix, [home = caf::actor(self_), promise](const expected<moved_context>& sent) {
        send_report report{sent ? "" : sent.error().message};
        caf::anon_send(home, deferred_work{[promise, report]() mutable { promise.deliver(report); }});
      });
  return promise;
}

} // namespace avp
