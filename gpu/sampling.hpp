// How the next token is chosen from the logits.
#pragma once

#include <cstdint>

#include <caf/meta/type_name.hpp>

namespace avp {

/// Sampling settings of one request. Applied in this order: repetition penalty, temperature, top-k, top-p, min-p.
struct sampling {
  float temperature = 0.7F; ///< 0 is greedy.
  float top_p = 0.95F;      ///< Smallest set of tokens whose probabilities reach this sum; 1 keeps all.
  int top_k = 0;            ///< 0 keeps all.
  float min_p = 0;          ///< Drops tokens below min_p times the best token's probability.
  float repetition_penalty = 1;
};

/// How it goes from machine to machine.
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, sampling& x) {
  return f(caf::meta::type_name("avp::sampling"), x.temperature, x.top_p, x.top_k, x.min_p, x.repetition_penalty);
}

} // namespace avp
