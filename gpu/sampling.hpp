// How the next token is chosen from the logits.
#pragma once

#include <cstdint>
#include <optional>

#include <caf/meta/type_name.hpp>

#include "gpu/wire_field.hpp"

namespace avp {

/// Sampling settings of one answer. Applied in this order: repetition penalty, temperature, top-k, top-p, min-p.
struct sampling {
  float temperature = 0.7F; ///< 0 is greedy.
  float top_p = 0.95F;      ///< Smallest set of tokens whose probabilities reach this sum; 1 keeps all.
  int top_k = 0;            ///< 0 keeps all.
  float min_p = 0;          ///< Drops tokens below min_p times the best token's probability.
  float repetition_penalty = 1;
};

/// Those of them that somebody has said: an agent, or a model's files.
struct said_sampling {
  std::optional<float> temperature, top_p;
  std::optional<int> top_k;
  std::optional<float> min_p, repetition_penalty;

  bool operator==(const said_sampling&) const = default;

  /// All of them: what is not said here is as `otherwise` says, and else as `sampling` has it.
  [[nodiscard]] sampling or_else(const said_sampling& otherwise) const {
    const auto choose = [](const auto& said, const auto& other, auto last) {
      return said.value_or(other.value_or(last));
    };
    const sampling last;
    return {choose(temperature, otherwise.temperature, last.temperature), choose(top_p, otherwise.top_p, last.top_p),
            choose(top_k, otherwise.top_k, last.top_k), choose(min_p, otherwise.min_p, last.min_p),
            choose(repetition_penalty, otherwise.repetition_penalty, last.repetition_penalty)};
  }
};

/// How it goes from machine to machine.
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, said_sampling& x) {
  return f(caf::meta::type_name("avp::said_sampling"), as_field(x.temperature), as_field(x.top_p), as_field(x.top_k),
           as_field(x.min_p), as_field(x.repetition_penalty));
}

} // namespace avp
