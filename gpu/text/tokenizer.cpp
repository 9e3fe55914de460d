// Turns text into token ids and back.
#include "gpu/text/tokenizer.hpp"

#include <algorithm>
#include <limits>

#include "gpu/model/model_error.hpp"
#include "gpu/text/byte_alphabet.hpp"
#include "gpu/text/nfc.hpp"
#include "gpu/text/utf8.hpp"

namespace avp {

namespace {

[[noreturn]] void refuse_merge(const std::string& left, const std::string& right) {
  std::string text = "[tokenizer] the merge \"";
  text.append(left).append(" ").append(right);
  text += "\" needs both parts and what they make as tokens, but the vocabulary lacks one of them; the model file is "
          "damaged "
          "or its tokenizer is not a byte-level BPE";
  throw model_error(text);
}

} // namespace

tokenizer::tokenizer(const vocabulary& source)
    : splitter_(source.split),
      ignore_merges_(source.ignore_merges),
      is_nfc_(source.is_nfc) {
  if (source.tokens.empty())
    throw model_error("[tokenizer] the vocabulary has no tokens; the model file lacks its tokenizer");
  if (source.tokens.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
    throw model_error("[tokenizer] the vocabulary has " + std::to_string(source.tokens.size()) +
                      " tokens, more than ids of 32 bits can count");
  add_tokens(source);
  add_merges(source);
  for (const std::int32_t id : source.end_of_turn) {
    if (!is_inside(id))
      throw model_error("[tokenizer] the end-of-turn token " + std::to_string(id) + " is not among the " +
                        std::to_string(size()) + " tokens of the vocabulary");
    end_of_turn_.insert(id);
  }
}

void tokenizer::add_tokens(const vocabulary& source) {
  bytes_.reserve(source.tokens.size());
  kinds_.reserve(source.tokens.size());
  ids_.reserve(source.tokens.size());
  for (std::size_t i = 0; i < source.tokens.size(); ++i) {
    const vocabulary_token& token = source.tokens[i];
    const auto id = static_cast<std::int32_t>(i);
    kinds_.push_back(token.kind);
    switch (token.kind) {
    case token_kind::normal:
      bytes_.push_back(bytes_of_alphabet(token.text).value_or(token.text));
      ids_.try_emplace(token.text, id);
      break;
    case token_kind::special:
    case token_kind::added:
      bytes_.push_back(token.text);
      whole_.insert(token.text, id);
      ids_.insert_or_assign(token.text, id);
      break;
    case token_kind::unused:
      bytes_.emplace_back();
      break;
    }
  }
  for (std::size_t byte = 0; byte < byte_ids_.size(); ++byte)
    byte_ids_[byte] = find(byte_alphabet()[byte]).value_or(-1);
}

void tokenizer::add_merges(const vocabulary& source) {
  std::string joined;
  for (const auto& [left, right] : source.merges) {
    joined.assign(left).append(right);
    const auto left_id = ids_.find(left);
    const auto right_id = ids_.find(right);
    const auto merged_id = ids_.find(joined);
    if (left_id == ids_.end() || right_id == ids_.end() || merged_id == ids_.end())
      refuse_merge(left, right);
    if (!is_special(merged_id->second)) // or else plain text could make one
      merges_.add(left_id->second, right_id->second, merged_id->second);
  }
}

std::vector<std::int32_t> tokenizer::encode(const marked_text& marked) const {
  const std::string_view text = marked.text();
  std::vector<std::int32_t> ids;
  std::size_t plain = 0; // Where the text since the last whole token begins.
  const auto find_whole = [&](std::size_t begin, std::size_t end) {
    for (auto at = begin; at < end;) {
      const auto found = whole_.longest_match(text.substr(at, end - at));
      if (!found) {
        ++at;
        continue;
      }
      encode_plain(text.substr(plain, at - plain), ids);
      ids.push_back(found->id);
      at += found->length;
      plain = at;
    }
  };
  std::size_t trusted = 0; // Where the text since the last data begins.
  for (const auto& [begin, end] : marked.data()) {
    find_whole(trusted, begin);
    trusted = end;
  }
  find_whole(trusted, text.size());
  encode_plain(text.substr(plain), ids);
  return ids;
}

void tokenizer::encode_plain(std::string_view text, std::vector<std::int32_t>& ids) const {
  const auto composed = is_nfc_ ? nfc(text) : std::nullopt;
  for (const std::string_view piece : splitter_.split(composed ? *composed : text))
    encode_piece(piece, ids);
}

void tokenizer::encode_piece(std::string_view piece, std::vector<std::int32_t>& ids) const {
  if (ignore_merges_) {
    std::string text;
    for (const char byte : piece)
      text += byte_alphabet()[static_cast<unsigned char>(byte)];
    if (const auto id = find(text); id && kinds_[static_cast<std::size_t>(*id)] == token_kind::normal) {
      ids.push_back(*id);
      return;
    }
  }
  std::vector<std::int32_t> symbols;
  symbols.reserve(piece.size());
  for (const char byte : piece)
    if (const std::int32_t id = byte_ids_[static_cast<unsigned char>(byte)]; id >= 0)
      symbols.push_back(id);
  if (symbols.size() == 1)
    ids.push_back(symbols.front());
  else
    merges_.apply(symbols, ids);
}

std::string tokenizer::decode(std::span<const std::int32_t> ids, special_text special) const {
  std::string bytes;
  for (const std::int32_t id : ids)
    if (special == special_text::shown || !is_special(id))
      bytes += token_bytes(id);
  std::string text;
  text.reserve(bytes.size());
  drain_utf8(bytes, text, true);
  return text;
}

std::string_view tokenizer::token_bytes(std::int32_t id) const {
  return is_inside(id) ? std::string_view(bytes_[static_cast<std::size_t>(id)]) : std::string_view();
}

bool tokenizer::is_special(std::int32_t id) const {
  return is_inside(id) && kinds_[static_cast<std::size_t>(id)] == token_kind::special;
}

std::optional<std::int32_t> tokenizer::find(std::string_view text) const {
  const auto found = ids_.find(text);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::pair<std::string, std::int32_t>> tokenizer::vocabulary_pairs() const {
  std::vector<std::pair<std::string, std::int32_t>> pairs(ids_.begin(), ids_.end());
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

} // namespace avp
