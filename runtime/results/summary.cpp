// Sums and their table.
#include "runtime/results/summary.hpp"

#include <algorithm>

#include "runtime/pipeline/pipeline.hpp"
#include "runtime/text/number_text.hpp"
#include "runtime/text/text_table.hpp"
#include "runtime/text/words.hpp"

namespace avp {

void summary::add(const task_result& result) {
  auto& row = rows_[result.mode];
  ++row.tasks;
  row.failed += result.ok() ? 0 : 1;
  row.counts += result.counts();
  for (const auto& agent : result.agents) {
    for (const auto warning : agent.thought.warnings)
      ++row.warnings[warning];
    for (const auto& one : agent.received)
      add(row, one);
  }
  if (result.score) {
    ++row.scored;
    row.score += *result.score;
  }
}

void summary::add(totals& row, const received_thought& one) {
  row.texts += one.as_text ? 1 : 0;
  row.projected += one.as_text ? 0 : 1;
  if (one.facts) {
    row.dropped_mass += one.facts->dropped_mass;
    row.entropy += one.facts->entropy;
  }
}

double summary::seconds() const {
  double sum = 0;
  for (const auto& [mode, row] : rows_)
    sum += row.seconds;
  return sum;
}

std::int64_t summary::failed() const {
  std::int64_t sum = 0;
  for (const auto& [mode, row] : rows_)
    sum += row.failed;
  return sum;
}

std::int64_t summary::done() const {
  std::int64_t sum = 0;
  for (const auto& [mode, row] : rows_)
    sum += row.tasks - row.failed;
  return sum;
}

bool summary::compares() const {
  const auto text = rows_.find(mode::text);
  return rows_.size() > 1 && text != rows_.end() && text->second.tokens() > 0;
}

std::vector<std::string> summary::cells(mode mode, const totals& row) const {
  std::vector<std::string> cells = {std::string(name_of(mode)),
                                    std::to_string(row.tasks),
                                    std::to_string(row.failed),
                                    row.scored ? printed("%.1f %% (%g/%lld)",
                                                         100 * row.score / static_cast<double>(row.scored), row.score,
                                                         static_cast<long long>(row.scored))
                                               : "-",
                                    with_separators(row.counts.prompt_tokens),
                                    with_separators(row.counts.latent_steps),
                                    with_separators(row.counts.output_tokens),
                                    with_separators(row.tokens()),
                                    printed("%.*f", row.seconds < 10 ? 2 : 1, row.seconds)};
  if (!compares())
    return cells;
  const auto& text = rows_.at(mode::text);
  const bool other = mode != mode::text;
  const auto saving = 100 * (1 - static_cast<double>(row.tokens()) / static_cast<double>(text.tokens()));
  cells.push_back(other ? printed("%.1f %%", saving) : "-");
  cells.push_back(other && row.seconds > 0 ? printed("%.2fx", text.seconds / row.seconds) : "-");
  return cells;
}

nlohmann::ordered_json summary::json() const {
  auto modes = nlohmann::ordered_json::array();
  for (const auto& [mode, row] : rows_) {
    nlohmann::ordered_json object = {
        {"mode", name_of(mode)}, {"tasks", row.tasks}, {"failed", row.failed}, {"scored", row.scored}};
    object["score"] = nullptr;
    if (row.scored > 0)
      object["score"] = row.score / static_cast<double>(row.scored);
    object["prompt_tokens"] = row.counts.prompt_tokens;
    object["computed_tokens"] = row.counts.computed_tokens;
    object["latent_steps"] = row.counts.latent_steps;
    object["output_tokens"] = row.counts.output_tokens;
    object["guessed_tokens"] = row.counts.guessed_tokens;
    object["accepted_tokens"] = row.counts.accepted_tokens;
    object["thought_warnings"] = nlohmann::ordered_json::object();
    for (const auto warning : all_values<thought_warning>)
      object["thought_warnings"][std::string(name_of(warning))] =
          row.warnings.contains(warning) ? row.warnings.at(warning) : 0;
    object["seconds"] = row.seconds;
    if (row.projected + row.texts > 0) {
      const auto count = static_cast<double>(std::max<std::int64_t>(row.projected, 1));
      object["between_models"] = {{"projected", row.projected},
                                  {"as_text", row.texts},
                                  {"mean_dropped_mass", row.dropped_mass / count},
                                  {"mean_entropy", row.entropy / count}};
    }
    modes.push_back(std::move(object));
  }
  return modes;
}

// "thoughts that degenerated in latent mode, by hops: same_token 3, norm_blown_up 1".
std::string summary::warnings() const {
  std::string lines;
  for (const auto& [mode, row] : rows_) {
    std::vector<std::string> named;
    for (const auto& [warning, hops] : row.warnings)
      named.push_back(std::string(name_of(warning)) + " " + with_separators(hops));
    if (!named.empty())
      lines += "thoughts that degenerated in " + std::string(name_of(mode)) + " mode, by hops: " + listed(named) + "\n";
  }
  return lines;
}

// "between models: 3 projected (dropped mass 2.1 %, entropy 1.20 nats on average), 1 as text".
std::string summary::between_models() const {
  std::string lines;
  for (const auto& [mode, row] : rows_) {
    const auto count = static_cast<double>(row.projected);
    if (row.projected > 0)
      lines += printed("between models: %s projected (dropped mass %.1f %%, entropy %.2f nats on average)",
                       with_separators(row.projected).c_str(), 100 * row.dropped_mass / count, row.entropy / count);
    if (row.texts > 0)
      lines += (row.projected > 0 ? ", " : "between models: ") + with_separators(row.texts) + " as text";
    if (row.projected + row.texts > 0)
      lines += "\n";
  }
  return lines;
}

std::string summary::table() const {
  std::vector<std::vector<std::string>> lines = {
      {"mode", "tasks", "failed", "score", "prompt", "latent", "output", "tokens", "seconds"}};
  if (compares())
    lines.front().insert(lines.front().end(), {"saving", "speed-up"});
  for (const auto& [mode, row] : rows_)
    lines.push_back(cells(mode, row));
  if (lines.size() == 1)
    return {};
  const auto table = text_table(lines) + "tokens: prompt + latent steps + output, of all agents";
  return table + (compares() ? "; saving of tokens and speed-up: against text mode\n" : "\n") + between_models() +
         warnings();
}

} // namespace avp
