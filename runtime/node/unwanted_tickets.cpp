// A set that forgets the oldest.
#include "runtime/node/unwanted_tickets.hpp"

namespace avp {

namespace {

// More than can be under way; what comes for an older one is refused when all of it is here.
constexpr std::size_t remembered = 4096;

} // namespace

void unwanted_tickets::add(const std::string& ticket) {
  const std::lock_guard lock(guard_);
  if (!tickets_.insert(ticket).second)
    return;
  in_order_.push_back(ticket);
  if (in_order_.size() <= remembered)
    return;
  tickets_.erase(in_order_.front());
  in_order_.pop_front();
}

bool unwanted_tickets::contains(const std::string& ticket) const {
  const std::lock_guard lock(guard_);
  return tickets_.contains(ticket);
}

} // namespace avp
