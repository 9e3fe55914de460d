// What was run, from run.json and summary.json.
#include <algorithm>

#include "runtime/report/report_sections.hpp"
#include "runtime/report/report_table.hpp"
#include "runtime/text/number_text.hpp"

namespace avp {

namespace {

using json = nlohmann::ordered_json;

// A file may hold anything at any key: what is not as expected is not shown.
std::string text_at(const json& object, const char* key) {
  if (!object.is_object() || !object.contains(key))
    return {};
  const auto& value = object.at(key);
  if (value.is_string())
    return value.get<std::string>();
  return value.is_number_integer() ? with_separators(value.get<std::int64_t>()) : "";
}

json array_at(const json& object, const char* key) {
  return object.is_object() && object.contains(key) && object.at(key).is_array() ? object.at(key) : json::array();
}

std::string quoted_for_shell(const std::string& word) {
  constexpr auto plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=:,+@%";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos)
    return word;
  std::string quoted = "'";
  for (const char c : word)
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string command_of(const json& facts) {
  std::string command;
  for (const auto& word : array_at(facts, "command"))
    if (word.is_string())
      command += (command.empty() ? "" : " ") + quoted_for_shell(word.get<std::string>());
  return command;
}

std::string models_of(const json& facts) {
  std::string text;
  for (const auto& model : array_at(facts, "models")) {
    const auto dtype = text_at(model, "dtype");
    const auto numerics = text_at(model, "numerics");
    text += (text.empty() ? "" : "\n") + text_at(model, "name") + ": " + text_at(model, "source") + " on " +
            text_at(model, "device") + (dtype.empty() ? "" : ", " + dtype) + (numerics.empty() ? "" : ", " + numerics);
  }
  return text;
}

std::string nodes_of(const json& facts) {
  std::string text;
  for (const auto& node : array_at(facts, "nodes"))
    text += (text.empty() ? "" : "\n") + text_at(node, "name") + ": " + text_at(node, "control") + ", " +
            text_at(node, "data");
  return text;
}

std::string versions_of(const json& facts) {
  std::string text;
  if (facts.is_object() && facts.contains("versions") && facts.at("versions").is_object())
    for (const auto& [name, version] : facts.at("versions").items())
      if (version.is_string())
        text += (text.empty() ? "" : ", ") + name + " " + version.get<std::string>();
  return text;
}

std::string machine_of(const json& facts) {
  const auto processor = text_at(facts, "processor");
  const auto cores = text_at(facts, "cores");
  const auto kernels = text_at(facts, "kernels");
  return processor + (processor.empty() || cores.empty() ? "" : ", ") + (cores.empty() ? "" : cores + " cores") +
         (kernels.empty() ? "" : ", kernels: " + kernels);
}

std::string number_at(const json& object, const char* key, int places) {
  return object.is_object() && object.contains(key) && object.at(key).is_number()
             ? with_places(object.at(key).get<double>(), places)
             : "?";
}

std::string size_at(const json& object, const char* key) {
  return object.is_object() && object.contains(key) && object.at(key).is_number_unsigned()
             ? size_text(object.at(key).get<std::uint64_t>())
             : "?";
}

std::string devices_of(const json& totals) {
  std::string text;
  for (const auto& device : array_at(totals, "devices"))
    text += (text.empty() ? "" : "\n") + text_at(device, "device") + ": " + text_at(device, "steps") +
            " forward passes, " + number_at(device, "rows_per_step", 1) + " rows each, busy for " +
            number_at(device, "busy_seconds", 1) + " s; preemptions: " + text_at(device, "preemptions");
  return text;
}

std::string links_of(const json& totals) {
  std::string text;
  const auto add = [&](const std::string& line) { text += (text.empty() ? "" : "\n") + line; };
  for (const auto& node : array_at(totals, "nodes"))
    add(text_at(node, "node") + ": " + text_at(node, "hops") + " hops, lost " + text_at(node, "lost") + " times, " +
        text_at(node, "hops_retried") + " hops begun anew");
  for (const auto& link : array_at(totals, "links"))
    add(text_at(link, "from") + " → " + text_at(link, "to") + ": " + text_at(link, "contexts") + " contexts, " +
        size_at(link, "wire_bytes") + " of " + size_at(link, "context_bytes"));
  return text;
}

std::string started_of(const json& facts) {
  auto text = text_at(facts, "started");
  std::replace(text.begin(), text.end(), 'T', ' ');
  if (text.ends_with('Z'))
    text.replace(text.size() - 1, 1, " UTC");
  return text;
}

} // namespace

json facts_section(const std::vector<recorded_run>& runs) {
  std::vector<std::string> head{"run"};
  std::vector<std::vector<std::string>> lines{{"pipeline"}, {"started"}, {"command"},    {"models"},
                                              {"nodes"},    {"links"},   {"devices"},    {"machine"},
                                              {"versions"}, {"seed"},    {"concurrency"}};
  for (const auto& run : runs) {
    head.push_back(run.label);
    const std::vector<std::string> cells{text_at(run.facts, "pipeline"),
                                         started_of(run.facts),
                                         command_of(run.facts),
                                         models_of(run.facts),
                                         nodes_of(run.facts),
                                         links_of(run.totals),
                                         devices_of(run.totals),
                                         machine_of(run.facts),
                                         versions_of(run.facts),
                                         text_at(run.facts, "seed"),
                                         text_at(run.facts, "concurrency")};
    for (std::size_t i = 0; i < lines.size(); ++i)
      lines[i].push_back(cells[i].empty() ? "–" : cells[i]);
  }
  report_table table("", head, head.size());
  const auto says_something = [](const std::vector<std::string>& line) {
    return std::any_of(line.begin() + 1, line.end(), [](const std::string& cell) { return cell != "–"; });
  };
  for (const auto& line : lines)
    if (says_something(line))
      table.add(line);
  return {{"table", table.json()}};
}

} // namespace avp
