// The data plane of a node: contexts that go to other nodes and come from them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <caf/actor_system.hpp>

#include <avp/gpu/device_actor.hpp>
#include <avp/runtime/node/kept_contexts.hpp>
#include <avp/runtime/node/link_traffic.hpp>
#include <avp/transport/error.hpp>
#include <avp/transport/link/curve_keys.hpp>
#include <avp/transport/message.hpp>

namespace avp {

/// The exchange of another node, as the pipeline file or an order names it.
struct data_peer {
  std::string name;       ///< Of the node; its exchange calls itself so.
  std::string endpoint;   ///< Where its exchange receives, such as "tcp://10.0.0.2:5555". Not needed to expect from it.
  std::string public_key; ///< Its CURVE key; empty on a link without CURVE.
  compression level = compression::none; ///< Of what is sent to it.
};

/// How an exchange behaves.
struct exchange_options {
  std::string name;     ///< Of this node; at most 255 bytes of UTF-8.
  std::string endpoint; ///< Where to receive: "tcp://10.0.0.2:5555", "tcp://127.0.0.1:*", "ipc:///run/avp.sock".
  std::optional<key_pair> keys;           ///< CURVE on all links; plain links where it is not given.
  std::vector<std::string> accepted_keys; ///< Public keys of the nodes that may send.
  /// The largest context that may come, in bytes of its KV-cache; a connection that announces more is closed.
  std::uint64_t largest_context = std::uint64_t{2} << 30;
  std::chrono::milliseconds heartbeat{500};     ///< How often links say that they live.
  std::chrono::milliseconds peer_timeout{5000}; ///< Silence after which a peer counts as lost.
};

/// A context that another node holds and this one wants on one of its devices.
struct wanted_context {
  data_peer from;
  std::shared_ptr<const recipe> history;
  payload base; ///< A context of the device with which the wanted one begins; without a body the whole is wanted.
  device_actor device;
  std::string model;      ///< Of the device.
  std::uint64_t task = 0; ///< As in request: of which task it is when memory is short.
  std::string label;      ///< As in request: for the trace.
  /// The error peer_lost or timed_out comes at the latest then, counted from expect(). The time that the device takes
  /// to read the context is not in it.
  std::chrono::milliseconds patience{30000};
};

/// A context that came, and what it took.
struct moved_context {
  payload context;               ///< Of the device; its recipe is the wanted one. Empty where this side sent it.
  std::uint64_t wire_bytes = 0;  ///< Of its AVP messages on the socket.
  std::uint64_t whole_bytes = 0; ///< What the context from its first position on would have been, uncompressed.
};

/// Sends contexts of this node to others and takes theirs, only the positions that the receiver does not have. How a
/// context gets from the holder H to the receiver R:
///
/// 1. R: `expect(wanted, ask, done)`, with the longest prefix that it keeps as `wanted.base`.
/// 2. `ask(ticket)` is called: R asks H over the control plane to send the context `wanted.history->id()` to R's
///    endpoint and key, with this ticket and the id of the base's recipe ("" without one).
/// 3. H: `send(R, ticket, id, prefix, sent)`. An error there (H does not have it, its device took the memory back, the
///    link is lost) has to go back over the control plane; R then calls `give_up(ticket, why)`.
/// 4. R: the payload comes, is compared with what was wanted, and read onto the device; `done` hears once.
///
/// A ticket is drawn for one transfer by a process that lives, so nothing that was sent to an earlier incarnation of a
/// node is taken. What does not fit is refused, logged once per peer, and fails the transfer at once.
///
/// All calls return at once and may come from any thread. All handlers are called on the exchange's own thread, and
/// must not block. The actor system has to outlive the exchange.
class context_exchange {
public:
  using sent_handler = std::function<void(expected<moved_context>)>;
  using ask_handler = std::function<void(const std::string& ticket)>;
  using came_handler = std::function<void(expected<moved_context>)>;

  /// Binds and starts. Fails with invalid_argument for a key that is none, with io_failed when the endpoint can't be
  /// bound.
  [[nodiscard]] static expected<std::unique_ptr<context_exchange>> start(caf::actor_system& system,
                                                                         exchange_options options);

  /// Stops; all that is under way fails with closed before this returns. Must not be called by a handler.
  ~context_exchange();
  context_exchange(const context_exchange&) = delete;
  context_exchange& operator=(const context_exchange&) = delete;

  /// Where it receives, with the port that the system chose.
  [[nodiscard]] const std::string& endpoint() const;

  /// The contexts that it sends from. Whoever hands on a context of this node keeps it here. Those that have been
  /// released are gone: a node gets only what is new of a context if it still keeps the one before, so node zero holds
  /// on to the contexts of a task's earlier hops until the later ones are done.
  [[nodiscard]] kept_contexts& contexts();

  /// Sends the positions of a kept context that follow those of `prefix`, the id of a context with which it begins
  /// (leading_parent in gpu/recipe.hpp, any number of times); all positions where it is empty. `done` hears when the
  /// peer has it: invalid_argument where no such context is kept or the prefix is none of it, rejected where the device
  /// took its memory back or the peer refused it, peer_lost, unauthorized, closed.
  void send(data_peer to, std::string ticket, std::string id, std::string prefix, sent_handler done);

  /// Waits for a context and reads it onto the device. `ask` is called with a ticket when the holder is to be asked; it
  /// is not where the same context is on its way to the same device and model already, and `done` hears with that one.
  /// `done` fails with timed_out, peer_lost, rejected (what came is not what was wanted, or the device refused it),
  /// closed, or with what give_up() says. A wish that no device could grant (no recipe, no device) is invalid_argument.
  void expect(wanted_context what, ask_handler ask, came_handler done);

  /// Ends the wait for a ticket with an error; ignored where it is over.
  void give_up(std::string ticket, error why);

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
