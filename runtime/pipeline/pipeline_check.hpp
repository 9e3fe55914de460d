// Whether the parts of a pipeline fit each other: internal to the loader.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agents/registry.hpp"
#include "runtime/pipeline/pipeline.hpp"
#include "runtime/pipeline/pipeline_source.hpp"

namespace avp {

/// Gives agents their model and finds the answering agent; reports models, devices, agents and flow that do not fit.
/// Agents come out in the order of the flow. Gives whether flow and agents fit, so that the pipeline can be planned.
[[nodiscard]] bool check_structure(pipeline& p, pipeline_source& source);

/// What check_templates has to know beside the pipeline.
struct template_context {
  bool can_plan = false;                       ///< As check_structure says.
  bool ask = false;                            ///< The input is one question, in the field that [input] ask names.
  std::optional<std::set<std::string>> fields; ///< Of the records, where they are known.
  std::vector<kind_info> kinds;
};

/// Whether an agent kind comes with avp.
[[nodiscard]] bool is_shipped(const std::string& kind);

/// Reports options that an agent's kind does not know, or that are not what it expects. `p` is as check_structure left
/// it.
void check_options(const pipeline& p, pipeline_source& source, const template_context& context);

/// Reports templates that do not parse, variables that nothing gives, and agents that lack a prompt for one of the
/// pipeline's modes. With `ask`, finds the field that the question fills where the file does not name it.
void check_templates(pipeline& p, pipeline_source& source, const template_context& context);

} // namespace avp
