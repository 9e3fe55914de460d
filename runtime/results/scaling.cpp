// Points of a sweep, their table, their fits and sentences.
#include "runtime/results/scaling.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "runtime/text/number_text.hpp"
#include "runtime/text/text_table.hpp"

namespace avp {
namespace {

using json_value = nlohmann::ordered_json;

constexpr std::size_t resample_count = 2000;

/// A cost that is followed over the sizes, and how a sentence says it: "computes n^1.8 prompt rows".
struct quantity {
  const char* name;
  const char* verb;
  const char* what;
  double (*of)(const task_result& result);
};

constexpr std::array<quantity, 6> known_quantities{{
    {"prompt_tokens", "feeds", "prompt tokens",
     [](const task_result& r) { return static_cast<double>(r.counts().prompt_tokens); }},
    {"computed_tokens", "computes", "prompt rows",
     [](const task_result& r) { return static_cast<double>(r.counts().computed_tokens); }},
    {"attended", "does", "attention work",
     [](const task_result& r) { return static_cast<double>(r.counts().attended); }},
    {"device_ms", "takes", "device time", [](const task_result& r) { return r.counts().device_ms; }},
    {"cache_bytes", "writes", "cache bytes",
     [](const task_result& r) { return static_cast<double>(r.counts().cache_bytes); }},
    {"wire_bytes", "sends", "bytes over the wire",
     [](const task_result& r) { return static_cast<double>(r.handed_over().wire_bytes); }},
}};

/// A cost as JSON: counts are whole numbers, times have three places.
json_value number(double cost) {
  if (cost == std::floor(cost))
    return static_cast<std::int64_t>(cost);
  return std::round(cost * 1000) / 1000;
}

} // namespace

void scaling::add(const task_result& result) {
  auto& added = points_[*result.sweep][result.task];
  added.ok = result.ok();
  added.score = result.score;
  added.counts = result.counts();
  for (const auto& quantity : known_quantities)
    added.costs.push_back(quantity.of(result));
  tasks_.insert(result.task);
}

std::vector<sweep_point> scaling::points() const {
  std::vector<sweep_point> all;
  for (const auto n : pipeline_.sweep->values)
    for (const auto series : pipeline_.sweep->series)
      all.push_back({pipeline_.sweep->over, n, series});
  return all;
}

const scaling::tasks_of_point& scaling::at(const sweep_point& point) const {
  static const tasks_of_point none; // a run that was interrupted
  const auto found = points_.find(point);
  return found == points_.end() ? none : found->second;
}

bool scaling::complete(const std::string& task) const {
  const auto all = points();
  return std::all_of(all.begin(), all.end(), [&](const sweep_point& point) {
    const auto found = at(point).find(task);
    return found != at(point).end() && found->second.ok;
  });
}

std::vector<std::string> scaling::complete_tasks() const {
  std::vector<std::string> result;
  std::copy_if(tasks_.begin(), tasks_.end(), std::back_inserter(result),
               [this](const std::string& task) { return complete(task); });
  return result;
}

// Those that are not 0 everywhere: on one machine nothing goes over a wire.
std::vector<std::size_t> scaling::quantities() const {
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < known_quantities.size(); ++i)
    if (std::any_of(points_.begin(), points_.end(), [i](const auto& point) {
          return std::any_of(point.second.begin(), point.second.end(),
                             [i](const auto& task) { return task.second.costs[i] != 0; });
        }))
      result.push_back(i);
  return result;
}

std::vector<scaling_fit> scaling::fits() const {
  const auto tasks = complete_tasks();
  if (tasks.empty())
    return {};
  const auto& sweep = *pipeline_.sweep;
  const std::vector<double> sizes(sweep.values.begin(), sweep.values.end());
  const auto samples = resamples(tasks.size(), resample_count, pipeline_.seed);
  std::vector<scaling_fit> all;
  for (const auto which : quantities())
    for (const auto series : sweep.series) {
      std::vector<std::vector<double>> costs;
      for (const auto& task : tasks) {
        auto& row = costs.emplace_back();
        for (const auto n : sweep.values)
          row.push_back(at({sweep.over, n, series}).at(task).costs[which]);
      }
      all.push_back(fit_scaling(sizes, costs, samples));
      all.back().quantity = known_quantities[which].name;
      all.back().series = series;
    }
  return all;
}

