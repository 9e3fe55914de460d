// What takes pieces of text apart into tokens.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gpu/text/vocabulary.hpp"

namespace avp {

/// Lets a map of strings be searched without making one.
struct text_hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

/// Ids by text.
using token_ids = std::unordered_map<std::string, std::int32_t, text_hash, std::equal_to<>>;

/// A model of subwords. Const use is safe from many threads.
class subword_model {
public:
  virtual ~subword_model() = default;

  /// Appends the tokens of one piece of text to `ids`: never a special one but the unknown token. Bytes that are not
  /// UTF-8 are taken as a character that no vocabulary has.
  virtual void encode(std::string_view piece, std::vector<std::int32_t>& ids) const = 0;
};

/// The unknown token, unless it ends answers: a text could end one with it.
[[nodiscard]] std::optional<std::int32_t> safe_unknown(const vocabulary& source);

/// Whether a token is nothing but white space and SentencePiece's marks of blanks.
[[nodiscard]] bool is_blank(std::string_view token);

/// The tokens to which plain text may come, by text: those that are not recognised as a whole, and those that are but
/// are nothing else than blanks. Const use is safe from many threads.
class plain_tokens {
public:
  plain_tokens(const vocabulary& source, std::shared_ptr<const token_ids> ids);

  /// The token that is written `text`.
  [[nodiscard]] std::optional<std::int32_t> find(std::string_view text) const;

  /// Whether the token is one of them.
  [[nodiscard]] bool contains(std::int32_t id) const { return is_plain_[static_cast<std::size_t>(id)]; }

private:
  std::shared_ptr<const token_ids> ids_;
  std::vector<bool> is_plain_; // By id.
};

/// The tokens that stand for single bytes where a model falls back to them.
class byte_tokens {
public:
  /// Finds them by their texts, `<0x00>` to `<0xFF>`; nothing is found where `source` does not fall back to bytes.
  byte_tokens(const vocabulary& source, const token_ids& ids);

  /// Appends the tokens of all bytes of `text`, or none and returns false where one of them has no token.
  [[nodiscard]] bool append(std::string_view text, std::vector<std::int32_t>& ids) const;

private:
  std::array<std::int32_t, 256> ids_{}; // Or -1.
};

/// The byte that a token written like `<0xE2>` stands for.
[[nodiscard]] std::optional<unsigned char> byte_of_token(std::string_view text);
} // namespace avp
