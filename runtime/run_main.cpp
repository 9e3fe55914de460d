// avp-run, from arguments to exit status.
#include "runtime/run_main.hpp"

#include <csignal>
#include <cstdio>

#include <caf/actor_system.hpp>
#include <spdlog/spdlog.h>

#include "gpu/user_error.hpp"
#include "runtime/explain.hpp"
#include "runtime/node/cluster.hpp"
#include "runtime/os/interrupt.hpp"
#include "runtime/os/plugin.hpp"
#include "runtime/os/program_log.hpp"
#include "runtime/os/standard_output.hpp"
#include "runtime/pipeline/dot.hpp"
#include "runtime/pipeline/pipeline_file.hpp"
#include "runtime/pipeline/projection_check.hpp"
#include "runtime/results/output_directory.hpp"
#include "runtime/run/actor_config.hpp"
#include "runtime/run/command_line.hpp"
#include "runtime/run/run_all.hpp"
#include "runtime/run/run_devices.hpp"
#include "transport/program_arguments.hpp"

namespace avp {

namespace {

load_options options_of(const command_line& line, const registry& kinds) {
  load_options options;
  options.kinds = kinds.kinds();
  options.overrides = line.set;
  options.input = line.input;
  options.limit = line.limit;
  options.ask = line.ask.has_value();
  if (line.mode)
    options.modes = modes_named(*line.mode);
  return options;
}

run_origin origin_of(const command_line& line) {
  return {line.words, line.pipeline, line.ask, line.set, line.plugins, line.tasks_in_flight()};
}

report_options report_options_of(const command_line& line) {
  report_options options;
  options.asked = line.ask.has_value();
  options.json = line.json;
  options.quiet = line.quiet;
  options.leaves_folder = line.leaves_folder();
  options.goes_on = line.resume.has_value();
  options.folder = line.resume ? line.resume : line.out;
  return options;
}

// The arguments with which a run began, and what may be given anew.
command_line resumed(command_line line, const saved_run& begun) {
  line.pipeline = begun.file;
  line.input = begun.input;
  line.ask = begun.ask;
  line.limit = begun.limit;
  if (!line.concurrency)
    line.concurrency = begun.concurrency;
  if (line.plugins.empty())
    line.plugins.assign(begun.plugins.begin(), begun.plugins.end());
  return line;
}

// `read_stdin`: the run goes on, and standard input is given once more.
int run_pipeline(const command_line& line, const registry& kinds, resumption* earlier, bool read_stdin,
                 interrupt_guard& interrupts) {
  auto loaded = earlier ? earlier->load(kinds.kinds()) : load_pipeline_file(line.pipeline, options_of(line, kinds));
  if (!loaded.pipeline) {
    std::fputs(to_string(loaded.mistakes).c_str(), stderr);
    return bad_arguments;
  }
  const auto& pipeline = *loaded.pipeline;
  for (const auto& warning : loaded.warnings)
    spdlog::warn("{}", to_string(warning));
  auto stages = run_stages(pipeline, kinds.kinds());
  note_projections(stages);
  if (line.check)
    return explain(pipeline, stages) ? all_done : bad_arguments;
  if (line.graph) {
    std::fputs(to_dot(*stages.front().pipeline, stages.front().plan).c_str(), stdout);
    return all_done;
  }
  if (!line.ask && !pipeline.input.file)
    throw user_error(line.pipeline.string() +
                     ": there are no records to run; give a file of them with --input FILE (or - for "
                     "standard input) or as [input] file = \"…\", or one question with --ask \"…\"");
  input_source input(pipeline, line.ask);
  const auto keys = keys_of(pipeline);
  const auto origin = origin_of(line);
  const auto report = report_options_of(line);
  const run_parts parts{origin, report, line.metrics, pipeline, kinds, input, keys, interrupts, earlier};
  if (earlier) {
    earlier->check_input(pipeline, input, read_stdin);
    earlier->restore();
    if (earlier->is_complete(stages.size(), read_stdin))
      return show_complete(parts, stages);
  }
  const auto config = actor_config(pipeline, keys);
  caf::actor_system system(*config);
  return run_all(system, parts, std::move(stages));
}

// What was printed may not have been written yet.
int written() {
  try {
    write_stdout("");
    return all_done;
  } catch (const reader_gone&) {
  } catch (const write_error& error) {
    spdlog::error("{}", error.what());
  }
  return some_failed;
}

} // namespace

int run_main(int argc, const char* const* argv, registry kinds) {
  auto parsed = parse_command_line(argc, argv);
  if (auto* status = std::get_if<int>(&parsed))
    return *status;
  auto line = std::get<command_line>(parsed);
  log_as("avp-run");
  spdlog::set_level(line.quiet ? spdlog::level::err : spdlog::level::info);
  std::signal(SIGPIPE, SIG_IGN); // a reader that went away is an error of the write
  std::signal(SIGXFSZ, SIG_IGN); // likewise a file that may not grow
  try {
    interrupt_guard interrupts("before any task was run");
    std::optional<resumption> earlier;
    const bool read_stdin = line.input.has_value();
    if (line.resume) {
      interrupts.say_at_end(how_to_go_on(*line.resume));
      line = resumed(line, earlier.emplace(*line.resume).begun());
    }
    for (const auto& plugin : line.plugins)
      load_plugin(plugin, kinds);
    const auto status = run_pipeline(line, kinds, earlier ? &*earlier : nullptr, read_stdin, interrupts);
    return status == all_done ? written() : status;
  } catch (const reader_gone&) {
    return some_failed;
  } catch (...) {
    return status_of_thrown();
  }
}

} // namespace avp
