// The receiving end of a ZeroMQ link.
#pragma once

#include <memory>
#include <string>

#include "transport/error.hpp"
#include "transport/link/received_payload.hpp"
#include "transport/link/receiver_options.hpp"

namespace avp {

/// Receives payloads from any number of senders. Has a thread of its own.
class payload_receiver {
public:
  /// Binds and starts. Fails with invalid_argument for a key that is none or without on_payload, with io_failed when
  /// the address cannot be bound.
  [[nodiscard]] static expected<std::unique_ptr<payload_receiver>> bind(receiver_options options,
                                                                        receiver_handlers handlers);

  /// Stops. Payloads that were handed on stay valid.
  ~payload_receiver();
  payload_receiver(const payload_receiver&) = delete;
  payload_receiver& operator=(const payload_receiver&) = delete;

  /// The address that was bound, as it was written, with the port that the system chose.
  [[nodiscard]] const std::string& endpoint() const;

private:
  class loop;
  explicit payload_receiver(std::unique_ptr<loop> running);

  std::unique_ptr<loop> loop_;
};

} // namespace avp
