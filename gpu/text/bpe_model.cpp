// BPE with ranked merges, over bytes or over characters.
#include "gpu/text/bpe_model.hpp"

#include <algorithm>

#include "gpu/model/model_error.hpp"
#include "gpu/text/byte_alphabet.hpp"
#include "gpu/text/utf8.hpp"

namespace avp {

namespace {

[[noreturn]] void refuse_merge(const std::string& left, const std::string& right) {
  std::string text = "[tokenizer] the merge \"";
  text.append(left).append(" ").append(right);
  text += "\" needs both parts and what they make as tokens, but the vocabulary lacks one of them; the model file is "
          "damaged or its tokenizer is not a BPE";
  throw model_error(text);
}

} // namespace

bpe_model::bpe_model(const vocabulary& source, std::shared_ptr<const token_ids> ids)
    : plain_(source, ids),
      fallback_(source, *ids),
      is_byte_level_(source.model == subword_kind::byte_level_bpe),
      ignore_merges_(source.ignore_merges),
      fuse_unknown_(source.fuse_unknown),
      unknown_(safe_unknown(source)) {
  for (std::size_t byte = 0; byte < byte_ids_.size(); ++byte)
    byte_ids_[byte] = plain_.find(byte_alphabet()[byte]).value_or(-1);
  add_merges(source, *ids);
}

void bpe_model::add_merges(const vocabulary& source, const token_ids& ids) {
  std::string joined;
  for (const auto& [left, right] : source.merges) {
    joined.assign(left).append(right);
    const auto left_id = ids.find(left);
    const auto right_id = ids.find(right);
    const auto merged_id = ids.find(joined);
    if (left_id == ids.end() || right_id == ids.end() || merged_id == ids.end())
      refuse_merge(left, right);
    if (source.tokens[static_cast<std::size_t>(merged_id->second)].kind != token_kind::special)
      merges_.add(left_id->second, right_id->second, merged_id->second); // or else plain text could make one
  }
}

void bpe_model::encode(std::string_view piece, std::vector<std::int32_t>& ids) const {
  if (ignore_merges_ && encode_whole(piece, ids))
    return;
  const auto symbols = symbols_of(piece);
  if (symbols.size() == 1)
    ids.push_back(symbols.front());
  else
    merges_.apply(symbols, ids);
}

bool bpe_model::encode_whole(std::string_view piece, std::vector<std::int32_t>& ids) const {
  std::string text;
  if (is_byte_level_)
    for (const char byte : piece)
      text += byte_alphabet()[static_cast<unsigned char>(byte)];
  const auto found = plain_.find(is_byte_level_ ? std::string_view(text) : piece);
  if (found)
    ids.push_back(*found);
  return found.has_value();
}

/// An unknown character is put down when the next known or unknown one comes, as in the library: one that falls back to
/// bytes does not put it down.
std::vector<std::int32_t> bpe_model::symbols_of(std::string_view piece) const {
  std::vector<std::int32_t> symbols;
  symbols.reserve(piece.size());
  bool is_pending = false;
  for (std::size_t at = 0; at < piece.size();) {
    const auto length = is_byte_level_ ? 1 : read_utf8(piece.substr(at)).length;
    const auto symbol = piece.substr(at, length);
    at += length;
    const auto found =
        is_byte_level_ ? byte_ids_[static_cast<unsigned char>(symbol.front())] : plain_.find(symbol).value_or(-1);
    if (found < 0 && fallback_.append(symbol, symbols))
      continue;
    if (is_pending && (found >= 0 || !fuse_unknown_))
      symbols.push_back(*unknown_);
    is_pending = found < 0 && unknown_.has_value();
    if (found >= 0)
      symbols.push_back(found);
  }
  if (is_pending)
    symbols.push_back(*unknown_);
  return symbols;
}

} // namespace avp
