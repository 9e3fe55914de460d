// Perl-compatible regular expressions over UTF-8: the one place that knows PCRE2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace avp {

/// What is known of a pattern, and so of the texts that it is searched in.
enum class pattern_origin : std::uint8_t {
  own,   ///< Of this code: classes follow Unicode, steps have no limit; texts must be UTF-8.
  model, ///< A model file's: as our own, but steps have PCRE2's limits.
  given, ///< A user's: steps have PCRE2's limits, and bytes of a text that are no UTF-8 match nothing.
};

/// Why a pattern is none or a search failed, in PCRE2's words.
class regular_expression_error : public std::runtime_error {
public:
  explicit regular_expression_error(const std::string& message, std::size_t offset = 0)
      : std::runtime_error(message),
        offset_(offset) {}

  /// Byte of the pattern at which a mistake in it was noticed, from 0.
  [[nodiscard]] std::size_t offset() const { return offset_; }

private:
  std::size_t offset_;
};

/// A compiled pattern. Copies share it; const use is safe from many threads.
class regular_expression {
public:
  /// Throws regular_expression_error where `pattern` is none.
  regular_expression(std::string_view pattern, pattern_origin origin);

  /// Whether it matches somewhere in `text`. Throws regular_expression_error when the search takes too many steps.
  [[nodiscard]] bool matches(std::string_view text) const;

  /// Puts all matches behind `found`, in order; they view `text`. A match that is empty ends the search. Throws as
  /// matches() does.
  void find_all(std::string_view text, std::vector<std::string_view>& found) const;

  /// Where all matches begin and end, in order, with the empty ones, but for an empty one right behind another match.
  /// `text` must be UTF-8. Throws as matches() does.
  [[nodiscard]] std::vector<std::pair<std::size_t, std::size_t>> find_places(std::string_view text) const;

private:
  struct compiled;

  std::shared_ptr<const compiled> compiled_;
};

} // namespace avp
