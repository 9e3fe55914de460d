// Reading and checking [sweep].
#include "runtime/pipeline/sweep_check.hpp"

#include <algorithm>

#include "runtime/pipeline/sweep.hpp"
#include "runtime/text/words.hpp"
#include "transport/nearest_name.hpp"

namespace avp {
namespace {

constexpr std::size_t least_values = 3; // a growth exponent with its curve needs as many
constexpr std::size_t most_values = 100;
constexpr std::int64_t most_agents = 1000;
constexpr std::int64_t most_tokens = 10'000'000;

void read_series(table_reader& table, sweep_spec& sweep) {
  const auto words = table.texts("series");
  if (!words)
    return;
  sweep.series.clear();
  for (std::size_t i = 0; i < words->size(); ++i) {
    const auto place = "sweep.series[" + std::to_string(i) + "]";
    const auto& word = (*words)[i];
    const auto series = value_named<sweep_series>(word);
    if (!series)
      table.source().report(place, "there is no series \"" + word + "\"" + name_hint(word, all_names<sweep_series>()));
    else if (contains(sweep.series, *series))
      table.source().report(place, "the series \"" + word + "\" is there already; write it once");
    else
      sweep.series.push_back(*series);
  }
  if (words->empty())
    table.source().report("sweep.series", "\"series\" must name at least one of " + listed(all_names<sweep_series>()));
}

/// The values from `from` to `to`; one more than there may be at most where there are too many.
std::vector<std::int64_t> values_between(std::int64_t from, std::int64_t to, std::int64_t step) {
  std::vector<std::int64_t> values;
  for (auto n = from; n <= to && values.size() <= most_values; n += step)
    values.push_back(n);
  return values;
}

void read_values(table_reader& table, sweep_spec& sweep) {
  auto& source = table.source();
  const auto most = sweep.over == sweep_over::prompt_tokens ? most_tokens : most_agents;
  const auto values = table.wholes("values", 1, most);
  const auto from = table.whole("from", 1, most);
  const auto to = table.whole("to", 1, most);
  const auto step = table.whole("step", 1, most);
  const auto has = [&](const char* key) { return source.has({"sweep", key}); };
  if (has("values") && (has("from") || has("to") || has("step"))) {
    source.report("sweep.values", "the sizes are given twice: leave \"values\" out, or \"from\", \"to\" and \"step\"");
    return;
  }
  if (!has("values") && !(has("from") && has("to"))) {
    source.report("sweep", "[sweep] needs the sizes of n: \"from\" and \"to\", or \"values\", such as [2, 4, 8]");
    return;
  }
  if (values)
    sweep.values = *values;
  else if (from && to && (step || !has("step")))
    sweep.values = values_between(*from, *to, step.value_or(1));
  else
    return; // reported
  const std::string place = has("values") ? "sweep.values" : "sweep.to";
  if (std::adjacent_find(sweep.values.begin(), sweep.values.end(), std::greater_equal<>()) != sweep.values.end())
    source.report(place, "\"values\" must rise");
  if (sweep.values.size() < least_values || sweep.values.size() > most_values)
    source.report(place, "a sweep has " + std::to_string(least_values) + " to " + std::to_string(most_values) +
                             " values of n, found " +
                             (sweep.values.size() > most_values ? "more" : std::to_string(sweep.values.size())));
}

void check_repeat(const pipeline& p, pipeline_source& source) {
  const auto& sweep = *p.sweep;
  const bool wanted = sweep.over != sweep_over::prompt_tokens;
  if (!wanted || sweep.repeat.empty()) {
    if (source.has({"sweep", "repeat"}) && !wanted)
      source.report("sweep.repeat",
                    "\"repeat\" is for sweeps over hops and branches; this one leaves the flow as it is");
    else if (wanted && !source.has({"sweep", "repeat"}))
      source.report("sweep", "[sweep] needs \"repeat\": the agent of which there are as many as n asks for");
    return;
  }
  const auto& agents = p.flow.agents();
  if (!contains(agents, sweep.repeat)) {
    source.report("sweep.repeat",
                  "there is no agent \"" + sweep.repeat + "\" in the flow" + name_hint(sweep.repeat, agents));
    return;
  }
  if (p.flow.predecessors(sweep.repeat).empty() || p.flow.successors(sweep.repeat).empty())
    source.report("sweep.repeat", "\"" + sweep.repeat + "\" must stand between other agents to be repeated");
  for (const auto& agent : agents) {
    const auto begin = sweep.repeat + "_";
    if (agent.starts_with(begin) && agent.find_first_not_of("0123456789", begin.size()) == std::string::npos)
      source.report("agent." + agent, "the sweep calls its copies " + begin + "1, " + begin + "2, …; give \"" + agent +
                                          "\" another name");
  }
  if (!sweep.values.empty() && copies_at(p, sweep.values.front()) < 0)
    source.report(source.has({"sweep", "values"}) ? "sweep.values" : "sweep.from",
                  "n counts all agents, and " + std::to_string(agents.size() - 1) + " stand beside \"" + sweep.repeat +
                      "\", so it must be at least that");
}

void check_field(pipeline& p, pipeline_source& source, const std::optional<std::set<std::string>>& fields) {
  auto& sweep = *p.sweep;
  if (sweep.over != sweep_over::prompt_tokens) {
    if (source.has({"sweep", "field"}))
      source.report("sweep.field", "\"field\" is for sweeps over prompt_tokens; this one leaves records as they are");
    return;
  }
  if (sweep.field.empty())
    sweep.field = p.input.ask.value_or("");
  if (sweep.field.empty())
    source.report("sweep", "[sweep] needs \"field\": the field of a record that is filled up to n tokens");
  else if (fields && !fields->contains(sweep.field))
    source.report(source.has({"sweep", "field"}) ? "sweep.field" : "sweep",
                  "no record has a field \"" + sweep.field + "\"" +
                      name_hint(sweep.field, {fields->begin(), fields->end()}));
  if (p.input.file == "-")
    source.report("sweep", "a sweep over prompt_tokens takes what it fills up with from the input, so that must be a "
                           "file, not standard input");
}

void set_modes(pipeline& p) {
  p.modes.clear();
  for (const auto series : p.sweep->series)
    if (!contains(p.modes, mode_of(series)))
      p.modes.push_back(mode_of(series));
}

} // namespace

void read_sweep(table_reader& top, pipeline& p) {
  const auto* node = top.table("sweep");
  if (node == nullptr)
    return;
  table_reader table(top.source(), node, "sweep");
  auto& sweep = p.sweep.emplace();
  if (const auto over = table.one_of<sweep_over>("over"))
    sweep.over = *over;
  else if (!node->contains("over"))
    top.source().report("sweep", "[sweep] needs \"over\": what n counts, " + listed(all_names<sweep_over>()));
  sweep.repeat = table.text("repeat").value_or("");
  sweep.field = table.text("field").value_or("");
  read_values(table, sweep);
  read_series(table, sweep);
  table.finish();
  if (top.source().has({"mode"}))
    top.source().report("mode", "a sweep runs the modes of its series; leave \"mode\" out");
  set_modes(p);
}

void check_sweep(pipeline& p, pipeline_source& source, const load_options& options,
                 const std::optional<std::set<std::string>>& fields) {
  if (!p.sweep)
    return;
  check_repeat(p, source);
  check_field(p, source, fields);
  if (options.ask)
    source.report({"--ask", 0, 0, "a pipeline with a [sweep] runs the records of an input file, not one question"});
  if (!options.modes)
    return;
  const auto unasked = [&](sweep_series series) { return !contains(*options.modes, mode_of(series)); };
  std::erase_if(p.sweep->series, unasked);
  if (p.sweep->series.empty())
    source.report({"--mode", 0, 0, "[sweep] has no series of that mode"});
  set_modes(p);
}

} // namespace avp
