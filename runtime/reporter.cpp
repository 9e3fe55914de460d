// Lines, words, progress and the table.
#include <avp/runtime/reporter.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

#include <unistd.h>

#include <avp/runtime/pipeline.hpp>

namespace avp {

namespace {

std::filesystem::path default_folder(const std::string& pipeline_name) {
  std::string name = pipeline_name.empty() ? "run" : pipeline_name;
  std::replace_if(name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c) && c != '-' && c != '_'; }, '-');
  char date[32];
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  std::strftime(date, sizeof date, "%Y%m%d-%H%M%S", localtime_r(&now, &local));
  auto folder = std::filesystem::path("avp-runs") / (name + "-" + date);
  for (int i = 2; std::filesystem::exists(folder); ++i) // two runs within a second
    folder = std::filesystem::path("avp-runs") / (name + "-" + date + "-" + std::to_string(i));
  return folder;
}

void write_stdout(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    throw write_error(std::string("cannot write to standard output: ") + std::strerror(errno));
}

// The end of an answer is where its result stands.
std::string last_words(const std::string& text) {
  std::string flat = text;
  std::replace_if(flat.begin(), flat.end(), [](unsigned char c) { return c < ' '; }, ' ');
  constexpr std::size_t width = 60;
  if (flat.size() <= width)
    return flat;
  auto start = flat.size() - width;
  while (start < flat.size() && (static_cast<unsigned char>(flat[start]) & 0xC0U) == 0x80U)
    ++start; // never in the middle of a character
  return "…" + flat.substr(start);
}

} // namespace

reporter::reporter(const command_line& line, const std::string& pipeline_name, const std::string& pipeline_text,
                   std::optional<std::size_t> total)
    : line_(line), bar_(!line.quiet && !line.ask && isatty(STDERR_FILENO) != 0, total) {
  if (line.out)
    directory_.emplace(*line.out, pipeline_text);
  else if (!line.ask)
    directory_.emplace(default_folder(pipeline_name), pipeline_text);
}

void reporter::add(const task_result& result) {
  summary_.add(result);
  bar_.add(result);
  bar_.clear();
  if (directory_)
    directory_->add(result);
  if (line_.json)
    write_stdout(to_json_line(result) + "\n");
  else if (line_.ask)
    print_line(result);
  else if (!line_.quiet)
    print_line(result);
  bar_.draw();
}

void reporter::print_line(const task_result& result) {
  if (line_.ask && result.ok()) {
    write_stdout((words_shown_ ? "" : result.text) + "\n");
    words_shown_ = false;
    return;
  }
  std::string text = result.ok() ? (result.score ? (*result.score >= 1 ? "right " : "wrong ") : "done  ") : "FAILED";
  text += "  " + result.task + "  " + std::string(mode_name(result.mode));
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "  %.1f s  ", result.ms / 1000);
  text += seconds + (result.ok() ? last_words(result.text) : result.error);
  if (result.ok() && result.expected)
    text += "  (expected " + *result.expected + ")";
  write_stdout(text + "\n");
}

void reporter::add_words(const std::string& words) {
  if (line_.json)
    return;
  words_shown_ = true;
  write_stdout(words);
}

void reporter::finish() {
  bar_.clear();
  auto* out = line_.json || line_.ask ? stderr : stdout;
  if (line_.quiet && (line_.json || line_.ask))
    return;
  std::fprintf(out, "\n%s", summary_.table().c_str());
  if (directory_)
    std::fprintf(out, "results: %s\n", (directory_->folder() / "results.jsonl").c_str());
  std::fflush(out);
}

} // namespace avp
