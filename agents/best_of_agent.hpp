// The kind "best_of": answers several times and hands on the best.
#pragma once

#include <optional>

#include "agents/agent.hpp"
#include "agents/kind_info.hpp"

namespace avp {

/// Takes samples and hands on the one with the highest mean log-probability, or with `judge` the one that gets the best
/// grade: a prompt about `{{candidate}}`, on the context that the agent was given, decoded greedily. A grade is a
/// number (higher is better) or a letter (A is the best). Of equals the first one is handed on; one without a grade
/// comes last.
class best_of_agent : public agent {
public:
  [[nodiscard]] static kind_info info();

  explicit best_of_agent(const agent_spec& spec);
  eventually<output> run(avp::hop& hop) override;

private:
  eventually<std::vector<double>> grades(avp::hop& hop, const payload& given, const std::vector<result>& candidates);

  int samples_;
  std::optional<prompt_template> judge_;
  bool letters_;
};

} // namespace avp
