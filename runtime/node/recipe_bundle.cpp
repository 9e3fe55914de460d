// Recipes with all their ancestors as texts, each once.
#include "runtime/node/recipe_bundle.hpp"

#include <utility>

namespace avp {

namespace {

// Ancestors in the order parents first. A chain may be long, so without recursion.
std::vector<std::shared_ptr<const recipe>> in_order(const std::shared_ptr<const recipe>& root,
                                                    std::set<std::string>& seen) {
  std::vector<std::shared_ptr<const recipe>> ordered;
  std::vector<std::pair<std::shared_ptr<const recipe>, std::size_t>> open; // and which parent is next
  if (root && seen.insert(root->id()).second)
    open.emplace_back(root, 0);
  while (!open.empty()) {
    auto& [at, next] = open.back();
    if (next == at->parents.size()) {
      ordered.push_back(at);
      open.pop_back();
      continue;
    }
    const auto parent = at->parents[next++];
    if (seen.insert(parent->id()).second)
      open.emplace_back(parent, 0);
  }
  return ordered;
}

} // namespace

void add_with_ancestors(const std::shared_ptr<const recipe>& history, recipe_map& into) {
  std::set<std::string> seen;
  for (const auto& one : in_order(history, seen))
    into.emplace(one->id(), one);
}

std::vector<std::string> encode_with_ancestors(const std::vector<std::shared_ptr<const recipe>>& histories,
                                               const recipe_map& known) {
  std::set<std::string> seen;
  for (const auto& [id, one] : known)
    seen.insert(id);
  std::vector<std::string> encodings;
  for (const auto& history : histories)
    for (const auto& one : in_order(history, seen))
      encodings.push_back(one->encode());
  return encodings;
}

void decode_into(const std::vector<std::string>& encodings, recipe_map& known) {
  for (const auto& encoding : encodings) {
    const auto made = recipe::decode(encoding, [&](const std::string& id) {
      const auto parent = known.find(id);
      return parent == known.end() ? nullptr : parent->second;
    });
    known.emplace(made->id(), made);
  }
}

} // namespace avp
