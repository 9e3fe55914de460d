// Chains of places with the same n-gram.
#include "gpu/engine/prompt_lookup.hpp"

#include <algorithm>
#include <utility>

namespace avp {

namespace {

// Places that are looked at, and tokens that are compared at each: a text of one word has thousands.
constexpr int most_places = 32;
constexpr std::size_t longest_match = 32;

// Of the n-gram that ends a text: no two have the same where ids have 21 bits; others are told apart by match_at().
std::uint64_t name_of_end(std::span<const std::int32_t> tokens) {
  std::uint64_t name = 0;
  for (const auto token : tokens.last(prompt_lookup::least_match))
    name = (name << 21U) ^ static_cast<std::uint64_t>(token);
  return name;
}

bool is_whole(std::span<const std::int32_t> tokens) {
  return std::ranges::find(tokens, prompt_lookup::no_token) == tokens.end();
}

} // namespace

void prompt_lookup::append(std::int32_t token) {
  tokens_.push_back(token);
  before_.push_back(-1);
  if (tokens_.size() < least_match || !is_whole(std::span(tokens_).last(least_match)))
    return;
  auto& last = last_.try_emplace(name_of_end(tokens_), -1).first->second;
  before_.back() = std::exchange(last, static_cast<place>(tokens_.size() - 1));
}

void prompt_lookup::append(std::span<const std::int32_t> tokens) {
  for (const auto token : tokens)
    append(token);
}

// How many tokens up to there are those at the end.
std::size_t prompt_lookup::match_at(place other) const {
  const auto most = std::min(longest_match, static_cast<std::size_t>(other) + 1);
  std::size_t length = 0;
  while (length < most && tokens_[other - length] == tokens_[tokens_.size() - 1 - length] &&
         tokens_[other - length] != no_token)
    ++length;
  return length;
}

// A match that overlaps the end goes on with what was guessed, so a text that repeats itself goes on doing so.
std::vector<std::int32_t> prompt_lookup::guess(std::size_t most, bool is_try) {
  place best = -1;
  std::size_t longest = (is_try ? sure_match : least_match) - 1;
  auto other = before_.empty() ? -1 : before_.back();
  for (int looked = 0; other >= 0 && looked < most_places && longest < longest_match; ++looked) {
    if (const auto length = match_at(other); length > longest) {
      longest = length;
      best = other;
    }
    other = before_[other];
  }
  std::vector<std::int32_t> guesses;
  if (best < 0)
    return guesses;
  for (auto next = static_cast<std::size_t>(best) + 1; guesses.size() < most; ++next) {
    const auto token = next < tokens_.size() ? tokens_[next] : guesses[next - tokens_.size()];
    if (token == no_token)
      break;
    guesses.push_back(token);
  }
  return guesses;
}

} // namespace avp
