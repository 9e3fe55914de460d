// The texts of every task, mode by mode.
#include <algorithm>
#include <set>

#include "runtime/pipeline/pipeline.hpp"
#include "runtime/report/html_text.hpp"
#include "runtime/report/report_sections.hpp"
#include "runtime/report/task_index.hpp"
#include "runtime/text/in_quotes.hpp"
#include "runtime/text/number_text.hpp"
#include "runtime/text/words.hpp"

namespace avp {

namespace {

using json = nlohmann::ordered_json;

// What keeps the page of a large run usable. An answer longer than this has usually run away.
constexpr std::size_t most_characters = 6000;

// Of the agents' own texts, which are most of a report: with more than so many bytes the later tasks show answers only.
constexpr std::size_t most_agent_bytes = std::size_t{8} << 20;

constexpr std::size_t most_tasks = 5000;

// From so many on the browser lays out only what is in sight.
constexpr std::size_t many_tasks = 200;

const char* state_of(const task_result& result) {
  if (!result.ok())
    return "failed";
  if (!result.score)
    return "done";
  return *result.score >= 1 ? "right" : "wrong";
}

const char* sign_of(const std::string& state) {
  if (state == "failed")
    return "!";
  return state == "right" ? "✓" : state == "wrong" ? "✗" : "•";
}

class task_cells {
public:
  task_cells(const indexed_task& task, const std::vector<series>& all, std::size_t& agent_bytes)
      : task_(task),
        all_(all),
        agent_bytes_(agent_bytes) {}

  json make() {
    json object = {{"task", task_.id}, {"expected", nullptr}, {"cells", json::array()}};
    std::string states;
    std::set<std::string> outcomes;
    bool scored = false;
    for (std::size_t column = 0; column < all_.size(); ++column) {
      const auto* result = task_.results[column];
      const std::string state = result ? state_of(*result) : "none";
      states += (column == 0 ? "" : " ") + state;
      if (!result)
        continue;
      scored = scored || result->score.has_value();
      if (result->expected)
        object["expected"] = *result->expected;
      object["cells"].push_back(cell_of(*result, all_[column], state));
    }
    for (const auto* result : task_.results)
      if (result)
        outcomes.insert(scored ? outcome_of(*result) : result->text);
    object["states"] = states;
    object["differs"] = outcomes.size() > 1;
    return object;
  }

private:
  static std::string outcome_of(const task_result& result) {
    return result.score ? with_places(*result.score, 4) : state_of(result);
  }

  json cell_of(const task_result& result, const series& one, const std::string& state) {
    json cell = {{"label", one.label}, {"mode", name_of(one.mode)}, {"state", state}, {"sign", sign_of(state)}};
    const bool between = result.score && *result.score > 0 && *result.score < 1;
    cell["score"] = between ? json(with_places(*result.score, 2)) : json(nullptr);
    const auto counts = result.counts();
    cell["cost"] = with_places(result.ms / 1000, 2) + " s, " +
                   with_separators(counts.prompt_tokens + counts.latent_steps + counts.output_tokens) + " tokens" +
                   paths_of(result);
    cell["error"] = result.ok() ? json(nullptr) : json(cut(result.error));
    cell["text"] = cut(result.text);
    cell["agents"] = json::array();
    for (const auto& agent : result.agents)
      if (!agent.error.empty() ||
          (!agent.text.empty() && agent.text != result.text && agent_bytes_ < most_agent_bytes)) {
        agent_bytes_ += agent.text.size();
        cell["agents"].push_back(
            {{"name", agent.name},
             {"error", agent.error.empty() ? json(nullptr) : json("left out: " + cut(agent.error))},
             {"text", cut(agent.text)}});
      }
    cell["has_agents"] = !cell["agents"].empty();
    cell["thoughts"] = json::array();
    for (const auto& agent : result.agents)
      if (!agent.thought.empty() && agent_bytes_ < most_agent_bytes)
        cell["thoughts"].push_back(thought_of(agent));
    return cell;
  }

  // A strip of what each latent step would have said.
  json thought_of(const agent_result& agent) {
    json thought = {
        {"name", agent.name}, {"warnings", listed(agent.thought.warning_names())}, {"steps", json::array()}};
    for (const auto& step : agent.thought.steps) {
      auto shown = step_cell(step);
      agent_bytes_ += shown["numbers"].get_ref<const std::string&>().size();
      thought["steps"].push_back(std::move(shown));
    }
    return thought;
  }

  static json step_cell(const thought_step& step) {
    auto numbers = "entropy " + with_places(step.entropy, 2) + ", norm " + with_places(step.norm, 1) +
                   (step.cosine ? ", cosine " + with_places(*step.cosine, 3) : "");
    for (const auto& token : step.tokens)
      numbers += "\n" + with_places(token.probability, 3) + " " + in_quotes(token.text);
    const auto best = step.tokens.empty() ? likely_token{} : step.tokens.front();
    const auto shade = std::clamp(static_cast<int>(best.probability * 5), 0, 4);
    return {{"said", in_quotes(best.text)}, {"shade", "sure" + std::to_string(shade)}, {"numbers", numbers}};
  }

  // By which ways thoughts went from model to model.
  static std::string paths_of(const task_result& result) {
    std::string text;
    for (const auto& agent : result.agents)
      for (const auto& one : agent.received) {
        text += "; " + agent.name + " got " + one.from + " by " + one.path();
        if (one.facts)
          text += " (entropy " + with_places(one.facts->entropy, 2) + ", dropped " +
                  with_places(100 * one.facts->dropped_mass, 1) + " %)";
      }
    return text;
  }

  static std::string cut(const std::string& text) {
    auto shown = shortened(text, most_characters);
    if (shown.size() < text.size() && text.size() > most_characters)
      shown += "\n(" + with_separators(static_cast<std::int64_t>(text.size())) + " bytes in all: see results.jsonl)";
    return shown;
  }

  const indexed_task& task_;
  const std::vector<series>& all_;
  std::size_t& agent_bytes_;
};

} // namespace

json tasks_section(const std::vector<recorded_run>& runs, const std::vector<series>& all) {
  const auto tasks = index_tasks(runs, all);
  if (tasks.empty())
    return nullptr;
  auto shown = json::array();
  std::size_t agent_bytes = 0;
  std::size_t whole = 0; // tasks with the texts of all agents
  for (const auto& task : tasks) {
    if (shown.size() == most_tasks)
      break;
    shown.push_back(task_cells(task, all, agent_bytes).make());
    whole += agent_bytes < most_agent_bytes ? 1 : 0;
  }
  json section = {{"notes", json::array()}, {"series", json::array()}};
  const auto number = [](std::size_t count) { return with_separators(static_cast<std::int64_t>(count)); };
  if (whole < shown.size())
    section["notes"].push_back({{"text", "From task " + number(whole + 1) +
                                             " on only the answers are shown, to keep "
                                             "this page small; results.jsonl has the texts of all agents."}});
  if (shown.size() < tasks.size())
    section["notes"].push_back({{"text", "The first " + number(shown.size()) + " of " + number(tasks.size()) +
                                             " tasks are shown; results.jsonl has them all."}});
  for (std::size_t column = 0; column < all.size(); ++column)
    section["series"].push_back({{"number", std::to_string(column)}, {"label", all[column].label}});
  section["many"] = shown.size() > many_tasks;
  section["tasks"] = std::move(shown);
  return section;
}

} // namespace avp
