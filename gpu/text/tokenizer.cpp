// Turns text into token ids and back.
#include "gpu/text/tokenizer.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <stdexcept>

#include "gpu/model/model_error.hpp"
#include "gpu/text/byte_alphabet.hpp"
#include "gpu/text/make_subword_model.hpp"
#include "gpu/text/regular_expression.hpp"
#include "gpu/text/utf8.hpp"

namespace avp {

namespace {

/// Makes a part of the tokenizer. What it says of a step that it can't take is a model_error.
template <class Part, class Steps>
Part made_of(const Steps& steps, const char* what) {
  try {
    return Part(steps);
  } catch (const std::invalid_argument& error) {
    throw model_error(std::string("[tokenizer] ") + what + ": " + error.what());
  }
}

/// What a token stands for inside of a text.
std::string bytes_of_token(const vocabulary& source, const vocabulary_token& token) {
  if (token.kind == token_kind::unused)
    return {};
  const bool is_plain = token.kind == token_kind::normal || token.kind == token_kind::byte;
  if (source.model == subword_kind::byte_level_bpe)
    return is_plain ? bytes_of_alphabet(token.text).value_or(token.text) : token.text;
  if (const auto byte = byte_of_token(token.text); byte && source.byte_fallback && is_plain)
    return std::string(1, static_cast<char>(*byte));
  constexpr std::string_view blank_mark = "▁"; // SentencePiece's
  std::string text = token.text;
  for (auto at = text.find(blank_mark); at != std::string::npos && token.kind != token_kind::special;
       at = text.find(blank_mark, at))
    text.replace(at, blank_mark.size(), 1, ' ');
  return text;
}

/// The parts of a normalised text that were made of trusted text alone, each of one range of it.
std::vector<text_range> trusted_parts(const aligned_text& text, std::span<const text_range> trusted) {
  std::vector<text_range> parts;
  const text_range* last = nullptr; // The range of the byte before.
  for (std::size_t i = 0; i < text.text.size(); ++i) {
    const auto& [begin, end] = text.origins[i];
    const auto behind = std::ranges::upper_bound(trusted, begin, {}, &text_range::begin);
    const auto* range = behind == trusted.begin() ? nullptr : &*std::prev(behind);
    if (range && std::max(end, begin + 1) > range->end)
      range = nullptr;
    if (range && range == last)
      parts.back().end = i + 1;
    else if (range)
      parts.push_back({i, i + 1});
    last = range;
  }
  return parts;
}

} // namespace

tokenizer::tokenizer(const vocabulary& source)
    : normalizer_(made_of<normalizer>(source.normalizers, "normalising")),
      decoder_(std::make_shared<text_decoder>(made_of<text_decoder>(source.decoders, "decoding"))),
      before_(source.before),
      after_(source.after),
      is_byte_level_(source.model == subword_kind::byte_level_bpe) {
  if (source.tokens.empty())
    throw model_error("[tokenizer] the vocabulary has no tokens; the model file lacks its tokenizer");
  if (source.tokens.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
    throw model_error("[tokenizer] the vocabulary has " + std::to_string(source.tokens.size()) +
                      " tokens, more than ids of 32 bits can count");
  if (source.split == pre_tokenizer::steps)
    steps_ = made_of<step_splitter>(source.splitters, "splitting");
  else
    splitter_.emplace(source.split);
  add_tokens(source);
  const auto check = [&](const char* what, std::int32_t id) {
    if (!is_inside(id))
      throw model_error("[tokenizer] the " + std::string(what) + " token " + std::to_string(id) + " is not among the " +
                        std::to_string(size()) + " tokens of the vocabulary");
  };
  for (const std::int32_t id : source.end_of_turn) {
    check("end-of-turn", id);
    end_of_turn_.insert(id);
  }
  for (const auto* ids : {&before_, &after_})
    for (const std::int32_t id : *ids)
      check("beginning or end", id);
  if (source.unknown)
    check("unknown", *source.unknown);
  model_ = make_subword_model(source, ids_);
}

void tokenizer::add_tokens(const vocabulary& source) {
  bytes_.reserve(source.tokens.size());
  kinds_.reserve(source.tokens.size());
  const auto ids = std::make_shared<token_ids>();
  ids->reserve(source.tokens.size());
  for (std::size_t i = 0; i < source.tokens.size(); ++i) {
    const vocabulary_token& token = source.tokens[i];
    const auto id = static_cast<std::int32_t>(i);
    const auto normalized = token.is_normalized ? normalizer_.apply(token.text).text : std::string();
    const auto& text = token.is_normalized ? normalized : token.text;
    kinds_.push_back(token.kind);
    bytes_.push_back(bytes_of_token(source, token));
    if (!source.decoders.empty()) // the library decodes what it looks for
      texts_.push_back(text);
    if (token.kind == token_kind::normal || token.kind == token_kind::byte)
      ids->try_emplace(token.text, id);
    if (token.kind != token_kind::special && token.kind != token_kind::added)
      continue;
    ids->insert_or_assign(token.text, id);
    (token.is_normalized ? normalized_whole_ : whole_).insert(token, text, id);
  }
  ids_ = ids;
}

std::vector<std::int32_t> tokenizer::encode(const marked_text& marked) const try {
  const std::string_view text = marked.text();
  const auto trusted = trusted_ranges(text.size(), marked.data());
  std::vector<std::int32_t> ids;
  std::size_t plain = 0; // Where the text since the last whole token begins.
  for (const auto& found : whole_.find_all(text, trusted)) {
    encode_between(text.substr(plain, found.begin - plain), plain, trusted, ids);
    ids.push_back(found.id);
    plain = found.end;
  }
  encode_between(text.substr(plain), plain, trusted, ids);
  return ids;
} catch (const regular_expression_error& error) {
  throw std::runtime_error("[tokenizer] the patterns of the model's tokenizer can't split a text of " +
                           std::to_string(marked.text().size()) + " bytes: " + error.what());
}

std::vector<std::int32_t> tokenizer::encode_whole(const marked_text& text) const {
  auto ids = encode(text);
  if (ids.size() < before_.size() || !std::equal(before_.begin(), before_.end(), ids.begin()))
    ids.insert(ids.begin(), before_.begin(), before_.end());
  if (ids.size() < after_.size() || !std::equal(after_.rbegin(), after_.rend(), ids.rbegin()))
    ids.insert(ids.end(), after_.begin(), after_.end());
  return ids;
}

/// What stands between whole tokens, from the byte `at` of the whole text on.
void tokenizer::encode_between(std::string_view text, std::size_t at, std::span<const text_range> trusted,
                               std::vector<std::int32_t>& ids) const {
  if (text.empty())
    return;
  if (normalizer_.empty() && normalized_whole_.empty())
    return encode_plain(text, at == 0, ids);
  const auto normal = normalizer_.apply(text, at);
  const std::string_view all = normal.text;
  const auto is_first = [&](std::size_t begin) { return begin < all.size() && normal.origins[begin].begin == 0; };
  std::size_t plain = 0;
  if (!normalized_whole_.empty())
    for (const auto& found : normalized_whole_.find_all(all, trusted_parts(normal, trusted))) {
      encode_plain(all.substr(plain, found.begin - plain), is_first(plain), ids);
      ids.push_back(found.id);
      plain = found.end;
    }
  encode_plain(all.substr(plain), is_first(plain), ids);
}

void tokenizer::encode_plain(std::string_view text, bool is_first, std::vector<std::int32_t>& ids) const {
  if (splitter_)
    for (const std::string_view piece : splitter_->split(text))
      model_->encode(piece, ids);
  else
    for (const auto& piece : steps_.split(text, is_first))
      model_->encode(piece.text, ids);
}

std::string tokenizer::decode(std::span<const std::int32_t> ids, special_text special) const {
  text_decoder::run run(*decoder_);
  std::string bytes;
  for (const std::int32_t id : ids)
    if (special == special_text::shown || !is_special(id))
      bytes += decoded_piece(run, id);
  bytes += run.finish();
  std::string text;
  text.reserve(bytes.size());
  drain_utf8(bytes, text, true);
  return text;
}

std::string tokenizer::decoded_piece(text_decoder::run& run, std::int32_t id) const {
  if (kind_of(id) == token_kind::unused)
    return {};
  return texts_.empty() ? bytes_[static_cast<std::size_t>(id)] : run.push(texts_[static_cast<std::size_t>(id)]);
}

std::string_view tokenizer::token_bytes(std::int32_t id) const {
  return is_inside(id) ? std::string_view(bytes_[static_cast<std::size_t>(id)]) : std::string_view();
}

token_kind tokenizer::kind_of(std::int32_t id) const {
  return is_inside(id) ? kinds_[static_cast<std::size_t>(id)] : token_kind::unused;
}

std::optional<std::int32_t> tokenizer::find(std::string_view text) const {
  const auto found = ids_->find(text);
  return found == ids_->end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::pair<std::string, std::int32_t>> tokenizer::vocabulary_pairs() const {
  std::vector<std::pair<std::string, std::int32_t>> pairs(ids_->begin(), ids_->end());
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

} // namespace avp
