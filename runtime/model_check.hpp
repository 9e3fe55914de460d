// avp-model check: whether a model is whole.
#pragma once

#include <string>
#include <vector>

#include "gpu/model/model_file.hpp"

namespace avp {

/// What the check of a model found.
struct model_check {
  bool is_good = false; ///< All that is needed is there and every value of it is finite.
  std::string text;     ///< A line for each tensor, one for each mistake, and the summary as the last.
};

/// Reads every tensor of a model that read_model gave. `mistakes`: what is known to be wrong with it already.
[[nodiscard]] model_check check_model(const model_file& model, std::vector<std::string> mistakes = {});

} // namespace avp
