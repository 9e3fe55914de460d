// Which positions of which contexts a join keeps, and in what order.
#pragma once

#include <memory>
#include <vector>

#include "gpu/cache/recipe_layout.hpp"
#include "gpu/request.hpp"

namespace avp {

/// The recipe of a joined context; one of `contexts` itself where that is all there is to it. Throws request_error
/// where nothing is kept, or the positions to keep are not known.
[[nodiscard]] std::shared_ptr<const recipe>
joined_recipe(const join& how, std::vector<std::shared_ptr<const recipe>> contexts, recipe_layouts& layouts);

} // namespace avp
