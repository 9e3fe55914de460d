// Brings the contexts of a hop onto a device of this process.
#include "runtime/node/context_gatherer.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <spdlog/spdlog.h>

#include "gpu/device_error.hpp"
#include "gpu/thrown.hpp"

namespace avp {

namespace {

using gatherer_host = context_gatherer::extend<caf::reacts_to<ticket_opened>>;

/// What the contexts of a hop come together in. Where it is let go before all came, the gatherer has ended: then it is
/// answered as CAF answers those that an actor had not begun, so that nobody keeps waiting for it.
struct gathered_hop {
  gathered_hop() = default;
  gathered_hop(const gathered_hop&) = delete;
  gathered_hop& operator=(const gathered_hop&) = delete;
  ~gathered_hop() {
    if (missing > 0)
      answer.deliver(caf::make_error(caf::sec::request_receiver_down));
  }

  gather_contexts asked;
  gathered_contexts result;
  std::size_t missing = 0;
  bool waits = false; ///< For one that is not here.
  caf::typed_response_promise<gathered_contexts> answer;

  void one_came() {
    if (--missing > 0)
      return;
    result.ended = waits ? std::chrono::steady_clock::now() : result.begun;
    answer.deliver(std::move(result));
  }

  void came(std::size_t place, payload context, std::uint64_t wire_bytes) {
    result.contexts[place] = std::move(context);
    result.wire_bytes[place] = wire_bytes;
    one_came();
  }

  void ended(request_id id) const {
    if (asked.target.cancelled)
      asked.target.cancelled->forget(id);
  }

