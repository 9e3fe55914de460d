// Brings the contexts of a hop onto a device of this process.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/event_based_actor.hpp>

#include <avp/gpu/device_actor.hpp>
#include <avp/gpu/device_observer.hpp>
#include <avp/runtime/node/context_exchange.hpp>
#include <avp/runtime/node/node_messages.hpp>

namespace avp {

/// To an actor, from another thread: something to be done on its own.
struct deferred_work {
  std::function<void()> work;
};

/// A context that a hop continues on.
struct needed_context {
  std::shared_ptr<const recipe> history;
  payload here;                    ///< Where it is on a device of this process already.
  std::optional<data_peer> holder; ///< Where another node holds it.
};

/// Where contexts are brought, and for whom.
struct gather_target {
  device_actor device;
  std::string model;
  std::uint64_t task = 0; ///< As in request.
  std::string label;      ///< As in request.
};

/// All contexts of a hop, in the order of the wishes.
struct gathered_contexts {
  std::vector<payload> contexts;
  std::vector<std::uint64_t> wire_bytes; ///< That came over a socket for each.
  std::string error;                     ///< Why one can't be had; empty when all are there.
  std::chrono::steady_clock::time_point begun;
  std::chrono::steady_clock::time_point ended; ///< When the last one was on the device; `begun` where all were there.

  [[nodiscard]] double milliseconds() const { return std::chrono::duration<double, std::milli>(ended - begun).count(); }
};

/// The getting of contexts as traces show it; nothing where all were there.
[[nodiscard]] std::optional<request_record> fetch_record(const gather_target& target, const gathered_contexts& came);

/// Used by one actor, on which everything is called and answers. Lives until all that it was asked for has come.
class context_gatherer : public std::enable_shared_from_this<context_gatherer> {
public:
  /// Asks a holder to send, by way of the control plane; `failed` is called when it can't.
  using asker = std::function<void(send_order order, std::function<void(const std::string&)> failed)>;

  /// `self` handles deferred_work by doing it.
  context_gatherer(caf::event_based_actor* self, context_exchange& exchange, std::chrono::milliseconds patience,
                   asker ask)
      : self_(self),
        exchange_(exchange),
        patience_(patience),
        ask_(std::move(ask)) {}

  /// Gets each context from where it is: this process, its holder, or, where the holder is gone or can't send, the
  /// device, which makes it by its recipe. `done` is called once, now or later.
  void gather(std::vector<needed_context> wishes, const gather_target& target,
              std::function<void(gathered_contexts)> done);

private:
  struct gathering;
  using one_done = std::function<void(payload, std::uint64_t)>;

  void fetch(const needed_context& wish, const gather_target& target, const one_done& done,
             const std::function<void(std::string)>& failed);
  void tell_of_failure(const std::string& holder, const std::string& why);
  void make(const needed_context& wish, const gather_target& target, const one_done& done,
            const std::function<void(std::string)>& failed);

  caf::event_based_actor* self_;
  context_exchange& exchange_;
  std::chrono::milliseconds patience_;
  asker ask_;
  std::set<std::string> told_; // holders
};

} // namespace avp

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::deferred_work)
