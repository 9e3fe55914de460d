// How far the clock of this process is ahead of another node's, found by pings.
#include "runtime/node/clock_shift.hpp"

#include <iterator>

namespace avp {

std::uint64_t clock_shift::ping(clock::time_point now) {
  pinged_[++last_] = now;
  return last_;
}

void clock_shift::take(std::uint64_t number, node_time theirs, clock::time_point now) {
  const auto ping = pinged_.find(number);
  if (ping == pinged_.end())
    return;
  const auto sent = ping->second;
  pinged_.erase(pinged_.begin(), std::next(ping)); // answers come in the order of the pings
  if (const auto round = now - sent; round < round_) {
    round_ = round;
    shift_ = (sent + round / 2).time_since_epoch() - std::chrono::nanoseconds(theirs);
  }
}

void clock_shift::begin() {
  pinged_.clear();
  round_ = std::chrono::nanoseconds::max();
}

} // namespace avp
