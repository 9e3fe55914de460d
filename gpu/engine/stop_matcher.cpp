// Stop strings.
#include "gpu/engine/stop_matcher.hpp"

#include <algorithm>

namespace avp {

std::string stop_matcher::feed(std::string_view piece) {
  if (stopped_)
    return {};
  held_ += piece;
  auto first = std::string::npos;
  for (const auto& stop : stops_)
    first = std::min(first, held_.find(stop));
  stopped_ = first != std::string::npos;
  auto safe = held_.substr(0, stopped_ ? first : possible_beginning());
  held_ = stopped_ ? "" : held_.substr(safe.size());
  return safe;
}

// Where the longest end of the held text begins that is the beginning of a stop string.
std::size_t stop_matcher::possible_beginning() const {
  auto place = held_.size();
  for (const auto& stop : stops_) {
    auto length = std::min(held_.size(), stop.size() - 1);
    while (length > 0 && !held_.ends_with(std::string_view(stop).substr(0, length)))
      --length;
    place = std::min(place, held_.size() - length);
  }
  return place;
}

} // namespace avp
