// What an agent thought: KV-cache, last hidden state, identity and recipe.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "gpu/recipe.hpp"
#include "transport/payload.hpp"

namespace avp {

/// A context on a device. It is the body of an AVP payload (a KV-cache message), so handing it over in process is
/// handing over a reference. It never changes; whoever continues on it gets a cache of their own. Safe to hold and to
/// drop on any thread.
class context : public payload_body {
public:
  /// Positions in the KV-cache.
  [[nodiscard]] virtual std::int64_t tokens() const = 0;

  /// How it came about.
  [[nodiscard]] virtual const std::shared_ptr<const recipe>& history() const = 0;

  /// Final hidden state of the last position after the last norm, `hidden_dim` values; of a joined context that of the
  /// last one that went into it. Empty where the device has not seen it: the context came as bytes, or was made by its
  /// recipe and nothing has continued on it yet.
  [[nodiscard]] virtual std::vector<float> last_hidden_state() const = 0;

  /// AVP metadata of the message that would carry it. Session and agents are left empty.
  [[nodiscard]] virtual metadata describe() const = 0;
};

} // namespace avp
