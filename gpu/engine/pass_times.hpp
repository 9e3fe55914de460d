// How long passes of few rows take: what guesses are decided by.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace avp {

/// Times of the passes of a model that decode, by the number of their rows, as measured: the median of the latest five.
class pass_times {
public:
  /// Of longer passes, those that read a text, only the time for a row counts.
  static constexpr std::int64_t most_rows = 8;

  /// Known times in place of measured ones, which are left out then: `first` for one row and `further` for each one
  /// behind it.
  struct known {
    double first = 1, further = 0;
  };

  pass_times() = default;
  explicit pass_times(known times) : known_(times) {}

  /// Takes note of a pass.
  void learn(std::int64_t rows, double milliseconds);

  /// Whether passes of so many rows were measured too seldom, or too long ago, to compare others with them.
  [[nodiscard]] bool is_unsure(std::int64_t rows) const;

  /// Milliseconds of a pass. Where it was not measured, by those that were and have nearly as many rows; 0 where none
  /// was. No more than what a pass of more rows takes.
  [[nodiscard]] double of(std::int64_t rows) const;

private:
  struct measured {
    std::array<double, 5> latest{};
    std::size_t count = 0;
    std::int64_t when = 0; // the last one, by number of the pass
    void add(double time, std::int64_t pass);
    [[nodiscard]] double median() const;
  };

  std::optional<known> known_;
  std::array<measured, most_rows> by_rows_;
  measured per_row_; // of long passes
  std::int64_t passes_ = 0;
};

} // namespace avp
