// Chooses the next token from the logits.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "gpu/sampling.hpp"

namespace avp {

/// One sampler per request: its random numbers depend on its seed and on nothing else.
class sampler {
public:
  /// `fed` are the tokens that the repetition penalty counts from the start (the request's prompt).
  sampler(const sampling& settings, std::uint64_t seed, std::span<const std::int32_t> fed);

  /// Returns the next token and counts it for the repetition penalty. `logits` [vocab], finite numbers, is changed in
  /// place.
  [[nodiscard]] std::int32_t next(std::span<float> logits);

private:
  using candidate = std::pair<float, std::int32_t>; // probability, token

  void penalise(std::span<float> logits) const;
  [[nodiscard]] std::vector<candidate> candidates(std::span<const float> logits) const;
  [[nodiscard]] std::int32_t draw(const std::vector<candidate>& from);

  sampling settings_;
  std::mt19937_64 random_;
  std::vector<std::int32_t> seen_;
};

} // namespace avp
