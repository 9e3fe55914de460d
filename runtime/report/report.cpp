// From folders to a page.
#include "runtime/report/report.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>

#include "runtime/report/page.hpp"
#include "runtime/report/report_error.hpp"
#include "runtime/report/report_sections.hpp"

namespace avp {

namespace {

using json = nlohmann::ordered_json;

// Runs of one name in different folders are told apart by a number.
void make_labels_unique(std::vector<recorded_run>& runs) {
  std::set<std::string> taken;
  for (auto& run : runs) {
    const auto label = run.label;
    for (int i = 2; !taken.insert(run.label).second; ++i)
      run.label = label + " (" + std::to_string(i) + ")";
  }
}

std::string pipeline_name(const recorded_run& run) {
  const bool told = run.facts.is_object() && run.facts.contains("pipeline") && run.facts.at("pipeline").is_string();
  return told ? run.facts.at("pipeline").get<std::string>() : run.label;
}

std::string title_of(const std::vector<recorded_run>& runs) {
  std::vector<std::string> names;
  for (const auto& run : runs)
    if (const auto name = pipeline_name(run); std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(name);
  std::string title;
  for (const auto& name : names)
    title += (title.empty() ? "" : ", ") + name;
  return title;
}

std::string subtitle_of(const std::vector<recorded_run>& runs) {
  std::string text;
  for (const auto& run : runs)
    text += (text.empty() ? "" : ", ") + run.label;
  return (runs.size() == 1 ? "Run " : "Runs ") + text;
}

json notes_of(const std::vector<recorded_run>& runs) {
  auto notes = json::array();
  for (const auto& run : runs)
    for (const auto& note : run.notes)
      notes.push_back({{"text", runs.size() > 1 ? run.label + ": " + note : note}});
  return notes;
}

} // namespace

std::string report_html(std::vector<recorded_run> runs) {
  make_labels_unique(runs);
  const auto all = series_of(runs);
  json data;
  data["title"] = title_of(runs);
  data["subtitle"] = subtitle_of(runs);
  data["version"] = AVP_VERSION;
  data["modes"] = modes_section(runs, all);
  data["scaling"] = scaling_section(runs);
  data["agents"] = agents_section(all);
  data["flow"] = flow_section(runs);
  data["timeline"] = timeline_section(runs, all);
  data["facts"] = facts_section(runs);
  data["tasks_part"] = tasks_section(runs, all);
  data["notes"] = notes_of(runs);
  data["has_notes"] = !data["notes"].empty();
  return render_page(data);
}

void write_report(const std::vector<std::filesystem::path>& folders, const std::filesystem::path& file) {
  std::vector<recorded_run> runs;
  for (const auto& folder : folders)
    runs.push_back(read_run(folder));
  const auto page = report_html(std::move(runs));
  const auto part = file.string() + ".part"; // what is there stays whole until the new one is
  std::ofstream out(part, std::ios::binary | std::ios::trunc);
  out << page;
  out.close();
  std::error_code failed;
  if (out)
    std::filesystem::rename(part, file, failed);
  if (!out || failed) {
    const std::string why = failed ? failed.message() : std::strerror(errno);
    std::filesystem::remove(part, failed);
    throw report_error("cannot write '" + file.string() + "': " + why + "; name another file with -o");
  }
}

} // namespace avp
