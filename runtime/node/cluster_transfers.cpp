// Contexts between nodes: who asks, who sends. Node zero knows where everybody is.
#include <caf/send.hpp>

#include <avp/gpu/device_error.hpp>
#include <avp/runtime/node/cluster_state.hpp>

namespace avp {

void cluster_state::send_from_here(const cluster_node& to, const send_order& order,
                                   caf::typed_response_promise<send_report> answer) {
  const auto level = to.entry.zstd ? compression::fast : compression::none;
  parts_.exchange->send({to.entry.name, to.entry.data, to.public_key, level}, order.ticket, order.id, order.prefix,
                        [home = caf::actor(self_), answer](const expected<moved_context>& sent) {
                          send_report report{sent ? "" : sent.error().message};
                          caf::anon_send(home, deferred_work{[answer, report]() mutable { answer.deliver(report); }});
                        });
}

// Nodes ask each other by way of node zero, which knows where everybody is.
caf::result<send_report> cluster_state::pass_on(send_order& order) {
  auto* to = sender();
  auto answer = self_->make_response_promise<send_report>();
  if (to == nullptr)
    return send_report{"this process does not know who asks"};
  if (order.holder == local_node) {
    send_from_here(*to, order, answer);
    return answer;
  }
  auto* holder = find(order.holder);
  if (holder == nullptr || !holder->is_talking())
    return send_report{"node '" + order.holder + "', which held it, is lost"};
  order.endpoint = to->entry.data;
  order.public_key = to->public_key;
  order.zstd = to->entry.zstd || holder->entry.zstd;
  self_->request(holder->actor, parts_.timeout, order)
      .then([answer](const send_report& report) mutable { answer.deliver(report); },
            [answer](const caf::error& error) mutable { answer.deliver(send_report{text_of(error)}); });
  return answer;
}

void cluster_state::ask_holder(send_order order, const std::function<void(const std::string&)>& failed) {
  auto* holder = find(order.holder);
  if (holder == nullptr || !holder->is_talking())
    return failed("node '" + order.holder + "', which held it, is lost");
  order.to = local_node;
  order.endpoint = holder->own_data;
  order.public_key = parts_.greetings.at(order.holder).public_key;
  order.zstd = holder->entry.zstd;
  self_->request(holder->actor, parts_.timeout, order)
      .then(
          [failed](const send_report& report) {
            if (!report.error.empty())
              failed(report.error);
          },
          [failed](const caf::error& error) { failed(text_of(error)); });
}

caf::result<gathered_contexts> cluster_state::gather(const gather_here& asked) {
  std::vector<needed_context> wishes;
  for (const auto& context : asked.contexts) {
    const auto* remote = remote_in(context);
    if (remote == nullptr) {
      wishes.push_back({nullptr, context, {}});
      continue;
    }
    needed_context wish{remote->history(), parts_.exchange->contexts().find(remote->history()->id()), {}};
    if (const auto* holder = holder_of(remote->holder()))
      wish.holder = data_peer{holder->entry.name, holder->entry.data, holder->public_key};
    wishes.push_back(std::move(wish));
  }
  auto answer = self_->make_response_promise<gathered_contexts>();
  gatherer_->gather(std::move(wishes), asked.target,
                    [answer, target = asked.target, board = parts_.board](gathered_contexts came) mutable {
                      if (const auto fetch = fetch_record(target, came))
                        board->note(*fetch);
                      answer.deliver(std::move(came));
                    });
  return answer;
}

} // namespace avp
