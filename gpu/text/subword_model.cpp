// What takes pieces of text apart into tokens.
#include "gpu/text/subword_model.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <utility>

#include "gpu/text/utf8.hpp"
#include "gpu/text/white_space.hpp"

namespace avp {

bool is_blank(std::string_view token) {
  constexpr char32_t blank_mark = 0x2581; // SentencePiece's
  for (std::size_t at = 0; at < token.size();) {
    const auto unit = read_utf8(token.substr(at));
    if (unit.state != utf8_state::valid || (unit.character != blank_mark && !is_white_space(unit.character)))
      return false;
    at += unit.length;
  }
  return !token.empty();
}

plain_tokens::plain_tokens(const vocabulary& source, std::shared_ptr<const token_ids> ids) : ids_(std::move(ids)) {
  is_plain_.reserve(source.tokens.size());
  for (const auto& token : source.tokens)
    is_plain_.push_back(token.kind == token_kind::normal || (token.kind == token_kind::added && is_blank(token.text)));
}

std::optional<std::int32_t> plain_tokens::find(std::string_view text) const {
  const auto found = ids_->find(text);
  return found == ids_->end() || !contains(found->second) ? std::nullopt : std::optional(found->second);
}

byte_tokens::byte_tokens(const vocabulary& source, const token_ids& ids) {
  ids_.fill(-1);
  if (!source.byte_fallback)
    return;
  for (std::size_t byte = 0; byte < ids_.size(); ++byte) {
    std::array<char, 8> name{};
    std::snprintf(name.data(), name.size(), "<0x%02X>", static_cast<unsigned>(byte));
    if (const auto found = ids.find(std::string_view(name.data())); found != ids.end())
      ids_[byte] = found->second;
  }
}

bool byte_tokens::append(std::string_view text, std::vector<std::int32_t>& ids) const {
  const auto id_of = [&](char byte) { return ids_[static_cast<unsigned char>(byte)]; };
  if (std::any_of(text.begin(), text.end(), [&](char byte) { return id_of(byte) < 0; }))
    return false;
  for (const char byte : text)
    ids.push_back(id_of(byte));
  return true;
}

std::optional<unsigned char> byte_of_token(std::string_view text) {
  if (text.size() != 6 || !text.starts_with("<0x") || !text.ends_with('>'))
    return std::nullopt;
  unsigned char byte = 0;
  const char* const end = text.data() + 5;
  return std::from_chars(text.data() + 3, end, byte, 16).ptr == end ? std::optional(byte) : std::nullopt;
}

std::optional<std::int32_t> safe_unknown(const vocabulary& source) {
  const bool ends =
      source.unknown && std::ranges::find(source.end_of_turn, *source.unknown) != source.end_of_turn.end();
  return ends ? std::nullopt : source.unknown;
}

} // namespace avp
