// Reading a run's folder so that one bad file or line costs no more than itself.
#include "runtime/report/recorded_run.hpp"

#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include "runtime/pipeline/plan_json.hpp"
#include "runtime/report/html_text.hpp"
#include "runtime/report/report_error.hpp"
#include "runtime/report/trace_times.hpp"
#include "runtime/text/number_text.hpp"

namespace avp {

namespace {

using json = nlohmann::ordered_json;

// So many line numbers are listed.
constexpr std::size_t listed_lines = 5;

std::string line_list(const std::vector<std::size_t>& lines) {
  std::string list = lines.size() == 1 ? "line " : "lines ";
  for (std::size_t i = 0; i < lines.size() && i < listed_lines; ++i)
    list += (i == 0 ? "" : ", ") + std::to_string(lines[i]);
  return list + (lines.size() > listed_lines ? ", …" : "");
}

class folder_reader {
public:
  explicit folder_reader(std::filesystem::path folder) : folder_(std::move(folder)) {}

  recorded_run read() {
    std::error_code unknown;
    if (!std::filesystem::is_directory(folder_, unknown))
      throw report_error("'" + folder_.string() + "' is no folder; give the folder that a run left");
    run_.label = std::filesystem::weakly_canonical(folder_, unknown).filename().string();
    read_results_file();
    run_.totals = read_json("summary.json", "It is written when a run ends; seconds by mode and devices are left out.");
    run_.scaling = read_json("scaling.json", "");
    if (!found_)
      throw report_error("'" + folder_.string() +
                         "' holds nothing of a run: expected results.jsonl, summary.json or scaling.json; give the "
                         "folder that a run left");
    run_.facts = read_json("run.json", "The flow and what was run are left out.");
    read_plans();
    read_traces();
    return std::move(run_);
  }

private:
  void note(const std::string& file, const std::string& text) { run_.notes.push_back(file + ": " + text); }

  // A pipe or a device in a file's place might never end.
  std::optional<std::ifstream> open(const std::string& name, const std::string& missed) {
    std::error_code unknown;
    const auto kind = std::filesystem::status(folder_ / name, unknown).type();
    if (kind == std::filesystem::file_type::regular)
      if (std::ifstream file(folder_ / name, std::ios::binary); file)
        return file;
    if (kind != std::filesystem::file_type::not_found)
      note(name, "can't be opened as a file. " + missed);
    else if (!missed.empty())
      note(name, "missing. " + missed);
    return std::nullopt;
  }

  void read_results_file() {
    auto file = open("results.jsonl", "There are no tasks in this report.");
    if (!file)
      return;
    found_ = true;
    auto read = read_results(*file);
    run_.results = std::move(read.results);
    if (!read.unreadable.empty())
      note("results.jsonl",
           with_separators(static_cast<std::int64_t>(read.unreadable.size())) +
               (read.unreadable.size() == 1 ? " line is no result and is" : " lines are no results and are") +
               " left out (" + line_list(read.unreadable) + ").");
  }

  // `missed` says what its lack costs; empty for a file that need not be there.
  json read_json(const std::string& name, const std::string& missed) {
    auto file = open(name, missed);
    if (!file)
      return nullptr;
    std::ostringstream text;
    text << file->rdbuf();
    auto value = json::parse(repaired_utf8(text.str()), nullptr, false);
    if (!value.is_object()) {
      note(name,
           value.is_discarded() ? "no JSON; it is left out. " + missed : "no JSON object; it is left out. " + missed);
      return nullptr;
    }
    found_ = true;
    return value;
  }

  void read_plans() {
    if (!run_.facts.is_object() || !run_.facts.contains("plans"))
      return;
    try {
      for (const auto& one : run_.facts.at("plans"))
        run_.plans.push_back(plan_from_json(one));
    } catch (const json::exception&) {
      run_.plans.clear();
      note("run.json", "its plans can't be read. The flow is left out.");
    }
  }

  // A run that was resumed has a trace for each time; of a task that is in two, the later one counts.
  void read_traces() {
    const auto missed = run_.results.empty() ? "" : "Timelines are drawn from how long hops took.";
    std::error_code unknown;
    for (int i = 1; i == 1 || std::filesystem::exists(folder_ / trace_name(i), unknown); ++i)
      read_trace_file(trace_name(i), missed);
  }

  static std::string trace_name(int number) {
    return number == 1 ? "trace.json" : "trace-" + std::to_string(number) + ".json";
  }

  void read_trace_file(const std::string& name, const std::string& missed) {
    auto file = open(name, missed);
    if (!file)
      return;
    auto read = read_trace(*file);
    for (auto& [task, slices] : read.times)
      run_.times.insert_or_assign(task, std::move(slices));
    if (read.unreadable > 0)
      note(name, with_separators(static_cast<std::int64_t>(read.unreadable)) +
                     (read.unreadable == 1 ? " line is no event and is" : " lines are no events and are") +
                     " left out.");
  }

  std::filesystem::path folder_;
  recorded_run run_;
  bool found_ = false;
};

} // namespace

recorded_results read_results(std::istream& lines) {
  recorded_results read;
  std::map<std::pair<std::string, mode>, std::size_t> places;
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos)
      continue;
    try {
      auto result = from_json_line(repaired_utf8(line));
      const auto [place, fresh] = places.emplace(std::pair(result.task, result.mode), read.results.size());
      if (fresh)
        read.results.push_back(std::move(result));
      else
        read.results[place->second] = std::move(result);
    } catch (const std::exception&) { // whatever the reader of results makes of a line that is none
      read.unreadable.push_back(number);
    }
  }
  return read;
}

recorded_run read_run(const std::filesystem::path& folder) { return folder_reader(folder).read(); }

} // namespace avp
