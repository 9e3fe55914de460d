// How what one model thought becomes an input of another, in words and numbers.
#pragma once

#include <cstdint>

#include "transport/name_table.hpp"

namespace avp {

/// By what tokens of two vocabularies are taken to be the same.
enum class pairing : std::uint8_t {
  bytes,     ///< By the bytes that they stand for in a text.
  reference, ///< By how their vocabularies write them, as the AVP SDK does; for comparison.
};

template <>
inline constexpr auto name_table<pairing> = std::to_array<named_value<pairing>>({
    {pairing::bytes, "bytes"},
    {pairing::reference, "reference"},
});

/// The two ways of the AVP SDK from one model's scores to another's input.
enum class projection_method : std::uint8_t {
  vocab_mediated, ///< Both vocabularies are one: all rows count.
  vocab_overlap,  ///< Those of tokens that both have.
};

template <>
inline constexpr auto name_table<projection_method> = std::to_array<named_value<projection_method>>({
    {projection_method::vocab_mediated, "vocab_mediated"},
    {projection_method::vocab_overlap, "vocab_overlap"},
});

/// What is known of a projection: how it was made, and the figures by which the AVP SDK judges one.
struct projection_facts {
  projection_method method = projection_method::vocab_overlap;
  avp::pairing pairing = pairing::bytes;
  double temperature = 1;         ///< By which scores were divided.
  std::int64_t shared_tokens = 0; ///< Rows that took part.
  double hidden_state_norm = 0;   ///< Of the state that was projected.
  double dropped_mass = 0;        ///< Probability of the source's tokens that the target lacks.
  double entropy = 0;             ///< Of the distribution over the others, in nats.
  double max_prob = 0;            ///< The greatest probability in it.
  double logit_gap = 0;       ///< That less the second greatest: a difference of probabilities, named as in the SDK.
  double nearest_cos_sim = 0; ///< The greatest cosine of what came out with an input embedding of these tokens.

  bool operator==(const projection_facts&) const = default;
};

/// Calls `visit` with the name, as files write it, and the value of each number of `facts`.
template <class Facts, class Visit>
void visit_figures(Facts& facts, Visit visit) {
  visit("temperature", facts.temperature);
  visit("shared_tokens", facts.shared_tokens);
  visit("dropped_mass", facts.dropped_mass);
  visit("entropy", facts.entropy);
  visit("max_prob", facts.max_prob);
  visit("logit_gap", facts.logit_gap);
  visit("hidden_state_norm", facts.hidden_state_norm);
  visit("nearest_cos_sim", facts.nearest_cos_sim);
}

} // namespace avp
