// Steps as lines.
#include "runtime/run/thought_text.hpp"

#include <cstddef>

#include "runtime/text/in_quotes.hpp"
#include "runtime/text/number_text.hpp"

namespace avp {

namespace {

std::string step_line(std::size_t number, const thought_step& step) {
  const auto cosine = step.cosine ? with_places(*step.cosine, 3) : "-";
  auto line = printed("%6zu  %7.2f  %8.1f  %6s ", number, step.entropy, step.norm, cosine.c_str());
  for (const auto& [id, text, probability] : step.tokens)
    line += " " + in_quotes(text) + " " + with_places(probability, 2);
  return line + "\n";
}

} // namespace

std::string thought_text(const agent_result& agent) {
  const auto& [steps, warnings] = agent.thought;
  if (steps.empty())
    return {};
  auto text = agent.name + " thought, and would have said:\n  step  entropy      norm  cosine  tokens\n";
  for (std::size_t i = 0; i < steps.size(); ++i)
    text += step_line(i + 1, steps[i]);
  for (const auto warning : warnings)
    text += "  warning: " + std::string(name_of(warning)) + "\n";
  return text;
}

} // namespace avp
