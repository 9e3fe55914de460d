// Ends an answer at a stop string and holds text back while one may be beginning.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace avp {

/// Takes text in pieces and gives out what is safe to show.
class stop_matcher {
public:
  explicit stop_matcher(std::vector<std::string> stops) : stops_(std::move(stops)) {}

  /// Takes the next piece; returns what now can't be part of a stop string any more.
  [[nodiscard]] std::string feed(std::string_view piece);

  /// Returns what was held back; for the end of an answer that met no stop string.
  [[nodiscard]] std::string finish() { return std::exchange(held_, {}); }

  /// Whether a stop string was met. What stands before it has been given out, nothing after it will be.
  [[nodiscard]] bool stopped() const { return stopped_; }

private:
  [[nodiscard]] std::size_t possible_beginning() const;

  std::vector<std::string> stops_;
  std::string held_;
  bool stopped_ = false;
};

} // namespace avp
