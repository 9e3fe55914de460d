// What a pipeline's [sweep] asks for, and one point of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <avp/agents/agent_spec.hpp>

namespace avp {

/// What grows in a sweep: what n counts.
enum class sweep_over : std::uint8_t {
  hops,          ///< Agents that run; copies of one stand one after another.
  branches,      ///< Copies of one agent, side by side.
  prompt_tokens, ///< Tokens of the problem, about.
};

/// What is measured at every n.
enum class sweep_series : std::uint8_t {
  latent,
  text,
  text_unshared, ///< Text mode; no prompt takes blocks of another one that begins alike.
  direct,
};

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

/// The word for it in files: "hops", "branches", "prompt_tokens"; all of them in this order.
[[nodiscard]] std::string_view over_name(sweep_over over);
[[nodiscard]] const std::vector<std::string>& over_names();

/// The word for it in files: "latent", "text", "text_unshared", "direct"; all of them in this order.
[[nodiscard]] std::string_view series_name(sweep_series series);
[[nodiscard]] const std::vector<std::string>& series_names();

/// For people: "text without sharing".
[[nodiscard]] std::string series_text(sweep_series series);

/// For people: "8 hops", "1 branch", "2,048 prompt tokens".
[[nodiscard]] std::string size_of_sweep(sweep_over over, std::int64_t n);

/// The mode in which a series runs.
[[nodiscard]] mode mode_of(sweep_series series);

} // namespace avp
