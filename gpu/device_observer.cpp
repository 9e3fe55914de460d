// Sums of counters.
#include "gpu/device_observer.hpp"

#include <array>

namespace avp {

namespace {

constexpr std::array counts_that_grow = {
    &device_counters::steps,         &device_counters::requests_done, &device_counters::requests_failed,
    &device_counters::preemptions,   &device_counters::blocks_copied, &device_counters::contexts_evicted,
    &device_counters::shared_tokens, &device_counters::moved_tokens,
};

constexpr std::array times_that_grow = {&device_counters::busy_seconds, &device_counters::queue_seconds};

constexpr std::array kinds_of_rows = {&row_counts::prefill,  &row_counts::latent,  &row_counts::decode,
                                      &row_counts::replayed, &row_counts::guessed, &row_counts::accepted};

} // namespace

row_counts& row_counts::operator+=(const row_counts& other) {
  for (const auto kind : kinds_of_rows)
    this->*kind += other.*kind;
  return *this;
}

device_counters device_counters::since(const device_counters& before) const {
  auto left = *this;
  for (const auto count : counts_that_grow)
    left.*count -= before.*count;
  for (const auto time : times_that_grow)
    left.*time -= before.*time;
  for (const auto kind : kinds_of_rows)
    left.rows.*kind -= before.rows.*kind;
  return left;
}

device_counters device_counters::after(const device_counters& earlier) const {
  auto sum = *this;
  for (const auto count : counts_that_grow)
    sum.*count += earlier.*count;
  for (const auto time : times_that_grow)
    sum.*time += earlier.*time;
  sum.rows += earlier.rows;
  return sum;
}

} // namespace avp
