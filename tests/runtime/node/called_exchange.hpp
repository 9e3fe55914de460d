// An exchange that is asked from outside of actors, and calls back.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "gpu/device_error.hpp"
#include "runtime/node/context_exchange.hpp"

namespace avp::test {

/// All handlers are called by actors.
class called_exchange {
public:
  using transfer_handler = std::function<void(expected<moved_context>)>;
  using ask_handler = std::function<void(const std::string& ticket)>;

  called_exchange(caf::actor_system& system, std::unique_ptr<context_exchange> exchange)
      : system_(system),
        exchange_(std::move(exchange)) {}

  /// Sends a kept context; `done` is called once.
  void send(data_peer to, std::string ticket, std::string id, std::string prefix, transfer_handler done) {
    ask(context_dispatch{std::move(to), std::move(ticket), std::move(id), std::move(prefix)}, std::move(done));
  }

  /// Waits for a context. `asked` (which may be none) is called when its holder is to be asked, `done` once. Gives by
  /// whom forget() knows it.
  ticket_taker expect(wanted_context wanted, ask_handler asked, transfer_handler done) {
    ticket_taker asker;
    if (asked)
      asker = system_.spawn([asked](ticket_taker::pointer) -> ticket_taker::behavior_type {
        return {[asked](const ticket_opened& opened) { asked(opened.ticket); }};
      });
    ask(context_wish{std::move(wanted), asker, 0}, std::move(done));
    return asker;
  }

  /// It is not wanted any more.
  void forget(const ticket_taker& asker) { caf::anon_send(exchange_->actor(), wish_given_up{asker, 0}); }

  void give_up(std::string ticket, error why) {
    caf::anon_send(exchange_->actor(), ticket_given_up{std::move(ticket), std::move(why)});
  }

  void lose(std::string peer, error why) { exchange_->lose(std::move(peer), std::move(why)); }
  [[nodiscard]] kept_contexts& contexts() const { return exchange_->contexts(); }
  [[nodiscard]] std::map<std::string, link_traffic> traffic() const { return exchange_->traffic(); }
  [[nodiscard]] const std::string& endpoint() const { return exchange_->endpoint(); }
  [[nodiscard]] context_exchange& real() const { return *exchange_; }

private:
  template <class Request>
  void ask(Request what, transfer_handler done) {
    system_.spawn(
        [to = exchange_->actor(), what = std::move(what), done = std::move(done)](caf::event_based_actor* self) {
          self->request(to, caf::infinite, what)
              .then([done](const transfer_outcome& outcome) { done(outcome.moved); },
                    [done](const caf::error& why) { done(fail(errc::closed, text_of(why))); });
        });
  }

  caf::actor_system& system_;
  std::unique_ptr<context_exchange> exchange_;
};

} // namespace avp::test
