// Tokens and seconds by agent.
#include <algorithm>

#include "runtime/pipeline/pipeline.hpp"
#include "runtime/report/bar_panel.hpp"
#include "runtime/report/report_sections.hpp"
#include "runtime/report/report_table.hpp"
#include "runtime/text/number_text.hpp"

namespace avp {

namespace {

using json = nlohmann::ordered_json;

double tokens_of(const agent_tally& agent) {
  return agent.per_hop(
      static_cast<double>(agent.counts.prompt_tokens + agent.counts.latent_steps + agent.counts.output_tokens));
}

double seconds_of(const agent_tally& agent) { return agent.per_hop(agent.ms / 1000); }

template <class Value>
double most_of(const std::vector<series>& all, Value value) {
  double most = 0;
  for (const auto& one : all)
    for (const auto& agent : one.agents)
      most = std::max(most, value(agent));
  return most;
}

std::string tokens_chart(const series& one, double most) {
  bar_panel panel{.title = "Tokens by agent, " + one.label,
                  .description = "A bar for each agent: prompt tokens, latent steps and output tokens per task.",
                  .unit = "tokens per task",
                  .most = most};
  const auto style = std::string(name_of(one.mode));
  for (const auto& agent : one.agents) {
    const auto piece = [&](std::int64_t count, const char* shade, const char* what) {
      const auto mean = agent.per_hop(static_cast<double>(count));
      return bar_piece{mean, style + shade, agent.name + ": " + with_places(mean, 1) + what};
    };
    panel.bars.push_back({agent.name,
                          with_places(tokens_of(agent), 1),
                          {piece(agent.counts.prompt_tokens, " shade1", " prompt tokens per task"),
                           piece(agent.counts.latent_steps, " shade2", " latent steps per task"),
                           piece(agent.counts.output_tokens, " shade3", " output tokens per task")}});
  }
  return panel.svg();
}

std::string seconds_chart(const series& one, double most) {
  bar_panel panel{.title = "Seconds by agent, " + one.label,
                  .description = "A bar for each agent: mean seconds from a hop's start to its end, waiting included.",
                  .unit = "seconds per task",
                  .most = most};
  for (const auto& agent : one.agents) {
    const auto number = with_places(seconds_of(agent), 2) + " s";
    panel.bars.push_back(
        {agent.name,
         number,
         {{seconds_of(agent), std::string(name_of(one.mode)) + " shade3", agent.name + ": " + number + " per task"}}});
  }
  return panel.svg();
}

} // namespace

json agents_section(const std::vector<series>& all) {
  if (all.empty())
    return nullptr;
  report_table table(
      "Sums over all tasks. Seconds: mean from a hop's start to its end, waiting for the device included. "
      "Handed over: what the contexts weigh as AVP messages, summed over the edges.",
      {"mode", "agent", "kind", "hops", "prompt", "rows", "latent", "output", "seconds per task", "handed over",
       "on the wire"},
      3);
  auto tokens = json::array();
  auto seconds = json::array();
  const auto most_tokens = most_of(all, tokens_of);
  const auto most_seconds = most_of(all, seconds_of);
  for (const auto& one : all) {
    tokens.push_back({{"caption", one.label}, {"chart_svg", tokens_chart(one, most_tokens)}});
    seconds.push_back({{"caption", one.label}, {"chart_svg", seconds_chart(one, most_seconds)}});
    for (const auto& agent : one.agents)
      table.add({one.label, agent.name, agent.kind, with_separators(agent.hops),
                 with_separators(agent.counts.prompt_tokens), with_separators(agent.counts.computed_tokens),
                 with_separators(agent.counts.latent_steps), with_separators(agent.counts.output_tokens),
                 with_places(seconds_of(agent), 2), size_text(agent.handed_over.context_bytes),
                 size_text(agent.handed_over.wire_bytes)});
  }
  return {{"tokens", tokens}, {"seconds", seconds}, {"table", table.json()}};
}

} // namespace avp
