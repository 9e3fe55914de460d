// SentencePiece's unigram model.
#include "gpu/text/unigram_model.hpp"

#include <algorithm>
#include <limits>
#include <ranges>

#include "gpu/model/model_error.hpp"
#include "gpu/text/utf8.hpp"

namespace avp {

namespace {

constexpr double unknown_penalty = 10; // By which an unknown character is worse than the worst piece.

/// The best way to read the text up to a byte.
struct best_path {
  double score = 0;
  std::size_t begin = 0; // Of its last piece.
  std::int32_t id = -1;
  bool is_reached = false;
};

std::vector<std::pair<std::string_view, std::int32_t>> pieces_of(const vocabulary& source, const plain_tokens& plain) {
  std::vector<std::pair<std::string_view, std::int32_t>> pieces;
  for (std::size_t id = 0; id < source.tokens.size(); ++id)
    if (plain.contains(static_cast<std::int32_t>(id)))
      pieces.emplace_back(source.tokens[id].text, static_cast<std::int32_t>(id));
  return pieces;
}

} // namespace

unigram_model::unigram_model(const vocabulary& source, std::shared_ptr<const token_ids> ids)
    : plain_(source, ids),
      fallback_(source, *ids),
      pieces_(pieces_of(source, plain_)),
      unknown_(safe_unknown(source).value_or(-1)) {
  if (unknown_ < 0)
    throw model_error("[tokenizer] a unigram vocabulary needs an unknown token (unk_id) that ends no answer, but names "
                      "none");
  double least = std::numeric_limits<double>::infinity();
  for (const auto& token : source.tokens) {
    scores_.push_back(token.score);
    least = std::min(least, token.score);
  }
  unknown_score_ = least - unknown_penalty;
}

void unigram_model::encode(std::string_view piece, std::vector<std::int32_t>& ids) const {
  std::vector<best_path> paths(piece.size() + 1);
  for (std::size_t at = 0; at < piece.size();) {
    const auto unit = read_utf8(piece.substr(at));
    bool has_character = false;
    const auto offer = [&](std::size_t end, std::int32_t id, double score) {
      const auto sum = paths[at].score + score;
      if (!paths[end].is_reached || sum > paths[end].score)
        paths[end] = {sum, at, id, true};
    };
    pieces_.each_prefix(piece.substr(at), [&](std::int32_t id, std::size_t length) {
      offer(at + length, id, scores_[static_cast<std::size_t>(id)]);
      has_character |= length == unit.length;
    });
    if (!has_character)
      offer(at + unit.length, unknown_, unknown_score_);
    at += unit.length;
  }
  std::vector<std::pair<std::size_t, std::int32_t>> found; // Begin and id, the last piece first.
  for (std::size_t end = piece.size(); end > 0; end = paths[end].begin) {
    if (paths[end].id == unknown_ && !found.empty() && found.back().second == unknown_)
      found.back().first = paths[end].begin;
    else
      found.emplace_back(paths[end].begin, paths[end].id);
  }
  std::ranges::reverse(found);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto [begin, id] = found[i];
    const auto end = i + 1 == found.size() ? piece.size() : found[i + 1].first;
    if (id == unknown_)
      append_unknown(piece.substr(begin, end - begin), ids);
    else
      ids.push_back(id);
  }
}

void unigram_model::append_unknown(std::string_view text, std::vector<std::int32_t>& ids) const {
  if (const auto id = plain_.find(text))
    ids.push_back(*id);
  else if (!fallback_.append(text, ids))
    ids.push_back(unknown_);
}

} // namespace avp
