// How far the clock of this process is ahead of another node's, found by pings.
#include "runtime/node/clock_shift.hpp"

namespace avp {

std::uint64_t clock_shift::ping(clock::time_point now) {
  pinged_ = now;
  return ++last_;
}

void clock_shift::take(std::uint64_t number, node_time theirs, clock::time_point now) {
  if (number != last_)
    return;
  if (const auto round = now - pinged_; round < round_) {
    round_ = round;
    shift_ = (pinged_ + round / 2).time_since_epoch() - std::chrono::nanoseconds(theirs);
  }
}

} // namespace avp
