// The sending end of a ZeroMQ link.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "transport/error.hpp"
#include "transport/link/sender_options.hpp"
#include "transport/payload.hpp"

namespace avp {

/// Sends payloads to one receiver, in order, each until the receiver has acknowledged it. Has a thread of its own; what
/// is called here only queues and never blocks.
class payload_sender {
public:
  /// Hears of the receiver: nothing when it answers (again), an error when it was lost or refuses our key. Called on
  /// the sender's thread; must not block.
  using peer_handler = std::function<void(const std::optional<error>&)>;

  /// Starts a sender. The receiver need not be there yet. Fails with invalid_argument for an endpoint or a key that is
  /// none, with io_failed when the system has no more sockets or threads.
  [[nodiscard]] static expected<std::unique_ptr<payload_sender>> connect(sender_options options,
                                                                         peer_handler on_peer = {});

  /// Stops at once; what is not acknowledged fails with closed.
  ~payload_sender();
  payload_sender(const payload_sender&) = delete;
  payload_sender& operator=(const payload_sender&) = delete;

  /// Sends a payload. Its body is read on the sender's thread, when the receiver has room for it, and kept until it is
  /// acknowledged. `done` hears once what became of it. Any thread.
  void send(payload content, send_handler done);

  /// Payloads that were given to send() and of which nothing was heard yet. Any thread.
  [[nodiscard]] std::size_t pending() const;

private:
  class loop;
  explicit payload_sender(std::unique_ptr<loop> running);

  std::unique_ptr<loop> loop_;
};

} // namespace avp
