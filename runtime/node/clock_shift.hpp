// How far the clock of this process is ahead of another node's, found by pings.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>

#include "runtime/node/device_activity.hpp"

namespace avp {

/// The node's clock was read somewhere between a ping and its answer; the shorter that was, the better it is known
/// when.
class clock_shift {
public:
  using clock = std::chrono::steady_clock;

  /// A ping goes out. Gives its number, which no other ping has.
  [[nodiscard]] std::uint64_t ping(clock::time_point now);

  /// An answer came, for which the node's clock was read. Further pings may have gone out since: the way there and back
  /// may be longer than the time between two. One to a ping before begin(), or a second one, tells nothing.
  void take(std::uint64_t number, node_time theirs, clock::time_point now);

  /// There is a new connection, maybe to another machine.
  void begin();

  /// Zero as long as nothing came.
  [[nodiscard]] std::chrono::nanoseconds shift() const { return shift_; }

private:
  std::uint64_t last_ = 0;                                           // ping, by its number
  std::map<std::uint64_t, clock::time_point> pinged_;                // when those went out that have no answer yet
  std::chrono::nanoseconds round_ = std::chrono::nanoseconds::max(); // the shortest way there and back so far
  std::chrono::nanoseconds shift_{};
};

} // namespace avp
