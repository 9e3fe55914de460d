// Makes the model of subwords that a vocabulary asks for.
#pragma once

#include <memory>

#include "gpu/text/subword_model.hpp"

namespace avp {

/// Makes the model that `source` asks for; `ids` are its tokens but the unused ones, by text. Throws model_error when
/// it contradicts itself.
[[nodiscard]] std::shared_ptr<const subword_model> make_subword_model(const vocabulary& source,
                                                                      std::shared_ptr<const token_ids> ids);

} // namespace avp
