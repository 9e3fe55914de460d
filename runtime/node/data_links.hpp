// The links on which a node sends contexts, one for each peer.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "runtime/node/data_peer.hpp"
#include "runtime/node/exchange_options.hpp"
#include "transport/link/payload_sender.hpp"

namespace avp {

/// Connects when something is first sent to a peer, and again when it was lost since. Belongs to one thread.
class data_links {
public:
  explicit data_links(const exchange_options& options) : options_(options) {}

  /// Sends a payload. `done` is called on the link's thread, or at once where there can be no link.
  void send(const data_peer& to, payload content, send_handler done);

  /// Ends the links to a peer of this name; what is under way fails with closed.
  void close(const std::string& name);

  /// Ends all.
  void close_all() { links_.clear(); }

private:
  /// A peer that comes back elsewhere or with another key gets another link.
  using address = std::tuple<std::string, std::string, std::string, compression>; // name, endpoint, key, level

  struct link {
    std::shared_ptr<std::atomic<bool>> is_lost = std::make_shared<std::atomic<bool>>(false);
    std::unique_ptr<payload_sender> sender;
  };

  [[nodiscard]] expected<payload_sender*> sender_to(const data_peer& to);

  exchange_options options_;
  std::map<address, link> links_;
};

} // namespace avp
