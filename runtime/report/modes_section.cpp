// Modes side by side.
#include <algorithm>

#include "runtime/pipeline/pipeline.hpp"
#include "runtime/report/bar_panel.hpp"
#include "runtime/report/report_sections.hpp"
#include "runtime/report/report_table.hpp"
#include "runtime/report/score_chart.hpp"
#include "runtime/text/number_text.hpp"

namespace avp {

namespace {

using json = nlohmann::ordered_json;

constexpr auto nothing = "–";

std::string seconds_text(double seconds) { return with_places(seconds, seconds < 10 ? 2 : 1); }

// The text mode of the same run, to which others are compared.
const series* text_beside(const std::vector<series>& all, const series& one) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& s) { return s.run == one.run && s.mode == mode::text; });
  return one.mode == mode::text || found == all.end() ? nullptr : &*found;
}

std::vector<std::string> cells_of(const std::vector<series>& all, const series& one) {
  std::string score = nothing;
  std::string range = nothing;
  if (const auto mean = one.mean_score()) {
    const auto [low, high] = one.score_interval();
    score = with_places(100 * *mean, 1) + " %";
    range = with_places(100 * low, 1) + " to " + with_places(100 * high, 1) + " %";
  }
  const auto* text = text_beside(all, one);
  const auto share = [](double part, double whole) { return whole > 0 ? part / whole : 0; };
  const bool tokens = text && text->tokens() > 0;
  const bool seconds = text && text->seconds && one.seconds && *one.seconds > 0;
  return {one.label,
          with_separators(one.tasks),
          with_separators(one.failed),
          one.scored > 0 ? with_separators(one.right) + " / " + with_separators(one.scored) : nothing,
          score,
          range,
          with_separators(one.counts.prompt_tokens),
          with_separators(one.counts.computed_tokens),
          with_separators(one.counts.latent_steps),
          with_separators(one.counts.output_tokens),
          with_separators(one.tokens()),
          tokens ? with_places(
                       100 - 100 * share(static_cast<double>(one.tokens()), static_cast<double>(text->tokens())), 1) +
                       " %"
                 : nothing,
          one.seconds ? seconds_text(*one.seconds) : nothing,
          seconds ? with_places(share(*text->seconds, *one.seconds), 2) + "×" : nothing};
}

std::string whole_run_bars(const std::vector<series>& all, const char* title, const char* unit,
                           double (*value)(const series&), std::string (*number)(const series&)) {
  bar_panel panel{
      .title = title, .description = "A bar for each mode; the numbers are in the table of modes.", .unit = unit};
  for (const auto& one : all) {
    panel.most = std::max(panel.most, value(one));
    panel.bars.push_back({one.label,
                          number(one),
                          {{value(one), std::string(name_of(one.mode)) + " shade3", one.label + ": " + number(one)}}});
  }
  return panel.svg();
}

std::string points(double share) { return with_places(100 * share, 1); }

std::string count_or_nothing(const json& value) {
  return value.is_number_integer() ? with_separators(value.get<std::int64_t>()) : nothing;
}

void add_pair(report_table& table, const std::string& run, const json& pair) {
  const auto name = pair.at("first").get<std::string>() + " against " + pair.at("second").get<std::string>();
  const auto p = pair.at("p").is_number() ? pair.at("p").get<double>() : -1;
  table.add({run.empty() ? name : run + " · " + name, count_or_nothing(pair.at("tasks")),
             points(pair.at("difference").get<double>()),
             points(pair.at("low").get<double>()) + " to " + points(pair.at("high").get<double>()),
             count_or_nothing(pair.at("first_only")), count_or_nothing(pair.at("second_only")),
             p < 0       ? nothing
             : p < 0.001 ? "below 0.001"
                         : with_places(p, 3)});
}

// From each run's summary.json.
report_table pairs_of(const std::vector<recorded_run>& runs) {
  report_table table(
      "On the tasks that both modes have a score for. Difference in percentage points with its 95 % "
      "interval; p: McNemar's exact test, for scores of right and wrong.",
      {"task by task", "tasks", "difference", "95 % interval", "only first right", "only second right", "p"});
  for (const auto& run : runs) {
    try {
      for (const auto& pair : run.totals.at("comparison").at("pairs"))
        add_pair(table, runs.size() > 1 ? run.label : "", pair);
    } catch (const json::exception&) { // the run compares no modes
    }
  }
  return table;
}

} // namespace

json modes_section(const std::vector<recorded_run>& runs, const std::vector<series>& all) {
  if (all.empty())
    return nullptr;
  report_table table(
      "Tokens: prompt + latent steps + output, of all agents. Rows: prompt rows really run, less than the "
      "prompt tokens where prompts that begin alike were shared. Saving (of tokens) and speed-up: "
      "against text mode. Intervals: Wilson's, of fractional scores the bootstrap of summary.json.",
      {"mode", "tasks", "failed", "right", "score", "95 % interval", "prompt", "rows", "latent", "output", "tokens",
       "saving", "seconds", "speed-up"});
  for (const auto& one : all)
    table.add(cells_of(all, one));
  auto charts = json::array();
  if (const auto scores = score_chart(all); !scores.empty())
    charts.push_back({{"caption", "Mean score, with its 95 % interval"}, {"chart_svg", scores}});
  charts.push_back({{"caption", "Tokens, all tasks"},
                    {"chart_svg", whole_run_bars(
                                      all, "Tokens by mode", "tokens",
                                      [](const series& s) { return static_cast<double>(s.tokens()); },
                                      [](const series& s) { return with_separators(s.tokens()); })}});
  if (std::any_of(all.begin(), all.end(), [](const auto& s) { return s.seconds.has_value(); }))
    charts.push_back(
        {{"caption", "Wall time, all tasks"},
         {"chart_svg",
          whole_run_bars(
              all, "Seconds by mode", "seconds", [](const series& s) { return s.seconds.value_or(0); },
              [](const series& s) { return s.seconds ? seconds_text(*s.seconds) + " s" : std::string(nothing); })}});
  const auto paired = pairs_of(runs);
  return {{"table", table.json()},
          {"charts", charts},
          {"pairs", paired.empty() ? json(nullptr) : json{{"table", paired.json()}}}};
}

} // namespace avp
