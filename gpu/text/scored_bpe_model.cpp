// SentencePiece's BPE: merges by the score of what they make.
#include "gpu/text/scored_bpe_model.hpp"

#include <queue>

#include "gpu/model/model_error.hpp"
#include "gpu/text/utf8.hpp"

namespace avp {

namespace {

constexpr std::size_t no_place = static_cast<std::size_t>(-1);

/// A part of the piece in a doubly linked list; empty once it was merged into its left neighbour.
struct scored_symbol {
  std::size_t begin;
  std::size_t size;
  std::size_t previous;
  std::size_t next;
};

/// A merge that was possible when it was queued. It is out of date when its parts have changed their size since.
struct scored_merge {
  float score;
  std::size_t left;
  std::size_t size; // Of both parts.

  bool operator<(const scored_merge& other) const {
    return score < other.score || (score == other.score && left > other.left);
  }
};

std::vector<scored_symbol> symbols_of(std::string_view piece) {
  std::vector<scored_symbol> list;
  for (std::size_t at = 0; at < piece.size();) {
    const auto length = read_utf8(piece.substr(at)).length;
    list.push_back({at, length, list.empty() ? no_place : list.size() - 1, list.size() + 1});
    at += length;
  }
  if (!list.empty())
    list.back().next = no_place;
  return list;
}

} // namespace

scored_bpe_model::scored_bpe_model(const vocabulary& source, std::shared_ptr<const token_ids> ids)
    : plain_(source, ids),
      fallback_(source, *ids),
      unknown_(safe_unknown(source)) {
  scores_.reserve(source.tokens.size());
  for (const auto& token : source.tokens)
    scores_.push_back(static_cast<float>(token.score));
  std::vector<std::int32_t> bytes;
  for (int byte = 0; byte < 256 && !unknown_; ++byte)
    if (const auto text = static_cast<char>(byte); !fallback_.append({&text, 1}, bytes))
      throw model_error("[tokenizer] a SentencePiece vocabulary needs a token for each byte, <0x00> to <0xFF>, or an "
                        "unknown token, but it has neither for the byte " +
                        std::to_string(byte) + "; the model file is damaged");
}

void scored_bpe_model::encode(std::string_view piece, std::vector<std::int32_t>& ids) const {
  auto list = symbols_of(piece);
  std::priority_queue<scored_merge> queue;
  const auto consider = [&](std::size_t left) {
    if (left == no_place || list[left].next == no_place)
      return;
    const auto size = list[left].size + list[list[left].next].size;
    if (const auto id = plain_.find(piece.substr(list[left].begin, size)))
      queue.push({scores_[static_cast<std::size_t>(*id)], left, size});
  };
  for (std::size_t i = 0; i < list.size(); ++i)
    consider(i);
  while (!queue.empty()) {
    const auto best = queue.top();
    queue.pop();
    auto& left = list[best.left];
    if (left.size == 0 || left.next == no_place || left.size + list[left.next].size != best.size)
      continue;
    auto& right = list[left.next];
    left.size = best.size;
    left.next = right.next;
    right.size = 0;
    if (left.next != no_place)
      list[left.next].previous = best.left;
    consider(left.previous);
    consider(best.left);
  }
  bool was_unknown = false;
  for (const auto& symbol : list) {
    if (symbol.size == 0)
      continue;
    const auto text = piece.substr(symbol.begin, symbol.size);
    const auto id = plain_.find(text);
    if (id)
      ids.push_back(*id);
    const bool is_unknown = !id && !fallback_.append(text, ids);
    if (is_unknown && !was_unknown) // neighbours are one, as in SentencePiece
      ids.push_back(unknown_.value());
    was_unknown = is_unknown;
  }
}

} // namespace avp
