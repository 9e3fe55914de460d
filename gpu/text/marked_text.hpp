// Text of which it is marked what is data, so that special tokens count only outside of it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace avp {

/// A part of a text, from one byte up to another.
struct text_range {
  std::size_t begin = 0;
  std::size_t end = 0; ///< One past the last byte.

  bool operator==(const text_range&) const = default;
};

/// A text for a model, and which parts of it are data: fields of records, texts of agents, whatever the author of the
/// pipeline did not write. In data a special token spelled out is text like any other, and so is one that reaches into
/// it. A plain string is data; only what is said to be trusted is not.
class marked_text {
public:
  /// No text.
  marked_text() = default;

  /// Text that is data.
  marked_text(std::string data);      // NOLINT(google-explicit-constructor): the safe default
  marked_text(std::string_view data); // NOLINT(google-explicit-constructor)
  marked_text(const char* data);      // NOLINT(google-explicit-constructor)

  /// Text in which special tokens count, for what the author of a pipeline, an agent or a chat template wrote.
  [[nodiscard]] static marked_text trusted(std::string text);

  /// The whole text, without its marks.
  [[nodiscard]] const std::string& text() const& { return text_; }
  [[nodiscard]] std::string text() && { return std::move(text_); }

  /// What of it is data, in order and apart from each other. An empty range is a place where data could stand: no
  /// special token reaches over it either, or else leaving a field empty would make one.
  [[nodiscard]] const std::vector<text_range>& data() const { return data_; }

  [[nodiscard]] bool empty() const { return text_.empty(); }

  /// The part of at most `count` bytes from the byte `begin` on, which is at most the text's size.
  [[nodiscard]] marked_text substr(std::size_t begin, std::size_t count = std::string::npos) const;

  /// The text without white space at both ends, as stripped() does.
  [[nodiscard]] marked_text trimmed() const;

  marked_text& operator+=(const marked_text& other);
  friend marked_text operator+(marked_text left, const marked_text& right) { return left += right; }

  /// Equal texts with equal marks.
  bool operator==(const marked_text&) const = default;

private:
  std::string text_;
  std::vector<text_range> data_;
};

} // namespace avp