  void failed(failure why) {
    result.why_not = std::move(why);
    one_came();
  }
};

using gathered_hop_pointer = std::shared_ptr<gathered_hop>;

struct gatherer_state {
  gatherer_parts parts;
  std::map<std::uint64_t, send_order> unasked; ///< Orders that wait for their tickets, by wish.
  std::uint64_t next_wish = 1;
  std::set<std::string> told; ///< Holders that the log has named.
  static inline const char* name = "context-gatherer";
};

using gatherer_pointer = gatherer_host::stateful_pointer<gatherer_state>;

void make_by_recipe(gatherer_pointer self, const gathered_hop_pointer& all, std::size_t place) {
  const auto& target = all->asked.target;
  if (target.cancelled && target.cancelled->is_cancelled())
    return all->failed({error_code::cancelled, "the task was cancelled"});
  if (!target.device)
    return all->failed(
        {error_code::bad_request, "the agent has no model, so it can't continue on a context of another node"});
  rebuild request;
  request.id = next_request_id();
  request.task = target.task;
  request.label = target.label;
  request.model = target.model;
  request.history = all->asked.wishes[place].history;
  const auto id = request.id;
  self->request(target.device, caf::infinite, std::move(request))
      .then(
          [all, place, id](result& made) {
            all->ended(id);
            all->came(place, std::move(made.context), 0);
          },
          [all, id](const caf::error& error) {
            all->ended(id);
            auto why = failure_of(error);
            if (why.code == error_code::context_mismatch) // of what another node made
              why.code = error_code::transfer_failed;
            all->failed({why.code, "a context that it continues on is gone and can't be made anew: " + why.text});
          });
  if (target.cancelled)
    target.cancelled->add(id, target.device);
}

// A link that does not work fails for every context.
void tell_of_failure(gatherer_state& state, const std::string& holder, const std::string& why) {
  if (state.told.insert(holder).second)
    spdlog::info("node '{}' did not send a context ({}); it is made anew by its recipe, as all others will be that do "
                 "not come from there",
                 holder, why);
}

wanted_context wanted_from(const gatherer_parts& parts, const needed_context& wish, const gather_target& target) {
  wanted_context wanted;
  wanted.from = *wish.holder;
  wanted.history = wish.history;
  wanted.base = parts.kept->longest_prefix(wish.history);
  wanted.device = target.device;
  wanted.model = target.model;
  wanted.task = target.task;
  wanted.label = target.label;
  wanted.patience = parts.patience;
  return wanted;
}

void fetch_from_holder(gatherer_pointer self, const gathered_hop_pointer& all, std::size_t place) {
  auto& state = self->state;
  const auto& wish = all->asked.wishes[place];
  auto wanted = wanted_from(state.parts, wish, all->asked.target);
  const auto base = context_in(wanted.base);
  const auto number = state.next_wish++;
  state.unasked[number] = {
      .holder = wish.holder->name, .id = wish.history->id(), .prefix = base ? base->history()->id() : ""};
  const auto id = next_request_id(); // by which the cancellation knows it
  const auto made_instead = [=](const std::string& why) {
    all->ended(id);
    self->state.unasked.erase(number);
    if (const auto& task = all->asked.target.cancelled; !task || !task->is_cancelled())
      tell_of_failure(self->state, all->asked.wishes[place].holder->name, why);
    make_by_recipe(self, all, place);
  };
  self->request(state.parts.exchange, caf::infinite, context_wish{std::move(wanted), gatherer_host(self), number})
      .then(
          [=](const transfer_outcome& outcome) {
            if (!outcome.moved)
              return made_instead(outcome.moved.error().message);
            all->ended(id);
            self->state.unasked.erase(number); // it came with another wish for the same
            all->came(place, outcome.moved->context, outcome.moved->wire_bytes);
          },
          [=](const caf::error& error) { made_instead(text_of(error)); });
  if (const auto& task = all->asked.target.cancelled)
    task->add(id, [exchange = state.parts.exchange, gone = wish_given_up{gatherer_host(self), number}] {
      caf::anon_send(exchange, gone);
    });
}

void ask_for(gatherer_pointer self, const ticket_opened& opened) {
  auto waiting = self->state.unasked.extract(opened.wish);
  if (waiting.empty())
    return;
  const auto& parts = self->state.parts;
  waiting.mapped().ticket = opened.ticket;
  const auto give_up = [exchange = parts.exchange, ticket = opened.ticket](const std::string& why) {
    caf::anon_send(exchange, ticket_given_up{ticket, {errc::rejected, why}});
  };
  self->request(parts.asker, caf::infinite, ask_holder{parts.session, std::move(waiting.mapped())})
      .then(
          [give_up](const send_report& report) {
            if (!report.error.empty())
              give_up(report.error);
          },
          [give_up](const caf::error& error) { give_up(text_of(error)); });
}

caf::result<gathered_contexts> gather_all(gatherer_pointer self, gather_contexts& asked) {
  const auto all = std::make_shared<gathered_hop>();
  all->asked = std::move(asked);
  const auto& wishes = all->asked.wishes;
  all->answer = self->make_response_promise<gathered_contexts>();
  const auto answer = all->answer;
  all->missing = wishes.size() + 1; // and this function
  all->waits = std::any_of(wishes.begin(), wishes.end(), [](const auto& wish) { return !wish.here.body; });
  all->result.begun = std::chrono::steady_clock::now();
  all->result.contexts.resize(wishes.size());
  all->result.wire_bytes.resize(wishes.size());
  for (std::size_t i = 0; i < wishes.size(); ++i)
    if (wishes[i].here.body)
      all->came(i, wishes[i].here, 0);
    else if (wishes[i].holder)
      fetch_from_holder(self, all, i);
    else
      make_by_recipe(self, all, i);
  all->one_came();
  return answer;
}

gatherer_host::behavior_type gatherer_behavior(gatherer_pointer self, const gatherer_parts& parts) {
  end_by_what_is_thrown(self);
  self->state.parts = parts;
  return {
      [=](gather_contexts& asked) { return gather_all(self, asked); },
      [=](const ticket_opened& opened) { ask_for(self, opened); },
  };
}

} // namespace

context_gatherer start_gatherer(caf::actor_system& system, gatherer_parts parts) {
  return system.spawn(gatherer_behavior, std::move(parts));
}

failure gatherer_died(const std::string& node, const std::string& agent, const failure& why) {
  return {why.code, "node '" + node + "' could not gather the contexts of agent '" + agent +
                        "': what gathers them died (" + why.text + "); it was started anew"};
}

} // namespace avp