std::vector<std::string> scaling::sentences() const {
  const auto all = fits();
  const auto& sweep = *pipeline_.sweep;
  std::vector<std::string> result;
  for (const auto& quantity : known_quantities) {
    std::string sentence;
    for (auto fit = all.rbegin(); fit != all.rend(); ++fit) { // what is compared with latent comes before it
      if (fit->quantity != quantity.name || !fit->exponent)
        continue;
      const bool first = sentence.empty();
      sentence += (first ? "" : ", ") + series_text(fit->series) + " " +
                  (first ? quantity.verb + std::string(" ") : "") + fit->text() +
                  (first ? " " + std::string(quantity.what) : "");
    }
    if (!sentence.empty())
      result.push_back("At " + size_of_sweep(sweep.over, sweep.values.back()) + " " + sentence + ".");
  }
  if (result.empty())
    result.emplace_back("No task went well at every point of the sweep, so there is nothing to fit.");
  return result;
}

std::vector<std::string> scaling::row(const sweep_point& point) const {
  avp::counts counts;
  std::int64_t failed = 0;
  std::int64_t scored = 0;
  double score = 0;
  for (const auto& [task, one] : at(point)) {
    counts += one.counts;
    failed += one.ok ? 0 : 1;
    scored += one.score ? 1 : 0;
    score += one.score.value_or(0);
  }
  const auto seconds = seconds_.find(point);
  return {std::to_string(point.n),
          series_text(point.series),
          std::to_string(at(point).size()),
          std::to_string(failed),
          scored > 0 ? with_places(100 * score / static_cast<double>(scored), 1) + " %" : "-",
          with_separators(counts.prompt_tokens),
          with_separators(counts.computed_tokens),
          with_separators(counts.latent_steps),
          with_separators(counts.output_tokens),
          with_places(counts.device_ms / 1000, 2),
          with_places(seconds == seconds_.end() ? 0 : seconds->second, 2)};
}

std::string scaling::table() const {
  std::vector<std::vector<std::string>> rows{{std::string(name_of(pipeline_.sweep->over)), "series", "tasks", "failed",
                                              "score", "prompt", "computed", "latent", "output", "device s",
                                              "seconds"}};
  for (const auto& point : points())
    if (!at(point).empty())
      rows.push_back(row(point));
  return text_table(rows, 2) +
         "prompt tokens, prompt rows computed, latent steps, output tokens: of all agents and tasks\n";
}

nlohmann::ordered_json scaling::json() const {
  const auto& sweep = *pipeline_.sweep;
  const auto tasks = complete_tasks();
  json_value result = {{"name", pipeline_.name}, {"over", name_of(sweep.over)}, {"values", sweep.values}};
  for (const auto series : sweep.series)
    result["series"].push_back(name_of(series));
  result["tasks"] = tasks;
  result["left_out"] = json_value::array();
  for (const auto& task : tasks_)
    if (!complete(task))
      result["left_out"].push_back(task);
  result["quantities"] = json_value::array();
  for (const auto which : quantities())
    result["quantities"].push_back(known_quantities[which].name);
  result["resamples"] = resample_count;
  result["seed"] = pipeline_.seed;
  result["points"] = json_value::array();
  for (const auto& point : points())
    for (const auto& [task, one] : at(point)) {
      json_value object = {
          {"n", point.n}, {"series", name_of(point.series)}, {"task", task}, {"ok", one.ok}, {"score", nullptr}};
      if (one.score)
        object["score"] = *one.score;
      for (const auto which : quantities())
        object[known_quantities[which].name] = number(one.costs[which]);
      result["points"].push_back(std::move(object));
    }
  result["fits"] = json_value::array();
  for (const auto& fit : fits())
    result["fits"].push_back(fit.json());
  result["sentences"] = sentences();
  return result;
}

} // namespace avp
