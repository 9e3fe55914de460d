// Settings put over those of a spec.
#include "agents/asked_settings.hpp"

namespace avp {

agent_spec asked_settings::applied_to(agent_spec spec) const {
  spec.steps = steps.value_or(spec.steps);
  spec.max_new_tokens = max_new_tokens.value_or(spec.max_new_tokens);
  auto& sampling = spec.sampling;
  sampling.temperature = temperature.value_or(sampling.temperature);
  sampling.top_p = top_p.value_or(sampling.top_p);
  sampling.top_k = top_k.value_or(sampling.top_k);
  sampling.min_p = min_p.value_or(sampling.min_p);
  sampling.repetition_penalty = repetition_penalty.value_or(sampling.repetition_penalty);
  spec.stop.insert(spec.stop.end(), stop.begin(), stop.end());
  if (seed)
    spec.seed = seed;
  return spec;
}

} // namespace avp
