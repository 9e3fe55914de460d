// The process "tasks" of a trace has a track per task and mode, named "TASK MODE", with slices for its requests.
#include "runtime/report/trace_times.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

#include <nlohmann/json.hpp>

#include "runtime/pipeline/pipeline.hpp"
#include "runtime/report/html_text.hpp"

namespace avp {

namespace {

struct slice_of_track {
  std::uint64_t track = 0;
  request_slice slice;
};

// "a b c" is {"a b", "c"}.
std::pair<std::string, std::string> split_at_last_blank(const std::string& text) {
  const auto blank = text.rfind(' ');
  return blank == std::string::npos ? std::pair(text, std::string())
                                    : std::pair(text.substr(0, blank), text.substr(blank + 1));
}

class trace_reader {
public:
  void take(std::string line) {
    while (!line.empty() && (line.back() == ',' || line.back() == '\r'))
      line.pop_back();
    if (line.empty() || line == "[" || line == "]")
      return;
    // A key of a device's event can't be mistaken for this: quotes inside of strings are escaped.
    if (process_ && line.find("\"pid\":" + std::to_string(*process_) + ",") == std::string::npos)
      return;
    const auto event = nlohmann::json::parse(repaired_utf8(line), nullptr, false);
    try {
      if (event.is_discarded())
        ++result_.unreadable;
      else
        take(event);
    } catch (const nlohmann::json::exception&) {
      ++result_.unreadable;
    }
  }

  trace_times end() {
    for (auto& [track, slice] : slices_)
      if (const auto named = names_.find(track); named != names_.end())
        if (const auto task = task_of(named->second))
          result_.times[*task].push_back(std::move(slice));
    for (auto& [task, slices] : result_.times)
      count_from_first(slices);
    return std::move(result_);
  }

private:
  void take(const nlohmann::json& event) {
    const auto& name = event.at("name").get_ref<const std::string&>();
    const auto& phase = event.at("ph").get_ref<const std::string&>();
    if (phase == "M" && name == "process_name" && event.at("args").at("name") == "tasks")
      process_ = event.at("pid").get<std::int64_t>();
    if (!process_ || event.at("pid") != *process_)
      return;
    if (phase == "M" && name == "thread_name")
      names_[event.at("tid").get<std::uint64_t>()] = event.at("args").at("name").get<std::string>();
    if (phase != "X")
      return;
    const bool queued = name == "queued";
    const auto [agent, kind] =
        split_at_last_blank(queued ? event.at("args").at("for").get_ref<const std::string&>() : name);
    const auto start = event.at("ts").get<double>() / 1000;
    const auto length = std::max(0.0, event.at("dur").get<double>() / 1000);
    slices_.push_back({event.at("tid").get<std::uint64_t>(), {agent, queued ? "queued" : kind, start, start + length}});
  }

  static std::optional<std::pair<std::string, mode>> task_of(const std::string& track_name) {
    auto [task, name] = split_at_last_blank(track_name);
    if (const auto m = value_named<mode>(name))
      return std::pair(std::move(task), *m);
    return std::nullopt;
  }

  static void count_from_first(std::vector<request_slice>& slices) {
    std::stable_sort(slices.begin(), slices.end(),
                     [](const auto& a, const auto& b) { return a.start_ms < b.start_ms; });
    const auto first = slices.front().start_ms;
    for (auto& slice : slices) {
      slice.start_ms -= first;
      slice.end_ms -= first;
    }
  }

  std::optional<std::int64_t> process_;
  std::map<std::uint64_t, std::string> names_;
  std::vector<slice_of_track> slices_;
  trace_times result_;
};

} // namespace

trace_times read_trace(std::istream& trace) {
  trace_reader reader;
  for (std::string line; std::getline(trace, line);)
    reader.take(std::move(line));
  return reader.end();
}

} // namespace avp
