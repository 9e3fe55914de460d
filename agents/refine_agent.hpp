// The kind "refine": answers again until its answer passes a test.
#pragma once

#include <optional>

#include "agents/agent.hpp"
#include "agents/kind_info.hpp"
#include "agents/text/text_pattern.hpp"

namespace avp {

/// Answers its prompt, and then `again`, at most `rounds` times in all. It stops when the answer matches `until`, or
/// when `critic` is answered with yes before any no (greedily, on the context that holds the answer). All rounds go on
/// one context; what is handed on ends with the last answer.
class refine_agent : public agent {
public:
  [[nodiscard]] static kind_info info();

  explicit refine_agent(const agent_spec& spec);
  eventually<output> run(avp::hop& hop) override;

private:
  int rounds_;
  std::optional<text_pattern> until_;
  std::optional<prompt_template> critic_;
  prompt_template again_;
};

} // namespace avp
