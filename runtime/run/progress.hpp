// How far a run is: a bar on a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "runtime/results/task_result.hpp"

namespace avp {

/// Draws one line on stderr and draws it over again: tasks done, tasks/s, tokens/s, time left.
class progress_bar {
public:
  /// `total` is the number of results that will come, if it is known. Draws nothing unless `visible`.
  progress_bar(bool visible, std::optional<std::size_t> total);
  progress_bar(const progress_bar&) = delete;
  progress_bar& operator=(const progress_bar&) = delete;
  ~progress_bar() { clear(); }

  /// Counts a result.
  void add(const task_result& result);

  /// Counts a result of the time before this run went on: it is done, but says nothing about how fast it goes.
  void add_earlier(const task_result& result);

  /// Draws the line anew.
  void draw();

  /// Takes the line away, so that something else can be printed.
  void clear();

  /// The line as it would be after `seconds`.
  [[nodiscard]] std::string line(double seconds) const;

private:
  bool visible_;
  std::optional<std::size_t> total_;
  std::size_t done_ = 0;
  std::size_t earlier_ = 0;
  std::size_t failed_ = 0;
  std::int64_t tokens_ = 0;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  bool drawn_ = false;
};

} // namespace avp
