// The sending side of the link's protocol, without sockets: what waits, what is on its way, what the peer said of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "transport/error.hpp"
#include "transport/link/envelope.hpp"
#include "transport/link/sender_options.hpp"
#include "transport/payload.hpp"

namespace avp {

/// Sends payloads in order, again where the peer did not get them, and never more than the peer has room for.
class outbox {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// What the outbox needs from its surroundings.
  struct surroundings {
    /// Puts an envelope with a second frame (empty: none) on the socket; false when there is no connection.
    std::function<bool(const envelope&, std::span<const std::byte>)> control;
    /// Encodes a payload and puts it on the socket; returns the AVP message's bytes, or 0 when that must wait for a
    /// connection or for memory, or an error that trying again will not change.
    std::function<expected<std::uint64_t>(const envelope&, const payload&)> data;
    /// Drops the connection with everything that is still in it, and starts another one.
    std::function<void()> reconnect;
    /// Hears of the peer: nothing when it answers (again), an error when it was lost.
    std::function<void(const std::optional<error>&)> on_peer;
  };

  outbox(sender_options options, surroundings around, time_point now);

  /// Takes a payload to send.
  void submit(payload content, send_handler done);

  /// Takes an envelope of the peer.
  void take(const envelope& e, time_point now);

  /// To be called often, at least at the time that it returns: greets, beats, and notices when the peer is silent.
  time_point tick(time_point now);

  /// Sends what may be sent.
  void pump();

  /// Gives up on the present connection.
  void lose(const error& why, time_point now);

  /// Ends: everything that waits fails with this error.
  void fail_all(const error& why);

private:
  /// One payload of the caller, in one message or many.
  struct delivery {
    std::size_t messages_left = 0;
    std::uint64_t wire_bytes = 0;
    send_handler done;
    bool over = false;
  };
  struct item {
    payload content;
    std::uint64_t size = 0; ///< Of the uncompressed message.
    std::uint64_t end = 0;  ///< Sizes of all numbered messages so far, this one included.
    std::uint64_t wire_bytes = 0;
    std::shared_ptr<delivery> part_of;
  };

  void take_report(const envelope& e, time_point now);
  void take_refusal(const envelope& e);
  void drop_rest_of(const delivery& given_up);
  void settle(std::uint64_t acknowledged);
  void welcome(const envelope& report);
  void rewind(std::uint64_t received);
  bool greet();
  void beat();
  [[nodiscard]] bool may_send(const item& next) const;
  void give_up_first(const error& why);
  static void finish(delivery& d, expected<send_receipt> result);
  [[nodiscard]] std::uint64_t last_sent() const { return base_ + sent_; }
  [[nodiscard]] std::uint64_t end_of(std::uint64_t id) const;
  [[nodiscard]] std::uint64_t on_the_way() const;

  sender_options options_;
  surroundings around_;
  std::uint64_t incarnation_;

  // The id of items_[i] is base_ + 1 + i, for the first `numbered_`; the others have never been sent.
  std::deque<item> items_;
  std::uint64_t base_ = 0;
  std::size_t numbered_ = 0;
  std::size_t sent_ = 0; ///< Items on the present connection.

  bool welcomed_ = false;
  std::optional<error> lost_; // why, as long as it does not answer
  std::uint64_t peer_incarnation_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t base_end_ = 0; ///< What `end` was of message base_.
  std::uint64_t credit_ = 0;
  std::uint64_t window_ = 0;

  std::uint64_t beats_ = 0;
  std::uint64_t barrier_ = 0;                                        ///< Beats up to this one say nothing any more.
  std::deque<std::pair<std::uint64_t, std::uint64_t>> sent_at_beat_; ///< Beat, and the last id sent before it.
  time_point heard_;
  time_point next_beat_;
  time_point last_tick_;
};

} // namespace avp
