// What latent steps would have said, and how they go wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "transport/name_table.hpp"

namespace avp {

/// A token that could have stood in the place of a latent step.
struct likely_token {
  std::int32_t id = 0;
  std::string text; ///< In UTF-8; of a part of a character U+FFFD, empty for an id that the tokenizer lacks.
  double probability = 0;
};

/// One latent step, seen where the model would have chosen a token: the state that its input is made of.
struct thought_step {
  std::vector<likely_token> tokens; ///< The most probable ones, the best first.
  double entropy = 0;               ///< Of all tokens, in nats.
  double norm = 0;                  ///< Euclidean, of the state.
  std::optional<double> cosine;     ///< Of the state and that of the step before; none for the first step.
};

/// Ways in which a thought degenerates. One whose numbers are no longer finite is none: it fails with not_finite.
enum class thought_warning : std::uint8_t {
  same_token,        ///< Step after step the same token is the most probable one.
  entropy_collapsed, ///< Step after step one token is as good as certain: the step is that token.
  norm_blown_up,     ///< The state is much longer, or shorter, than that of the first step.
};

template <>
inline constexpr auto name_table<thought_warning> = std::to_array<named_value<thought_warning>>({
    {thought_warning::same_token, "same_token"},
    {thought_warning::entropy_collapsed, "entropy_collapsed"},
    {thought_warning::norm_blown_up, "norm_blown_up"},
});

/// The latent steps of a request, or of all requests of a hop.
struct thought {
  std::vector<thought_step> steps;       ///< Where they were asked for (think::explain).
  std::vector<thought_warning> warnings; ///< Each once.

  /// Whether there is nothing to tell.
  [[nodiscard]] bool empty() const { return steps.empty() && warnings.empty(); }

  /// Adds what was thought after that.
  thought& operator+=(thought more);

  /// Adds a warning that is not there yet.
  void warn(thought_warning of);

  /// The warnings by their names.
  [[nodiscard]] std::vector<std::string> warning_names() const;

  /// Adds warnings by their names; those of other versions are left out.
  void warn_by_names(const std::vector<std::string>& names);
};

} // namespace avp
