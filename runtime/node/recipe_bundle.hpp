// Recipes with all their ancestors as texts, each once.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gpu/recipe.hpp"

namespace avp {

/// Recipes by their ids.
using recipe_map = std::map<std::string, std::shared_ptr<const recipe>>;

/// Adds a recipe and all its ancestors to a map.
void add_with_ancestors(const std::shared_ptr<const recipe>& history, recipe_map& into);

/// Encodings of recipes and all their ancestors that `known` has not, parents first, each once.
[[nodiscard]] std::vector<std::string>
encode_with_ancestors(const std::vector<std::shared_ptr<const recipe>>& histories, const recipe_map& known = {});

/// Adds the recipes of a bundle to a map that has those that it leaves out. Throws std::runtime_error as
/// recipe::decode() does.
void decode_into(const std::vector<std::string>& encodings, recipe_map& known);

} // namespace avp
