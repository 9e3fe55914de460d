// How well projections from one model onto another come out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gpu/device_config.hpp"
#include "gpu/projection.hpp"

namespace avp {

/// What became of one sentence.
struct validated_sentence {
  std::string text;
  std::int64_t compared = 0; ///< Tokens whose vectors were compared: those behind the first that the target knows, too.
  double cosine = 0;         ///< Mean cosine of a position's vector with the target's embedding of the next token.
  double dropped_mass = 0;   ///< Mean over the positions.
  /// The target's perplexity over the sentence behind the vector of its last position; where both have one vocabulary.
  std::optional<double> perplexity;
};

/// The validation of the AVP SDK 0.6.2: five sentences through the source, every position projected.
struct projection_validation {
  projection_method method = projection_method::vocab_overlap;
  std::vector<validated_sentence> sentences;
  double cosine = 0; ///< Means over the sentences.
  double dropped_mass = 0;
  std::optional<double> perplexity;
  bool is_good = false; ///< As the SDK decides: cosine of 0.5 or more, perplexity of 100 at most.
};

/// Loads both models onto the CPU and validates. Throws model_error, also where the models have no token in common.
[[nodiscard]] projection_validation validate_projection(const model_spec& source, const model_spec& target);

} // namespace avp
