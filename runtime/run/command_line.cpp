// Arguments by CLI11.
#include "runtime/run/command_line.hpp"

#include <cstdio>
#include <stdexcept>

#include <CLI/CLI.hpp>

#include "runtime/os/program_version.hpp"
#include "transport/program_arguments.hpp"

namespace avp {

namespace {

// CLI11's own check for positive numbers would name the largest double in its message.
std::string check_limit(const std::string& text) {
  const bool whole = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  return whole && text.find_first_not_of('0') != std::string::npos
             ? ""
             : "expected a whole number, 1 or more, found " + text;
}

std::string check_address(const std::string& text) {
  const auto address = parse_tcp_address(text, address_use::listen);
  return address ? "" : address.error().message;
}

} // namespace

std::variant<command_line, int> parse_command_line(int argc, const char* const* argv) {
  command_line line;
  line.words.assign(argv, argv + argc);
  CLI::App app("Runs a pipeline of LLM agents and compares how they hand over.", "avp-run");
  auto* pipeline = app.add_option("pipeline", line.pipeline, "The pipeline file (TOML)");
  auto* mode = app.add_option("--mode", line.mode, "How agents hand over, in place of the file's mode")
                   ->check(CLI::IsMember({"latent", "text", "direct", "all"}));
  auto* input = app.add_option("--input", line.input, "JSON Lines file in place of the file's; - is standard input");
  auto* ask = app.add_option("--ask", line.ask, "One question in place of an input file; the answer streams to stdout")
                  ->excludes(input);
  auto* limit =
      app.add_option("--limit", line.limit, "At most so many records")->check(CLI::Validator(check_limit, "1 OR MORE"));
  auto* set =
      app.add_option("--set", line.set, "Changes a value of the file: --set model.main.dtype=float32 (repeatable)")
          ->type_name("KEY=VALUE")
          ->allow_extra_args(false);
  auto* explain = app.add_flag_callback(
      "--explain", [&] { line.set.emplace_back("output.explain=true"); },
      "Tells what each latent step would have said: in the results, the report, and with --ask on stderr");
  auto* out =
      app.add_option("--out", line.out, "Folder for the results (default: avp-runs/NAME-DATE; none with --ask)");
  app.add_option("--concurrency", line.concurrency,
                 "Tasks in flight at most. Default: 64, as many as fill a batch (a forward pass reads all weights, for "
                 "one row as for many); 1 with --ask")
      ->check(CLI::Range(std::size_t{1}, std::size_t{10000}));
  app.add_option_function<std::string>(
         "--metrics",
         [&](const std::string& text) { line.metrics = parse_tcp_address(text, address_use::listen).value(); },
         "Serves counters for Prometheus at http://HOST:PORT/metrics while the run goes on. HOST is 127.0.0.1 unless "
         "given, port 0 takes a free one")
      ->type_name("[HOST]:PORT")
      ->check(CLI::Validator(check_address, ""));
  app.add_option("--plugin", line.plugins, "Shared library with agent kinds (repeatable)")->allow_extra_args(false);
  app.add_flag("--json", line.json, "The lines of results.jsonl on stdout and nothing else there");
  app.add_flag("--quiet", line.quiet, "No progress and no line per task: the table at the end, and errors");
  auto* check = app.add_flag("--check", line.check, "Checks the file and says what would run; loads no model");
  auto* graph =
      app.add_flag("--graph", line.graph,
                   "Prints the flow of the mode (the first one, where there are several) as Graphviz DOT and ends");
  auto* resume = app.add_option("--resume", line.resume,
                                "Goes on with the run in this folder, with its own pipeline, modes, input and changes");
  for (auto* other : {pipeline, mode, ask, limit, set, explain, out, check, graph})
    resume->excludes(other);
  try {
    app.set_version_flag("--version", program_version("avp-run"));
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "avp-run: %s\n", error.what());
    return bad_arguments;
  }
  const auto check_together = [&] {
    if (resume->count() + pipeline->count() == 0)
      throw CLI::RequiredError("pipeline");
    if (line.resume && line.input.value_or("-") != "-")
      throw CLI::ValidationError("--input", "with --resume only '-', for a run whose input was standard input: a run "
                                            "goes on with the file that it has");
  };
  if (const auto status = parse_arguments(app, argc, argv, check_together))
    return *status;
  return line;
}

} // namespace avp
