// Sweeps: sentences, charts, and the numbers.
#include "runtime/report/axis.hpp"
#include "runtime/report/report_sections.hpp"
#include "runtime/report/report_table.hpp"
#include "runtime/report/scaling_chart.hpp"
#include "runtime/report/scaling_data.hpp"
#include "runtime/text/number_text.hpp"

namespace avp {

namespace {

using json = nlohmann::ordered_json;

std::string places_or_nothing(const std::optional<double>& number) { return number ? with_places(*number, 2) : "–"; }

report_table table_of(const scaling_data& data) {
  std::vector<std::string> head{"quantity", "mode", "fit", "exponent", "95 % interval"};
  for (const auto size : data.sizes)
    head.push_back(short_number(size) + " " + data.over);
  report_table table(
      "Means over tasks. The exponent is the growth at the largest size; its interval is a bootstrap over "
      "tasks. Unshared: prompts that begin alike are computed anew.",
      head, 3);
  for (const auto& curve : data.curves) {
    std::vector<std::string> cells{
        quantity_name(curve.quantity), scaling_series_name(curve.series), curve.favoured.empty() ? "–" : curve.favoured,
        places_or_nothing(curve.exponent),
        curve.low && curve.high ? with_places(*curve.low, 2) + " to " + with_places(*curve.high, 2) : "–"};
    for (const auto mean : curve.means)
      cells.push_back(mean < 1e15 ? with_separators(static_cast<std::int64_t>(mean + 0.5)) : short_number(mean));
    table.add(cells);
  }
  return table;
}

json sweep_of(const scaling_data& data, const std::string& label) {
  json sweep = {{"label", label}, {"sentences", json::array()}, {"charts", json::array()}};
  for (const auto& sentence : data.sentences)
    sweep["sentences"].push_back({{"text", sentence}});
  for (const auto& quantity : data.quantities())
    if (const auto chart = scaling_chart(data, quantity); !chart.empty())
      sweep["charts"].push_back({{"chart_svg", chart}});
  sweep["table"] = table_of(data).json();
  return sweep;
}

} // namespace

json scaling_section(std::vector<recorded_run>& runs) {
  auto sweeps = json::array();
  for (auto& run : runs) {
    if (run.scaling.is_null())
      continue;
    try {
      sweeps.push_back(sweep_of(scaling_from_json(run.scaling), runs.size() > 1 ? run.label : ""));
    } catch (const json::exception&) {
      run.notes.push_back("scaling.json: not as a sweep writes it; the curves are left out.");
    }
  }
  return sweeps.empty() ? json(nullptr) : json{{"sweeps", sweeps}};
}

} // namespace avp
