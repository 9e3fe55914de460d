// What whoever asks for one task wants done otherwise than an agent's spec says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <caf/meta/type_name.hpp>

#include "agents/agent_spec.hpp"
#include "gpu/sampling.hpp"
#include "gpu/wire_field.hpp"

namespace avp {

/// Settings of one hop in place of its agent's own; what is not set stays as the spec has it.
struct asked_settings {
  std::optional<int> steps;
  std::optional<int> max_new_tokens;
  said_sampling sampling;
  std::vector<std::string> stop; ///< Beside those of the spec.
  std::optional<std::uint64_t> seed;

  bool operator==(const asked_settings&) const = default;

  /// Whether nothing is set.
  [[nodiscard]] bool empty() const { return *this == asked_settings(); }

  /// The spec with these settings.
  [[nodiscard]] agent_spec applied_to(agent_spec spec) const;
};

/// How it goes from machine to machine.
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, asked_settings& x) {
  return f(caf::meta::type_name("avp::asked_settings"), as_field(x.steps), as_field(x.max_new_tokens), x.sampling,
           x.stop, as_field(x.seed));
}

} // namespace avp
