// The receiving side of the link's protocol, without sockets: who sends, what came, what is still in memory.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "transport/error.hpp"
#include "transport/link/envelope.hpp"
#include "transport/link/received_payload.hpp"
#include "transport/message.hpp"
#include "transport/split.hpp"

namespace avp {

class wakeup;

/// Limits of an inbox.
struct inbox_options {
  std::uint64_t window = std::uint64_t{256} << 20;
  std::uint32_t max_peers = 64;
  std::chrono::milliseconds heartbeat{500};
  std::chrono::milliseconds peer_timeout{5000};
  std::uint64_t max_split_bytes = std::uint64_t{64} << 30;
  decode_options decode;
};

/// Takes the frames of all senders and hands on each payload exactly once, in the order in which its sender sent it.
/// Messages that come twice, out of order, or beyond the credit are dropped: the sender sees in the reports what is
/// missing and sends it again.
class inbox {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Where a report goes: what ZeroMQ calls the routing id of the sender's present connection.
  using route = std::string;

  /// What the inbox needs from its surroundings.
  struct surroundings {
    std::function<void(const route&, const envelope&)> reply;
    receiver_handlers handlers;
    std::shared_ptr<wakeup> released; ///< Signalled when a payload's memory is freed.
  };

  inbox(inbox_options options, surroundings around);

  /// Takes the frames of one message. `second` is frame 1, empty where there is none; `owner` keeps it alive.
  void take(const route& from, const std::string& peer_key, std::span<const std::byte> first,
            std::span<const std::byte> second, const std::shared_ptr<const void>& owner, time_point now);

  /// To be called at least once per heartbeat: reports to all peers, and notices those that went silent.
  void tick(time_point now);

  /// To be called after every batch of frames and after a wake-up: sends the reports that are due.
  void report_changes();

private:
  struct account; ///< Memory of payloads that somebody holds.
  struct peer {
    link_peer who;
    route from;
    std::uint64_t received = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t last_beat = 0;
    std::uint64_t reported_credit = 0;
    time_point heard;
    bool lost = false;
    bool report_due = false;
    std::shared_ptr<account> memory;
    std::map<std::uint64_t, errc> refused;
    assembler parts;
    std::string broken_split;                        ///< The last split payload of which a part was refused.
    std::map<std::string, std::uint64_t> part_bytes; ///< On the socket, by split payload.
  };
  class counted_body;

  peer* find(std::uint64_t incarnation, const std::string& peer_key);
  void take_hello(const route& from, const std::string& peer_key, const envelope& e, std::span<const std::byte> name,
                  time_point now);
  void take_data(peer& p, std::uint64_t id, std::span<const std::byte> bytes, const std::shared_ptr<const void>& owner);
  void take_payload(peer& p, std::uint64_t id, payload content, std::uint64_t wire_bytes);
  static void abandon_parts(peer& p, const std::string& except);
  void refuse(peer& p, std::uint64_t id, const error& why);
  void turn_away(peer& p, std::uint64_t id, errc why);
  void hand_on(peer& p, payload content, std::uint64_t wire_bytes);
  void report(peer& p);
  void lose(peer& p, time_point now);
  void forget_oldest();
  [[nodiscard]] std::uint64_t credit(const peer& p) const;

  inbox_options options_;
  surroundings around_;
  std::uint64_t incarnation_;
  std::map<std::uint64_t, peer> peers_;
  std::optional<time_point> last_tick_;
};

} // namespace avp
