// Numbers of latent steps.
#include "gpu/engine/thought_log.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "gpu/kernels/row_kernels.hpp"
#include "gpu/text/utf8.hpp"

namespace avp {

namespace {

// Tokens that are told of a step.
constexpr std::size_t most_likely = 5;

// From so many steps in a row on, the same best token or a certain one is no coincidence.
constexpr int too_many_in_a_row = 5;

// Nats below which a step is as good as a token: the best one has a probability of some 0.999.
constexpr double certain_entropy = 0.01;

// A state behind the last norm keeps its length, but for some 25 %.
constexpr double most_growth = 2;

double dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

// The places of the largest scores, the largest first, of equals the first one.
std::array<std::int32_t, most_likely> best_of(std::span<const float> scores) {
  std::array<float, most_likely> values{};
  std::array<std::int32_t, most_likely> places{};
  values.fill(-std::numeric_limits<float>::infinity());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (!(scores[i] > values.back()))
      continue;
    auto at = most_likely - 1;
    for (; at > 0 && scores[i] > values[at - 1]; --at) {
      values[at] = values[at - 1];
      places[at] = places[at - 1];
    }
    values[at] = scores[i];
    places[at] = static_cast<std::int32_t>(i);
  }
  return places;
}

std::string as_utf8(std::string_view bytes) {
  std::string rest(bytes), text;
  drain_utf8(rest, text, true);
  return text;
}

} // namespace

void thought_log::add(std::span<const float> state, std::span<const float> scores) {
  thought_step step;
  step.norm = std::sqrt(dot(state, state));
  look_at_norm(step.norm);
  if (!scores.empty()) {
    const auto& kernels = cpu_row_kernels();
    const auto count = static_cast<std::int64_t>(scores.size());
    const auto spread = kernels.distribution_of(scores.data(), count);
    step.entropy = spread.entropy;
    if (explains_) {
      const auto best = best_of(scores);
      step.tokens = described(std::span(best).first(std::min(best.size(), scores.size())), scores, spread.log_sum);
      look_at_token(best.front(), spread.entropy);
    } else {
      look_at_token(static_cast<std::int32_t>(kernels.first_largest(scores.data(), count)), spread.entropy);
    }
  }
  ++steps_;
  if (!explains_)
    return;
  if (!last_state_.empty())
    step.cosine = dot(state, last_state_) / std::sqrt(dot(last_state_, last_state_)) / step.norm;
  last_state_.assign(state.begin(), state.end());
  thought_.steps.push_back(std::move(step));
}

void thought_log::look_at_norm(double norm) {
  if (steps_ == 0)
    first_norm_ = norm;
  else if (norm > first_norm_ * most_growth || norm * most_growth < first_norm_)
    thought_.warn(thought_warning::norm_blown_up);
}

void thought_log::look_at_token(std::int32_t best, double entropy) {
  same_ = best == last_best_ ? same_ + 1 : 1;
  certain_ = entropy < certain_entropy ? certain_ + 1 : 0;
  last_best_ = best;
  if (same_ >= too_many_in_a_row)
    thought_.warn(thought_warning::same_token);
  if (certain_ >= too_many_in_a_row)
    thought_.warn(thought_warning::entropy_collapsed);
}

std::vector<likely_token> thought_log::described(std::span<const std::int32_t> ids, std::span<const float> scores,
                                                 double log_sum) const {
  std::vector<likely_token> tokens;
  for (const auto id : ids)
    tokens.push_back({id, as_utf8(tokenizer_.token_bytes(id)), std::exp(scores[id] - log_sum)});
  return tokens;
}

} // namespace avp
