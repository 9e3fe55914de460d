// How far a download is: a bar on a terminal, lines elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "gpu/model/fetch_observer.hpp"

namespace avp {

/// Shows one fetch on stderr.
class fetch_display {
public:
  /// On a terminal one line is drawn over and over, elsewhere every tenth of the way gets a line.
  explicit fetch_display(bool terminal) : terminal_(terminal) {}
  ~fetch_display() { clear(); }
  fetch_display(const fetch_display&) = delete;
  fetch_display& operator=(const fetch_display&) = delete;

  /// An observer that shows here; it must not outlive this object.
  [[nodiscard]] fetch_observer observer();

  /// The line for `done` of `total` bytes, of which `before` were there at the start, after `seconds`.
  [[nodiscard]] static std::string line(std::uint64_t done, std::uint64_t total, std::uint64_t before, double seconds);

private:
  using clock = std::chrono::steady_clock;

  void note(const std::string& text);
  void progress(std::uint64_t done, std::uint64_t total);
  [[nodiscard]] std::string text() const;
  void draw();
  void clear();

  bool terminal_;
  bool drawn_ = false;
  bool begun_ = false;
  std::uint64_t before_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 1;
  std::uint64_t tenths_ = 0;
  clock::time_point start_;
  clock::time_point drawn_at_;
};

} // namespace avp
