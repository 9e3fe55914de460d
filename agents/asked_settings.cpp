// Settings put over those of a spec.
#include "agents/asked_settings.hpp"

namespace avp {

namespace {

template <class Value, class Target>
void put(const std::optional<Value>& asked, Target& setting) {
  if (asked)
    setting = *asked;
}

} // namespace

agent_spec asked_settings::applied_to(agent_spec spec) const {
  put(steps, spec.steps);
  put(max_new_tokens, spec.max_new_tokens);
  put(sampling.temperature, spec.sampling.temperature);
  put(sampling.top_p, spec.sampling.top_p);
  put(sampling.top_k, spec.sampling.top_k);
  put(sampling.min_p, spec.sampling.min_p);
  put(sampling.repetition_penalty, spec.sampling.repetition_penalty);
  spec.stop.insert(spec.stop.end(), stop.begin(), stop.end());
  put(seed, spec.seed);
  return spec;
}

} // namespace avp
