// Variables of prompts that look like a slip for another one, where nobody knows the fields of the records.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agents/registry.hpp"
#include "runtime/pipeline/pipeline.hpp"
#include "runtime/pipeline/pipeline_source.hpp"

namespace avp {

/// A place at which a prompt names what only a field of the records can give.
struct field_use {
  std::string name;
  std::string path;       ///< Of the template: `agent.judge.prompt`, `defaults.prompt`.
  std::size_t offset = 0; ///< Byte of the template at which its `{{` begins.
};

/// One that was probably meant to be something else.
struct mistyped_variable {
  field_use use;
  std::string meant;              ///< Another field, an agent that comes before, or what the agent's kind gives.
  std::optional<field_use> other; ///< The first place of that field; none for the others.
};

/// What looks like a slip. A field is held against those that more prompts name (of equals, against those to which the
/// flow comes first; what `[input] ask` names goes before all), agents that come before, and what the kind gives.
/// is_slip() must hold, and no prompt may name both: who names both knows the difference.
[[nodiscard]] std::vector<mistyped_variable> mistyped_variables(const pipeline& p, const pipeline_source& source,
                                                                const std::vector<kind_info>& kinds);

/// Whether one name may be the other with a slip of the finger (two in names of 8 characters or more). Names that
/// differ in numbers or in a part of one letter (`option_a`, `option_b`) were made so, and very short ones are all
/// alike.
[[nodiscard]] bool is_slip(std::string_view a, std::string_view b);

} // namespace avp
