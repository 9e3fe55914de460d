// Finds the tokens that are recognised in a text as a whole.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace avp {

/// A set of token texts, looked up at a place of a text.
class token_trie {
public:
  /// A token found in a text.
  struct match {
    std::int32_t id = 0;
    std::size_t length = 0; ///< In bytes.
  };

  /// Adds a token; an empty text is never found.
  void insert(std::string_view token, std::int32_t id);

  /// The longest token that begins where `text` begins, if there is one.
  [[nodiscard]] std::optional<match> longest_match(std::string_view text) const;

private:
  static std::uint64_t edge(std::uint32_t node, char byte) {
    return static_cast<std::uint64_t>(node) << 8U | static_cast<unsigned char>(byte);
  }

  std::array<bool, 256> starts_{};                         // By first byte: most places of a text are done with here.
  std::unordered_map<std::uint64_t, std::uint32_t> edges_; // (node, byte) to node; the root is 0.
  std::unordered_map<std::uint32_t, std::int32_t> ends_;   // Node to the token that ends there.
};

} // namespace avp
