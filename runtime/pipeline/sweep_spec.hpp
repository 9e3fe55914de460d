// What a pipeline's [sweep] asks for, and one point of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agents/agent_spec.hpp"

namespace avp {

/// What grows in a sweep: what n counts.
enum class sweep_over : std::uint8_t {
  hops,          ///< Agents that run; copies of one stand one after another.
  branches,      ///< Copies of one agent, side by side.
  prompt_tokens, ///< Tokens of the problem, about.
};

template <>
inline constexpr auto name_table<sweep_over> = std::to_array<named_value<sweep_over>>({
    {sweep_over::hops, "hops"},
    {sweep_over::branches, "branches"},
    {sweep_over::prompt_tokens, "prompt_tokens"},
});

/// What is measured at every n.
enum class sweep_series : std::uint8_t {
  latent,
  text,
  text_unshared, ///< Text mode; no prompt takes blocks of another one that begins alike.
  direct,
};

template <>
inline constexpr auto name_table<sweep_series> = std::to_array<named_value<sweep_series>>({
    {sweep_series::latent, "latent"},
    {sweep_series::text, "text"},
    {sweep_series::text_unshared, "text_unshared"},
    {sweep_series::direct, "direct"},
});

/// `[sweep]`.
struct sweep_spec {
  sweep_over over = sweep_over::hops;
  std::string repeat;               ///< The agent that is copied; empty for prompt_tokens.
  std::vector<std::int64_t> values; ///< Of n, rising.
  std::vector<sweep_series> series{sweep_series::latent, sweep_series::text, sweep_series::text_unshared};
  std::string field; ///< For prompt_tokens: the field of a record that is filled up.
};

/// One n in one series.
struct sweep_point {
  sweep_over over = sweep_over::hops;
  std::int64_t n = 0;
  sweep_series series = sweep_series::latent;

  auto operator<=>(const sweep_point&) const = default;
};

/// For people: "text without sharing".
[[nodiscard]] std::string series_text(sweep_series series);

/// For people: "8 hops", "1 branch", "2,048 prompt tokens".
[[nodiscard]] std::string size_of_sweep(sweep_over over, std::int64_t n);

/// The mode in which a series runs.
[[nodiscard]] mode mode_of(sweep_series series);

} // namespace avp
