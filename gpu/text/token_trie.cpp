// Finds the tokens that are recognised in a text as a whole.
#include "gpu/text/token_trie.hpp"

namespace avp {

void token_trie::insert(std::string_view token, std::int32_t id) {
  if (token.empty())
    return;
  starts_[static_cast<unsigned char>(token.front())] = true;
  std::uint32_t node = 0;
  for (const char byte : token)
    node = edges_.try_emplace(edge(node, byte), static_cast<std::uint32_t>(edges_.size() + 1)).first->second;
  ends_.try_emplace(node, id);
}

std::optional<token_trie::match> token_trie::longest_match(std::string_view text) const {
  if (text.empty() || !starts_[static_cast<unsigned char>(text.front())])
    return std::nullopt;
  std::optional<match> longest;
  std::uint32_t node = 0;
  for (std::size_t length = 1; length <= text.size(); ++length) {
    const auto next = edges_.find(edge(node, text[length - 1]));
    if (next == edges_.end())
      break;
    node = next->second;
    if (const auto end = ends_.find(node); end != ends_.end())
      longest = match{end->second, length};
  }
  return longest;
}

} // namespace avp
