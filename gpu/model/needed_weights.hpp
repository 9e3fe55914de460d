// Which weights a model of a family must have, and how a file falls short of it.
#pragma once

#include <string>
#include <vector>

#include "gpu/model/model_file.hpp"

namespace avp {

/// What is wrong with the weights of a file, one sentence each: those that are missing, of another shape or of a type
/// that can't be read, and those that would change the result but that the decoder does not read.
[[nodiscard]] std::vector<std::string> weight_mistakes(const model_file& model);

/// Names of the tensors that the decoder does not need and whose lack changes nothing, in name order.
[[nodiscard]] std::vector<std::string> unused_weights(const model_file& model);

/// Throws model_error, with the first of the mistakes and their number, when there are any; and when the vocabulary has
/// more tokens than the embedding has rows.
void check_weights(const model_file& model, const std::string& where);

} // namespace avp
