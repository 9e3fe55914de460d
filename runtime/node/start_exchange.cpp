// Tickets, and what becomes of them.
#include "runtime/node/start_exchange.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "gpu/device_error.hpp"
#include "gpu/thrown.hpp"
#include "runtime/node/arrived_slice.hpp"
#include "runtime/node/data_links.hpp"
#include "runtime/node/exchange_host.hpp"
#include "transport/random_id.hpp"

namespace avp {

namespace {

using clock = std::chrono::steady_clock;
using transfer_promise = caf::typed_response_promise<transfer_outcome>;

/// A context on its way to a peer.
struct open_dispatch {
  std::string to;
  std::uint64_t whole_bytes = 0;
  transfer_promise answer;
};

/// Somebody who waits for a context.
struct open_wish {
  ticket_taker asker;
  std::uint64_t number = 0;
  transfer_promise answer;
};

/// A context that is wanted, by whoever asked for it, until it is here.
struct open_ticket {
  wanted_context what;
  std::vector<open_wish> waiting;
  clock::time_point since;
  bool is_reading = false; ///< It came, and the device has it.
};

struct exchange_state {
  std::shared_ptr<exchange_shared> shared;
  std::unique_ptr<data_links> links;
  std::map<std::string, open_ticket> tickets;
  std::map<std::uint64_t, open_dispatch> dispatches;
  std::uint64_t next_dispatch = 1;
  bool closing = false;
  static inline const char* name = "context-exchange";
};

using exchange_pointer = exchange_host::stateful_pointer<exchange_state>;

error closed() { return {errc::closed, "The exchange of contexts was closed."}; }

void end_ticket(exchange_state& state, const std::string& ticket, const expected<moved_context>& outcome) {
  auto ended = state.tickets.extract(ticket);
  if (ended.empty())
    return;
  for (auto& waiting : ended.mapped().waiting)
    waiting.answer.deliver(transfer_outcome{outcome});
}

// What comes for it from now on is turned away before all of it is here.
void give_up(exchange_state& state, const std::string& ticket, const error& why) {
  state.shared->unwanted.add(ticket);
  end_ticket(state, ticket, tl::unexpected(why));
}

template <class Which>
void fail_tickets(exchange_state& state, const error& why, Which which) {
  std::vector<std::string> failed;
  for (const auto& [ticket, open] : state.tickets)
    if (which(open))
      failed.push_back(ticket);
  for (const auto& ticket : failed)
    end_ticket(state, ticket, tl::unexpected(why));
}

caf::result<transfer_outcome> send_out(exchange_pointer self, context_dispatch& order) {
  auto& state = self->state;
  if (state.closing)
    return transfer_outcome{tl::unexpected(closed())};
  auto slice = slice_to_send(state.shared->contexts, order.id, order.prefix, order.ticket);
  if (!slice)
    return transfer_outcome{tl::unexpected(slice.error())};
  const auto number = state.next_dispatch++;
  transfer_promise answer = self->make_response_promise<transfer_outcome>();
  state.dispatches[number] = {order.to.name, whole_bytes_of(*slice), answer};
  state.links->send(order.to, std::move(*slice), [home = exchange_host(self), number](expected<send_receipt> receipt) {
    caf::anon_send(home, delivery_report{number, std::move(receipt)});
  });
  return answer;
}

void tell_sender(exchange_state& state, const delivery_report& report) {
  auto ended = state.dispatches.extract(report.dispatch);
  if (ended.empty())
    return;
  auto& [to, whole_bytes, answer] = ended.mapped();
  if (!report.receipt) {
    answer.deliver(transfer_outcome{tl::unexpected(report.receipt.error())});
    return;
  }
  state.shared->traffic.count_sent(to, report.receipt->wire_bytes, whole_bytes);
  answer.deliver(transfer_outcome{moved_context{{}, report.receipt->wire_bytes, whole_bytes}});
}

caf::result<transfer_outcome> await(exchange_pointer self, context_wish& wish) {
  auto& state = self->state;
  if (state.closing)
    return transfer_outcome{tl::unexpected(closed())};
  if (!wish.what.history || !wish.what.device)
    return transfer_outcome{
        fail(errc::invalid_argument, "A context can be wanted only with its recipe and for a device.")};
  transfer_promise answer = self->make_response_promise<transfer_outcome>();
  for (auto& [ticket, open] : state.tickets)
    if (open.what.device == wish.what.device && open.what.model == wish.what.model &&
        open.what.history->id() == wish.what.history->id()) {
      open.waiting.push_back({wish.asker, wish.number, answer});
      return answer;
    }
  const auto ticket = random_id();
  self->delayed_send(self, wish.what.patience, overdue_atom::value, ticket);
  state.tickets[ticket] = {std::move(wish.what), {{wish.asker, wish.number, answer}}, clock::now()};
  if (wish.asker)
    caf::anon_send(wish.asker, ticket_opened{wish.number, ticket});
  return answer;
}

void refuse(exchange_state& state, const received_payload& came, const std::string& peer, const std::string& why) {
  if (state.shared->traffic.count_refused(peer))
    spdlog::warn("Node {} ({}) sent a context that is not taken; further ones are only counted. {}", peer,
                 came.from.public_key.empty() ? "on a plain link" : came.from.public_key, why);
}

// Reads what came onto the device. The ticket stays until that is done, so that a second payload for it is refused.
void adopt_on_device(exchange_pointer self, const std::string& ticket, const received_payload& came) {
  auto& open = self->state.tickets.at(ticket);
  open.is_reading = true;
  adopt work;
  work.id = next_request_id();
  work.task = open.what.task;
  work.label = open.what.label;
  work.model = open.what.model;
  work.history = open.what.history;
  work.base = open.what.base;
  work.slice = came.content;
  const auto whole = whole_bytes_of(came.content), wire = came.wire_bytes;
  self->request(open.what.device, caf::infinite, std::move(work))
      .then(
          [=](const result& answer) {
            if (auto found = self->state.tickets.find(ticket); found != self->state.tickets.end())
              self->state.shared->traffic.count_received(found->second.what.from.name, wire, whole);
            end_ticket(self->state, ticket, moved_context{answer.context, wire, whole});
          },
          [=](const caf::error& why) {
            end_ticket(self->state, ticket,
                       fail(errc::rejected, "The device did not take a context that came: " + text_of(why)));
          });
}

// A peer that was given no ticket can end nobody's transfer.
void take_in(exchange_pointer self, const received_payload& came) {
  auto& state = self->state;
  const auto ticket = ticket_of(came.content.meta);
  const auto found = state.tickets.find(ticket);
  if (found == state.tickets.end() || found->second.is_reading)
    return refuse(state, came, came.from.name, "Nobody waits for it.");
  const auto& wanted = found->second.what;
  if (state.shared->options.keys && came.from.public_key != wanted.from.public_key)
    return refuse(state, came, came.from.name, fmt::format("It was expected from node {}.", wanted.from.name));
  if (const auto fits = check_arrived(came.content, wanted, state.shared->options.largest_context); !fits) {
    refuse(state, came, wanted.from.name, fits.error().message);
    return end_ticket(state, ticket, tl::unexpected(fits.error()));
  }
  adopt_on_device(self, ticket, came);
}

void forget_peer(exchange_state& state, const gone_peer& gone) {
  if (!gone.is_link)
    state.links->close(gone.name);
  const auto silent_since = clock::now() - state.shared->options.peer_timeout;
  fail_tickets(state, gone.why, [&](const open_ticket& open) {
    const bool is_it =
        gone.public_key.empty() ? open.what.from.name == gone.name : open.what.from.public_key == gone.public_key;
    return is_it && !open.is_reading && (!gone.is_link || open.since < silent_since);
  });
}

void fail_overdue(exchange_state& state, const std::string& ticket) {
  const auto found = state.tickets.find(ticket);
  if (found == state.tickets.end() || found->second.is_reading)
    return;
  const auto& what = found->second.what;
  give_up(state, ticket,
          {errc::timed_out,
           fmt::format("Node {} did not send a context within {} ms.", what.from.name, what.patience.count())});
}

// One that the device is reading is kept by nobody when it is there.
void forget_wish(exchange_state& state, const wish_given_up& gone) {
  const error why{errc::closed, "The context is not wanted any more."};
  for (auto& [ticket, open] : state.tickets) {
    const auto wish = std::ranges::find_if(
        open.waiting, [&](const auto& one) { return one.asker == gone.asker && one.number == gone.number; });
    if (wish == open.waiting.end())
      continue;
    wish->answer.deliver(transfer_outcome{tl::unexpected(why)});
    open.waiting.erase(wish);
    if (open.waiting.empty() && !open.is_reading)
      give_up(state, std::string(ticket), why);
    return;
  }
}

// Links tell what became of their payloads while they are closed, so that stands in the mailbox before `quit`.
void close_exchange(exchange_pointer self) {
  self->state.closing = true;
  self->state.links->close_all();
  fail_tickets(self->state, closed(), [](const open_ticket&) { return true; });
  self->send(self, quit_atom::value);
}

exchange_host::behavior_type exchange_behavior(exchange_pointer self, const std::shared_ptr<exchange_shared>& shared) {
  end_by_what_is_thrown(self);
  self->state.shared = shared;
  self->state.links = std::make_unique<data_links>(shared->options);
  return {
      [=](context_dispatch& order) { return send_out(self, order); },
      [=](context_wish& wish) { return await(self, wish); },
      [=](const ticket_given_up& given_up) { end_ticket(self->state, given_up.ticket, tl::unexpected(given_up.why)); },
      [=](const wish_given_up& gone) { forget_wish(self->state, gone); },
      [=](const received_payload& came) { take_in(self, came); },
      [=](const gone_peer& gone) { forget_peer(self->state, gone); },
      [=](close_atom) { close_exchange(self); },
      [=](const delivery_report& report) { tell_sender(self->state, report); },
      [=](overdue_atom, const std::string& ticket) { fail_overdue(self->state, ticket); },
      [=](quit_atom) { self->quit(); },
  };
}

} // namespace

exchange_actor start_exchange(caf::actor_system& system, std::shared_ptr<exchange_shared> shared) {
  return system.spawn<caf::detached>(exchange_behavior, std::move(shared));
}

} // namespace avp
