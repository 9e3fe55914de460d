// The data plane of a node: contexts that go to other nodes and come from them.
#pragma once

#include <map>
#include <memory>
#include <string>

#include <caf/actor_system.hpp>

#include "runtime/node/exchange_actor.hpp"
#include "runtime/node/exchange_options.hpp"
#include "runtime/node/kept_contexts.hpp"
#include "runtime/node/link_traffic.hpp"
#include "transport/error.hpp"

namespace avp {

/// Sends contexts of this node to others and takes theirs, only the positions that the receiver does not have. How a
/// context gets from the holder H to the receiver R:
///
/// 1. R sends its exchange a context_wish, with the longest prefix that it keeps as `base`.
/// 2. ticket_opened comes: R asks H over the control plane to send the context to R's endpoint and key, with this
/// ticket
///    and the id of the base's recipe ("" without one).
/// 3. H sends its exchange a context_dispatch. An error there (H does not have it, its device took the memory back, the
///    link is lost) has to go back over the control plane; R then tells its exchange ticket_given_up.
/// 4. R: the payload comes, is compared with what was wanted, and read onto the device; the wish is answered.
///
/// A ticket is drawn for one transfer by a process that lives, so nothing that was sent to an earlier incarnation of a
/// node is taken. What does not fit is refused, logged once per peer, and fails the transfer at once.
///
/// All calls return at once and may come from any thread. The actor system has to outlive the exchange.
class context_exchange {
public:
  /// Binds and starts. Fails with invalid_argument for a key that is none, with io_failed when the endpoint can't be
  /// bound.
  [[nodiscard]] static expected<std::unique_ptr<context_exchange>> start(caf::actor_system& system,
                                                                         exchange_options options);

  /// Stops; all that is under way fails with closed.
  ~context_exchange();
  context_exchange(const context_exchange&) = delete;
  context_exchange& operator=(const context_exchange&) = delete;

  /// Where it receives, with the port that the system chose.
  [[nodiscard]] const std::string& endpoint() const;

  /// What sends and waits for contexts. When it ends, none that it was asked for is told of any more.
  [[nodiscard]] const exchange_actor& actor() const;

  /// The contexts that it sends from. Whoever hands on a context of this node keeps it here. Those that have been
  /// released are gone: a node gets only what is new of a context if it still keeps the one before, so node zero holds
  /// on to the contexts of a task's earlier hops until the later ones are done.
  [[nodiscard]] kept_contexts& contexts() const { return *kept(); }

  /// The same, for who may outlive the exchange.
  [[nodiscard]] std::shared_ptr<kept_contexts> kept() const;

  /// Gives up everything that is wanted from a peer, and the link to it: the control plane knows that it is gone.
  void lose(std::string peer, error why);

  /// What went to and came from each peer so far, by its name.
  [[nodiscard]] std::map<std::string, link_traffic> traffic() const;

private:
  class core;
  explicit context_exchange(std::unique_ptr<core> running);

  std::unique_ptr<core> core_;
};

} // namespace avp
