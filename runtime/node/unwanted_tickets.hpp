// Transfers that nobody waits for any more.
#pragma once

#include <deque>
#include <mutex>
#include <set>
#include <string>

namespace avp {

/// The last tickets that were given up before their contexts came. Any thread.
class unwanted_tickets {
public:
  void add(const std::string& ticket);

  [[nodiscard]] bool contains(const std::string& ticket) const;

private:
  mutable std::mutex guard_;
  std::set<std::string> tickets_;
  std::deque<std::string> in_order_; // oldest first
};

} // namespace avp
