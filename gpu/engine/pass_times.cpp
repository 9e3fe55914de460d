// Medians, and what lies between them.
#include "gpu/engine/pass_times.hpp"

#include <algorithm>
#include <span>

namespace avp {

namespace {

// So many before the median leaves out a slow one, such as the first of all; and so many passes until it may be another
// one, since contexts grow.
constexpr std::size_t least_measured = 3;
constexpr std::int64_t longest_valid = 64;

// From so many rows on, all cost about the same.
constexpr std::int64_t long_pass = 32;

// Of a further row, in passes of one row, as long as nothing is known: between what was measured with AVX-512 and with
// AVX2 (gpu/README.md).
constexpr double cost_of_row = 0.5;

double supposed(std::int64_t rows) { return 1 + cost_of_row * static_cast<double>(rows - 1); }

} // namespace

double pass_times::measured::median() const {
  auto sorted = latest;
  const auto some = std::span(sorted).first(std::min(count, sorted.size()));
  std::ranges::sort(some);
  return some[(some.size() - 1) / 2];
}

void pass_times::measured::add(double time, std::int64_t pass) {
  latest[count++ % latest.size()] = time;
  when = pass;
}

void pass_times::learn(std::int64_t rows, double milliseconds) {
  passes_ += rows > 0 ? 1 : 0;
  if (rows >= long_pass)
    per_row_.add(milliseconds / static_cast<double>(rows), passes_);
  else if (rows >= 1 && rows <= most_rows)
    by_rows_[rows - 1].add(milliseconds, passes_);
}

bool pass_times::is_unsure(std::int64_t rows) const {
  if (known_ || rows < 1 || rows > most_rows)
    return !known_;
  const auto& same = by_rows_[rows - 1];
  return same.count < least_measured || passes_ - same.when >= longest_valid;
}

double pass_times::of(std::int64_t rows) const {
  if (known_)
    return known_->first + known_->further * static_cast<double>(rows - 1);
  if (rows > most_rows && per_row_.count > 0)
    return std::max(of(most_rows), per_row_.median() * static_cast<double>(rows));
  std::int64_t below = 0, above = 0;
  double time_below = 0, time_above = 0; // above: of all that have more rows, the least
  for (std::int64_t other = 1; other <= most_rows; ++other) {
    const auto& same = by_rows_[other - 1];
    if (same.count == 0)
      continue;
    const auto time = same.median();
    if (other <= rows) {
      below = other;
      time_below = time;
    } else if (above == 0 || time < time_above) {
      above = above == 0 ? other : above;
      time_above = time;
    }
  }
  if (below == 0 && above == 0)
    return 0;
  if (above == 0)
    return time_below * supposed(rows) / supposed(below);
  if (below == 0)
    return time_above * supposed(rows) / supposed(above);
  const auto way = static_cast<double>(rows - below) / static_cast<double>(above - below);
  return std::min(time_above, time_below + way * (time_above - time_below));
}

} // namespace avp
