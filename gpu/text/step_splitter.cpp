// Splits text by the pre-tokenizer steps of a tokenizer.json.
#include "gpu/text/step_splitter.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "gpu/text/byte_alphabet.hpp"

namespace avp {

namespace {

constexpr const char* byte_level_words =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

/// A part of a text, and whether it is where the text is split.
struct split_part {
  std::size_t begin;
  std::size_t end;
  bool is_match;
};

std::vector<split_part> parts_of(std::string_view text, const text_matcher& matcher, bool invert) {
  std::vector<split_part> parts;
  std::size_t done = 0;
  for (const auto& [begin, end] : matcher.find_all(text)) {
    if (done != begin)
      parts.push_back({done, begin, invert});
    parts.push_back({begin, end, !invert});
    done = end;
  }
  if (done != text.size())
    parts.push_back({done, text.size(), invert});
  return parts;
}

/// Joins neighbours in the order of `parts`: as the library, which marks a run of matches by its first.
template <class Joins>
std::vector<split_part> joined(const std::vector<split_part>& parts, Joins joins) {
  std::vector<split_part> result;
  bool previous = false;
  for (const auto& part : parts) {
    if (!result.empty() && joins(part.is_match, previous)) {
      result.back().begin = std::min(result.back().begin, part.begin);
      result.back().end = std::max(result.back().end, part.end);
    } else {
      result.push_back(part);
    }
    previous = part.is_match;
  }
  return result;
}

std::vector<split_part> arranged(std::vector<split_part> parts, split_behavior behavior) {
  const auto begins_run = [](bool is_match, bool previous) { return is_match && !previous; };
  switch (behavior) {
  case split_behavior::isolated:
    break;
  case split_behavior::removed:
    std::erase_if(parts, [](const split_part& part) { return part.is_match; });
    break;
  case split_behavior::contiguous:
    return joined(parts, [](bool is_match, bool previous) { return is_match == previous; });
  case split_behavior::merged_with_previous:
    return joined(parts, begins_run);
  case split_behavior::merged_with_next: {
    std::reverse(parts.begin(), parts.end());
    auto result = joined(parts, begins_run);
    std::reverse(result.begin(), result.end());
    return result;
  }
  }
  return parts;
}

void append_pieces(std::vector<text_piece>& to, const text_piece& piece, const std::vector<split_part>& parts) {
  for (const auto& [begin, end, is_match] : parts)
    if (begin != end)
      to.push_back({piece.text.substr(begin, end - begin), piece.is_first && begin == 0});
}

/// Blanks as SentencePiece's marks, and one in front where the scheme says so.
void mark_blanks(text_piece& piece, const splitter_step& step) {
  const std::string& mark = step.pattern.text;
  std::string marked;
  for (const char c : piece.text)
    if (c == ' ')
      marked += mark;
    else
      marked += c;
  const bool prepends =
      step.prepend == prepend_scheme::always || (step.prepend == prepend_scheme::first && piece.is_first);
  piece.text = prepends && !marked.starts_with(mark) ? mark + marked : marked;
}

void spell_bytes(text_piece& piece) {
  std::string spelled;
  for (const char byte : piece.text)
    spelled += byte_alphabet()[static_cast<unsigned char>(byte)];
  piece.text = std::move(spelled);
}

} // namespace

step_splitter::step_splitter(std::span<const splitter_step> steps) {
  for (const auto& step : steps)
    steps_.push_back({step, text_matcher(step.kind == splitter_kind::byte_level ? step_pattern{byte_level_words, true}
                                                                                : step.pattern)});
}

std::vector<text_piece> step_splitter::split(std::string_view text, bool is_first) const {
  std::vector<text_piece> pieces;
  if (!text.empty())
    pieces.push_back({std::string(text), is_first});
  for (const auto& [step, matcher] : steps_) {
    const bool is_last = &step == &steps_.back().step;
    std::vector<text_piece> next;
    for (auto& piece : pieces) {
      if (step.kind == splitter_kind::metaspace)
        mark_blanks(piece, step);
      if (step.kind == splitter_kind::byte_level && step.prefix_space && !piece.text.starts_with(' '))
        piece.text.insert(0, 1, ' ');
      const auto behavior = step.kind == splitter_kind::metaspace ? split_behavior::merged_with_next : step.behavior;
      if (step.kind != splitter_kind::pattern && !step.splits)
        next.push_back(std::move(piece));
      else
        append_pieces(next, piece, arranged(parts_of(piece.text, matcher, step.invert), behavior));
    }
    if (step.kind == splitter_kind::byte_level && !is_last)
      std::for_each(next.begin(), next.end(), spell_bytes);
    pieces = std::move(next);
  }
  return pieces;
}

} // namespace avp
