// Tables of two vocabularies by what their tokens are.
#include "gpu/text/shared_tokens.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace avp {

namespace {

// By bytes; of several with the same ones, that which says most plainly what it is.
std::unordered_map<std::string_view, std::int32_t> by_bytes(const tokenizer& of, bool special_too) {
  constexpr token_kind plainest_first[] = {token_kind::normal, token_kind::added, token_kind::special,
                                           token_kind::byte};
  std::unordered_map<std::string_view, std::int32_t> ids;
  ids.reserve(of.size());
  for (const auto kind : plainest_first)
    for (std::int32_t id = 0; static_cast<std::size_t>(id) < of.size(); ++id)
      if (of.kind_of(id) == kind && !of.token_bytes(id).empty() && (special_too || kind != token_kind::special))
        ids.try_emplace(of.token_bytes(id), id);
  return ids;
}

shared_tokens sorted(shared_tokens made) {
  std::ranges::sort(made.ids);
  return made;
}

} // namespace

shared_tokens shared_between(const tokenizer& source, const tokenizer& target, pairing by) {
  const auto ours = source.vocabulary_pairs(), theirs = target.vocabulary_pairs();
  shared_tokens made;
  made.are_all = ours == theirs;
  if (made.are_all || by == pairing::reference) {
    for (auto there = theirs.begin(); const auto& [text, id] : ours) { // both are sorted by text
      while (there != theirs.end() && there->first < text)
        ++there;
      if (there != theirs.end() && there->first == text)
        made.ids.emplace_back(id, there->second);
    }
    return sorted(std::move(made));
  }
  const bool same_kind = source.is_byte_level() == target.is_byte_level();
  const auto there = by_bytes(target, same_kind);
  for (const auto& [bytes, id] : by_bytes(source, same_kind))
    if (const auto found = there.find(bytes); found != there.end())
      made.ids.emplace_back(id, found->second);
  return sorted(std::move(made));
}

} // namespace avp
