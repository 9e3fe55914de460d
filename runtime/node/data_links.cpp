// Senders by peer.
#include "runtime/node/data_links.hpp"

#include <spdlog/spdlog.h>

namespace avp {

namespace {

/// Tensor bytes in one message: a tenth of a second at 1.3 Gbit/s, and so much that what stands around them is nothing.
constexpr std::uint64_t message_bytes = std::uint64_t{16} << 20;

} // namespace

void data_links::send(const data_peer& to, payload content, send_handler done) {
  if (const auto sender = sender_to(to))
    (*sender)->send(std::move(content), std::move(done));
  else
    done(tl::unexpected(sender.error()));
}

// One that is lost tries again ever less often, and refuses what it is given until it has succeeded; a new one tries at
// once.
// A context that nobody wants any more stops between two messages.
expected<payload_sender*> data_links::sender_to(const data_peer& to) {
  auto& one = links_[{to.name, to.endpoint, to.public_key, to.level}];
  if (one.sender && !*one.is_lost)
    return one.sender.get();
  one = {};
  sender_options options;
  options.endpoint = to.endpoint;
  options.name = options_.name;
  options.level = to.level;
  options.part_bytes = message_bytes;
  options.max_encoded_bytes = 4 * message_bytes;
  options.heartbeat = options_.heartbeat;
  options.peer_timeout = options_.peer_timeout;
  if (options_.keys)
    options.curve = curve_client{*options_.keys, to.public_key};
  auto made = payload_sender::connect(std::move(options), [lost = one.is_lost, name = to.name](const auto& why) {
    *lost = why.has_value();
    if (why)
      spdlog::warn("Node {} does not take contexts: {}", name, why->message);
  });
  if (!made)
    return tl::unexpected(std::move(made.error()));
  one.sender = std::move(*made);
  return one.sender.get();
}

void data_links::close(const std::string& name) {
  std::erase_if(links_, [&](const auto& item) { return std::get<0>(item.first) == name; });
}

} // namespace avp
