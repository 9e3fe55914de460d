// The kind "route": its answer, or how sure it is of it, picks who goes on.
#pragma once

#include <map>
#include <optional>

#include "agents/agent.hpp"
#include "agents/kind_info.hpp"

namespace avp {

/// Answers its prompt and hands over to some of its successors. With `to`, the word of that table which stands last in
/// the answer picks them; without any of them, `otherwise` does. With `threshold`, the mean entropy of its answer (nats
/// per token) does: `below` it, or `above`. The others are left out.
class route_agent : public agent {
public:
  using names = std::vector<std::string>;

  [[nodiscard]] static kind_info info();

  explicit route_agent(const agent_spec& spec);
  eventually<output> run(avp::hop& hop) override;

private:
  [[nodiscard]] names picked_by(const std::string& answer) const;

  std::map<std::string, names> to_;
  std::optional<names> otherwise_;
  std::optional<double> threshold_;
  names below_, above_;
};

} // namespace avp
