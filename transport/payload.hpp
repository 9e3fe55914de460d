// What agents hand over: AVP metadata plus a body that knows how to write itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "transport/metadata.hpp"

namespace avp {

/// The tensor bytes of a payload, wherever they live: a context in a device's cache, or bytes that came over a socket.
class payload_body {
public:
  virtual ~payload_body() = default;

  /// Length in bytes of what write() produces.
  [[nodiscard]] virtual std::uint64_t size() const = 0;

  /// Writes bytes [offset, offset + out.size()) of the body into out. The range must lie inside size().
  virtual void write(std::uint64_t offset, std::span<std::byte> out) const = 0;
};

/// One hand-over. In process it travels by reference, over a socket as one AVP message (or several, over 4 GiB).
struct payload {
  metadata meta;
  std::shared_ptr<const payload_body> body;
};

} // namespace avp
