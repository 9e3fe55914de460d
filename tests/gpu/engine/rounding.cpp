// Readings of two runs side by side.
#include "tests/gpu/engine/rounding.hpp"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include "tests/gpu/engine/altered_model.hpp"

namespace avp::test {
namespace {

constexpr float noise = 1e-5F;

std::vector<reading> readings_of(const std::filesystem::path& gguf, const nlohmann::json& fixture) {
  fixture_engine engine(gguf);
  return run_case(engine, fixture, 0).readings;
}

} // namespace

std::vector<double> noise_scale(const std::filesystem::path& gguf, const nlohmann::json& fixture) {
  const auto clean = readings_of(gguf, fixture);
  std::vector<double> scale(clean.size());
  for (const std::uint64_t seed : {1, 2}) {
    altered_model altered(gguf);
    altered.add_noise(noise, seed);
    const auto moved = readings_of(altered.path(), fixture);
    for (std::size_t i = 0; i < clean.size(); ++i)
      scale[i] = std::max(scale[i], distance(moved[i], clean[i]));
  }
  return scale;
}

std::vector<std::string> beyond_rounding(const std::vector<reading>& ours, const std::vector<reading>& theirs,
                                         const std::vector<double>& scale) {
  if (ours.size() != theirs.size() || (!scale.empty() && scale.size() != ours.size()))
    throw std::invalid_argument("readings of different cases");
  std::vector<std::string> beyond;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const double apart = distance(ours[i], theirs[i]);
    const double allowed = std::max(theirs[i].allowed, scale.empty() ? 0 : noise_factor * scale[i]);
    if (apart <= allowed)
      continue;
    std::array<char, 80> numbers{};
    std::snprintf(numbers.data(), numbers.size(), " is off by %.3g, allowed is %.3g", apart, allowed);
    beyond.push_back(ours[i].name + numbers.data());
  }
  return beyond;
}

} // namespace avp::test
