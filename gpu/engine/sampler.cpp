// Greedy and random sampling.
#include "gpu/engine/sampler.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gpu/kernels/row_kernels.hpp"

namespace avp {

namespace {

// Best candidates sorted at first; more only when these do not reach top_p.
constexpr std::size_t first_sorted = 256;

} // namespace

sampler::sampler(const sampling& settings, std::uint64_t seed, std::span<const std::int32_t> fed)
    : settings_(settings),
      random_(seed),
      seen_(fed.begin(), fed.end()) {
  std::sort(seen_.begin(), seen_.end());
  seen_.erase(std::unique(seen_.begin(), seen_.end()), seen_.end());
}

std::int32_t sampler::next(std::span<float> logits) {
  penalise(logits);
  std::int32_t token = 0;
  if (settings_.temperature <= 0)
    token = static_cast<std::int32_t>(
        cpu_row_kernels().first_largest(logits.data(), static_cast<std::int64_t>(logits.size())));
  else
    token = draw(candidates(logits));
  auto place = std::lower_bound(seen_.begin(), seen_.end(), token);
  if (place == seen_.end() || *place != token)
    seen_.insert(place, token);
  return token;
}

// CTRL, arXiv 1909.05858, section 4.1. A penalty near 0 or a very large one must not make infinities.
void sampler::penalise(std::span<float> logits) const {
  if (settings_.repetition_penalty == 1)
    return;
  for (auto token : seen_) {
    auto& logit = logits[token];
    logit = logit > 0 ? logit / settings_.repetition_penalty : logit * settings_.repetition_penalty;
    logit = std::clamp(logit, std::numeric_limits<float>::lowest(), std::numeric_limits<float>::max());
  }
}

// The tokens that stay, best first, with unnormalised probabilities (the best one has 1). Where those are equal, the
// logits may still differ; equal ones are in order of their id.
std::vector<sampler::candidate> sampler::candidates(std::span<const float> logits) const {
  const float best = *std::max_element(logits.begin(), logits.end());
  std::vector<candidate> all(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i)
    all[i] = {std::exp((logits[i] - best) / settings_.temperature), static_cast<std::int32_t>(i)};
  const auto better = [&](const candidate& a, const candidate& b) {
    if (a.first != b.first)
      return a.first > b.first;
    const auto of_a = logits[a.second], of_b = logits[b.second];
    return of_a != of_b ? of_a > of_b : a.second < b.second;
  };
  std::size_t sorted = 0;
  const auto sort_to = [&](std::size_t count) {
    std::partial_sort(all.begin() + sorted, all.begin() + count, all.end(), better);
    sorted = count;
  };
  if (settings_.top_k > 0 && static_cast<std::size_t>(settings_.top_k) < all.size()) {
    sort_to(settings_.top_k);
    all.resize(sorted);
  }
  if (settings_.top_p < 1) {
    double total = 0;
    for (const auto& [probability, token] : all)
      total += probability;
    double sum = 0;
    std::size_t kept = 0;
    while (kept < all.size() && sum < settings_.top_p * total) {
      if (kept == sorted)
        sort_to(std::min(all.size(), std::max(first_sorted, sorted * 4)));
      sum += all[kept++].first;
    }
    all.resize(std::max<std::size_t>(kept, 1));
  }
  if (settings_.min_p > 0)
    std::erase_if(all, [&](const candidate& c) { return c.first < settings_.min_p; });
  return all;
}

// Inverse transform with 53 random bits: the same on every standard library.
std::int32_t sampler::draw(const std::vector<candidate>& from) {
  double total = 0;
  for (const auto& [probability, token] : from)
    total += probability;
  double point = static_cast<double>(random_() >> 11U) * 0x1p-53 * total;
  for (const auto& [probability, token] : from) {
    point -= probability;
    if (point < 0)
      return token;
  }
  return from.back().second;
}

} // namespace avp
