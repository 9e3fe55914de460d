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

std::vector<std::pair<std::int32_t, std::int32_t>> pairs_as_written(const tokenizer& source, const tokenizer& target) {
  std::vector<std::pair<std::int32_t, std::int32_t>> ids;
  const auto theirs = target.vocabulary_pairs();
  for (auto there = theirs.begin(); const auto& [text, id] : source.vocabulary_pairs()) { // both are sorted by text
    there = std::find_if(there, theirs.end(), [&](const auto& one) { return one.first >= text; });
    if (there != theirs.end() && there->first == text)
      ids.emplace_back(id, there->second);
  }
  return ids;
}

std::vector<std::pair<std::int32_t, std::int32_t>> pairs_by_bytes(const tokenizer& source, const tokenizer& target) {
  std::vector<std::pair<std::int32_t, std::int32_t>> ids;
  const bool same_kind = source.is_byte_level() == target.is_byte_level();
  const auto there = by_bytes(target, same_kind);
  for (const auto& [bytes, id] : by_bytes(source, same_kind))
    if (const auto found = there.find(bytes); found != there.end())
      ids.emplace_back(id, found->second);
  return ids;
}

} // namespace

shared_tokens shared_between(const tokenizer& source, const tokenizer& target, pairing by) {
  shared_tokens made;
  made.are_all = source.has_vocabulary_of(target);
  made.ids =
      made.are_all || by == pairing::reference ? pairs_as_written(source, target) : pairs_by_bytes(source, target);
  std::ranges::sort(made.ids);
  return made;
}

} // namespace avp
