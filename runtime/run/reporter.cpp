// Lines, words, progress and the table.
#include "runtime/run/reporter.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <exception>
#include <utility>

#include <fmt/chrono.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "runtime/os/standard_output.hpp"
#include "runtime/run/thought_text.hpp"
#include "runtime/telemetry/device_report.hpp"

namespace avp {

namespace {

// Makes the folder too, so that two runs that start in one second get two.
std::filesystem::path new_default_folder(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c) && c != '-' && c != '_'; }, '-');
  const std::filesystem::path parent("avp-runs");
  name += fmt::format("-{:%Y%m%d-%H%M%S}", fmt::localtime(std::time(nullptr)));
  auto folder = parent / name;
  std::error_code failed; // if it can't be made, whoever opens it will say why
  std::filesystem::create_directories(parent, failed);
  for (int i = 2; !std::filesystem::create_directory(folder, failed) && !failed; ++i)
    folder = parent / (name + "-" + std::to_string(i));
  return folder;
}

std::optional<std::size_t> results_to_come(const pipeline& pipeline) {
  if (!pipeline.input.records)
    return std::nullopt;
  const auto runs =
      pipeline.sweep ? pipeline.sweep->values.size() * pipeline.sweep->series.size() : pipeline.modes.size();
  return *pipeline.input.records * runs;
}

// The end of an answer is where its result stands.
std::string last_words(const std::string& text) {
  constexpr std::size_t width = 60;
  if (text.size() <= width)
    return text;
  auto start = text.size() - width;
  while (start < text.size() && (static_cast<unsigned char>(text[start]) & 0xC0U) == 0x80U)
    ++start; // never in the middle of a character
  return "…" + text.substr(start);
}

std::string verdict(const std::optional<double>& score) {
  if (!score)
    return "done  ";
  if (*score > 0 && *score < 1) {
    char share[16];
    std::snprintf(share, sizeof share, "%.2f  ", *score);
    return share;
  }
  return *score >= 1 ? "right " : "wrong ";
}

// On one line, and without what a terminal would obey.
std::string flat(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7F; }, ' ');
  return text;
}

} // namespace

reporter::reporter(report_options options, const pipeline& pipeline)
    : options_(std::move(options)),
      several_modes_(pipeline.modes.size() > 1),
      bar_(!options_.quiet && !options_.asked && isatty(STDERR_FILENO) != 0, results_to_come(pipeline)) {
  if (pipeline.sweep)
    scaling_.emplace(pipeline);
  if (!options_.leaves_folder)
    return;
  if (options_.goes_on)
    directory_.emplace(*options_.folder);
  else
    directory_.emplace(options_.folder ? *options_.folder : new_default_folder(pipeline.name), pipeline.source);
}

void reporter::add_facts(const nlohmann::ordered_json& facts) {
  if (directory_)
    directory_->write_facts(facts);
}

void reporter::begin(mode mode) {
  if (options_.asked && !options_.json && several_modes_)
    write_stdout(std::string(name_of(mode)) + ":\n");
}

void reporter::count(const task_result& result) {
  summary_.add(result);
  if (scaling_)
    scaling_->add(result);
  else
    comparison_.add(result);
}

void reporter::add_earlier(const task_result& result) {
  count(result);
  bar_.add_earlier(result);
}

void reporter::show_earlier() {
  if (!options_.json || !directory_)
    return;
  for (const auto& line : output_directory::lines(directory_->folder()))
    write_stdout(line + "\n");
}

void reporter::add(const task_result& result, const std::string& line) {
  count(result);
  bar_.add(result);
  bar_.clear();
  if (directory_)
    directory_->add(line);
  if (options_.json)
    write_stdout(line + "\n");
  else if (options_.asked)
    print_answer(result);
  else if (!options_.quiet)
    print_line(result);
  bar_.draw();
}

void reporter::print_answer(const task_result& result) {
  const bool shown = std::exchange(words_shown_, false);
  if (result.ok() || shown)
    write_stdout((shown ? "" : result.text) + "\n");
  if (!result.ok())
    spdlog::error("no answer in {} mode: {}", name_of(result.mode), result.error);
  if (!options_.quiet)
    for (const auto& agent : result.agents)
      std::fputs(thought_text(agent).c_str(), stderr);
}

void reporter::print_line(const task_result& result) {
  std::string text = result.ok() ? verdict(result.score) : "FAILED";
  text += "  " + result.task + "  " + variant_text(result.mode, result.sweep);
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "  %.*f s  ", result.ms < 10000 ? 2 : 1, result.ms / 1000);
  text += seconds + (result.ok() ? last_words(result.text) : result.error);
  if (result.ok() && result.expected && result.expected->find('\n') == std::string::npos)
    text += "  (expected " + *result.expected + ")";
  write_stdout(flat(std::move(text)) + "\n");
}

void reporter::add_seconds(mode mode, const std::optional<sweep_point>& point, double seconds) {
  summary_.add_seconds(mode, seconds);
  if (scaling_ && point)
    scaling_->add_seconds(*point, seconds);
}

void reporter::add_words(const std::string& words) {
  if (options_.json)
    return;
  words_shown_ = true;
  write_stdout(words);
}

std::optional<std::filesystem::path> reporter::folder() const {
  return directory_ ? std::optional(directory_->folder()) : std::nullopt;
}

void reporter::finish(const std::vector<device_totals>& devices, const cluster_totals& nodes) {
  bar_.clear();
  std::exception_ptr unprinted; // the folder is for those who read it later
  try {
    print_totals(devices, nodes);
  } catch (const write_error&) {
    unprinted = std::current_exception();
  }
  if (directory_)
    write_totals(devices, nodes);
  if (unprinted)
    std::rethrow_exception(unprinted);
}

void reporter::write_totals(const std::vector<device_totals>& devices, const cluster_totals& nodes) {
  nlohmann::ordered_json totals = {
      {"modes", summary_.json()}, {"comparison", comparison_.json()}, {"devices", nlohmann::ordered_json::array()}};
  for (const auto& device : devices)
    totals["devices"].push_back(device_json(device, summary_.seconds()));
  if (!nodes.nodes.empty()) {
    totals["nodes"] = nodes_json(nodes);
    totals["links"] = links_json(nodes);
  }
  directory_->write_summary(totals);
  if (scaling_)
    directory_->write_scaling(scaling_->json());
}

void reporter::print_totals(const std::vector<device_totals>& devices, const cluster_totals& nodes) {
  auto* out = options_.json || options_.asked ? stderr : stdout;
  if (options_.quiet && (options_.json || options_.asked))
    return;
  std::fprintf(out, "\n%s", (scaling_ ? scaling_->table() : summary_.table() + comparison_.text()).c_str());
  for (const auto& device : devices)
    if (device.counters.steps > 0)
      std::fputs(device_text(device, summary_.seconds()).c_str(), out);
  std::fputs(cluster_text(nodes).c_str(), out);
  if (scaling_)
    for (const auto& sentence : scaling_->sentences())
      std::fprintf(out, "%s\n", sentence.c_str());
  if (directory_)
    std::fprintf(out, "results: %s\nreport: %s\n", (directory_->folder() / "results.jsonl").c_str(),
                 (directory_->folder() / "report.html").c_str());
  if (out == stdout)
    write_stdout(""); // all of it
}

} // namespace avp
