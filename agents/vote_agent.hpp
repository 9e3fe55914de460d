// The kind "vote": answers several times and goes by the majority.
#pragma once

#include "agents/agent.hpp"
#include "agents/kind_info.hpp"

namespace avp {

/// Takes samples and hands on the first one whose answer most of them gave; of answers that were given as often, the
/// one that came first. Samples without an answer do not count; where none has one, the first sample is handed on.
class vote_agent : public agent {
public:
  [[nodiscard]] static kind_info info();

  explicit vote_agent(const agent_spec& spec);
  eventually<output> run(avp::hop& hop) override;

private:
  int samples_;
  std::string answers_;
};

/// The index of the text to which most texts agree, as vote_agent says. `answers` is number, choice or exact.
[[nodiscard]] std::size_t majority(const std::vector<std::string>& texts, const std::string& answers);

} // namespace avp
