// avp-run, from arguments to exit status.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/atom.hpp>
#include <caf/scoped_actor.hpp>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <avp/gpu/model/catalogue.hpp>
#include <avp/gpu/model/model_error.hpp>
#include <avp/runtime/command_line.hpp>
#include <avp/runtime/dot.hpp>
#include <avp/runtime/input_source.hpp>
#include <avp/runtime/interrupt.hpp>
#include <avp/runtime/journal.hpp>
#include <avp/runtime/pipeline_file.hpp>
#include <avp/runtime/plugin.hpp>
#include <avp/runtime/report/report.hpp>
#include <avp/runtime/reporter.hpp>
#include <avp/runtime/resume.hpp>
#include <avp/runtime/run_actor.hpp>
#include <avp/runtime/run_devices.hpp>
#include <avp/runtime/run_facts.hpp>
#include <avp/runtime/run_main.hpp>

namespace avp {

namespace {

// How often the terminal is drawn anew and signals are looked for.
constexpr auto tick = std::chrono::milliseconds(100);

// The exit statuses of avp-run.
enum status : int { all_done = 0, some_failed = 1, bad_usage = 2, was_interrupted = 130 };

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

std::string counted(std::size_t number, const std::string& what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

// What an agent does with contexts, and with failing.
std::string explain(const agent_spec& spec, const planned_agent& agent, const plan& plan) {
  std::string text;
  if (agent.contexts_from.size() == 1)
    text += ", continues the context of " + agent.contexts_from.front();
  for (std::size_t i = 0; i < agent.contexts_from.size() && agent.contexts_from.size() > 1; ++i)
    text += (i == 0 ? ", joins the contexts of " : ", ") + agent.contexts_from[i];
  if (agent.contexts_from.size() > 1)
    text += " (" + std::string(merge_name(spec.merge)) + ")";
  if (plan.mode == mode::latent && spec.keep != keep::all)
    text += ", hands on " + std::string(keep_name(spec.keep));
  if (spec.on_failure == on_failure::skip && agent.name != plan.output)
    text += ", is left out when it fails";
  return text;
}

int explain_plans(const pipeline& pipeline, const std::vector<plan>& plans) {
  for (const auto& plan : plans) {
    std::printf("%s, mode %s: %s, answer from '%s'\n", pipeline.name.c_str(), std::string(mode_name(plan.mode)).c_str(),
                counted(plan.agents.size(), "agent").c_str(), plan.output.c_str());
    for (const auto& agent : plan.agents) {
      std::printf("  %s (%s)%s\n", agent.name.c_str(), agent.kind.c_str(),
                  explain(pipeline.agent(agent.name), agent, plan).c_str());
    }
    for (const auto& note : plan.notes)
      std::printf("  note: %s\n", note.c_str());
  }
  if (pipeline.input.records)
    std::printf("input: %s\n", counted(*pipeline.input.records, "record").c_str());
  int outcome = all_done;
  for (const auto& model : pipeline.models) {
    try {
      std::printf("model %s: %s\n", model.name.c_str(), resolve_model(model.source).c_str());
    } catch (const model_error& error) {
      std::fflush(stdout);
      std::fprintf(stderr, "model %s: %s\n", model.name.c_str(), error.what());
      outcome = bad_usage;
    }
  }
  return outcome;
}

// Runs one mode to its end. Returns why it ended early, or nothing. Counts `next_place` on. `earlier_seconds` is the
// wall time that the mode took before the run was resumed.
std::string run_mode(caf::actor_system& system, run_config config, run_devices& devices, reporter& reports,
                     std::uint64_t& next_place, double earlier_seconds, const interrupt_guard& interrupts) {
  caf::scoped_actor self(system);
  const auto started = std::chrono::steady_clock::now();
  const auto mode = config.plan.mode;
  config.observer = self;
  config.devices = devices.by_model();
  config.first_place = next_place;
  const auto journal = config.journal;
  const auto run = start_run(system, std::move(config));
  std::optional<std::string> end;
  std::string write_failure;
  bool stopping = false;
  const auto seconds = [&] {
    return earlier_seconds + std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  };
  const auto stop = [&] {
    if (!std::exchange(stopping, true))
      self->send(run, stop_run{});
  };
  const auto fail = [&](const std::string& why) {
    if (write_failure.empty())
      write_failure = why;
    stop();
  };
  const auto report = [&](auto&& work) {
    try {
      work();
    } catch (const write_error& error) {
      fail(error.what());
    }
  };
  report([&] { reports.begin(mode); });
  while (!end) {
    self->receive(
        [&](const task_begun& begun) {
          devices.name_task(begun.place, begun.task + " " + std::string(mode_name(mode)));
          next_place = begun.place + 1;
        },
        [&](const task_result& result) {
          if (journal)
            journal->add(saved_result{result.task, result.mode, to_json_line(result), seconds()});
          report([&] { reports.add(result); });
        },
        [&](const answer_piece& piece) { report([&] { reports.add_words(piece.text); }); },
        [&](const run_ended& ended) { end = ended.error; }, caf::after(tick) >> [&] { reports.tick(); });
    if (const auto why = journal ? journal->failure() : ""; !why.empty())
      fail(why);
    if (interrupts.interrupted() && !stopping) {
      // A terminal has the bar, or the keyboard's ^C, on the line already.
      std::fprintf(stderr, "%sinterrupted: finishing the tasks that run; interrupt once more to stop at once\n",
                   isatty(STDERR_FILENO) != 0 ? "\n" : "");
      stop();
    }
  }
  reports.add_seconds(mode, seconds());
  return write_failure.empty() ? *end : write_failure;
}

// A report that can't be made costs no result, and avp-report makes it again.
void leave_report(const reporter& reports) {
  const auto folder = reports.folder();
  if (!folder)
    return;
  try {
    write_report({*folder}, *folder / "report.html");
  } catch (const std::exception& error) {
    spdlog::warn("no report: {}", error.what());
  }
}

// Counts what was done before the run was resumed. Times are added with those of each mode that runs.
void restore_totals(reporter& reports, const resumption& earlier) {
  for (const auto& result : earlier.results())
    reports.add_earlier(result);
}

// Says how to go on with a run that stopped, or that read only a part of standard input.
void say_how_to_go_on(const std::filesystem::path& folder, const input_source& input) {
  std::fprintf(stderr, "to go on: %s\n", resume_command(folder).c_str());
  if (input.may_lack_input())
    std::fprintf(stderr,
                 "that runs what was read of standard input; for all of it, give the whole input once more: "
                 "%s --input - < INPUT\n",
                 resume_command(folder).c_str());
}

// For a run that has nothing left to do.
int show_complete(const command_line& line, const pipeline& pipeline, const resumption& earlier,
                  const input_source& input) {
  spdlog::info("the run in '{}' is finished: nothing is left to do", line.resume->string());
  reporter reports(line, pipeline);
  restore_totals(reports, earlier);
  for (const auto mode : pipeline.modes)
    reports.add_seconds(mode, earlier.seconds(mode));
  if (std::filesystem::exists(*line.resume / "summary.json"))
    reports.print_totals({});
  else
    reports.finish({});
  leave_report(reports);
  if (input.may_lack_input())
    say_how_to_go_on(*line.resume, input);
  return reports.summary().failed() == 0 ? all_done : some_failed;
}

// The trace of a resumed run stands beside those of the time before.
std::filesystem::path trace_path(const std::filesystem::path& folder, bool resumed) {
  auto file = folder / "trace.json";
  for (int i = 2; resumed && std::filesystem::exists(file); ++i)
    file = folder / ("trace-" + std::to_string(i) + ".json");
  return file;
}

// Runs all modes, from the first one or from where an earlier avp-run stopped. Returns why that ended early, or
// nothing.
std::string run_modes(caf::actor_system& system, const run_config& common, std::vector<plan> plans, input_source& input,
                      run_devices& devices, reporter& reports, resumption* earlier, const interrupt_guard& interrupts) {
  std::uint64_t next_place = 0;
  std::string failure;
  for (auto& plan : plans) {
    if (interrupts.interrupted()) // in the mode before
      break;
    for (const auto& note : plan.notes)
      spdlog::warn("{}", note);
    const auto mode = plan.mode;
    auto config = common;
    config.plan = std::move(plan);
    config.input = input.open(earlier ? earlier->finished(mode) : std::set<std::string>());
    if (earlier)
      config.saved = earlier->take_open_hops(mode);
    failure = run_mode(system, std::move(config), devices, reports, next_place, earlier ? earlier->seconds(mode) : 0,
                       interrupts);
    if (!failure.empty())
      break;
  }
  if (common.journal) {
    common.journal->close();
    if (failure.empty())
      failure = common.journal->failure();
  }
  try {
    reports.finish(devices.end());
  } catch (const write_error& error) {
    if (failure.empty())
      failure = error.what();
  }
  leave_report(reports);
  return failure;
}

int run_all(caf::actor_system& system, const command_line& line, const pipeline& pipeline, const registry& kinds,
            std::vector<plan> plans, input_source& input, resumption* earlier) {
  interrupt_guard interrupts;
  if (line.out)
    output_directory::check(*line.out);
  run_devices devices(system, line, pipeline, plans);
  devices.start();
  if (interrupts.interrupted()) {
    std::fprintf(stderr, "interrupted while the models were loaded; no task was run\n");
    if (line.resume)
      say_how_to_go_on(*line.resume, input);
    return was_interrupted;
  }
  if (earlier)
    earlier->check_models(system, pipeline, devices.by_model());
  reporter reports(line, pipeline);
  run_config config;
  config.pipeline = &pipeline;
  config.kinds = &kinds;
  config.concurrency = line.tasks_in_flight();
  config.stream = line.ask.has_value();
  if (const auto folder = reports.folder()) {
    config.journal = std::make_shared<journal>(
        earlier ? earlier->take_database() : journal_database::create(*folder, describe_run(line, pipeline)));
    input.keep_in(config.journal);
    devices.trace_into(trace_path(*folder, earlier != nullptr));
    interrupts.say_at_end("to go on: " + resume_command(*folder));
  }
  if (earlier)
    restore_totals(reports, *earlier);
  else
    reports.add_facts(run_facts(line, pipeline, plans));
  const auto failure = run_modes(system, config, std::move(plans), input, devices, reports, earlier, interrupts);
  if (!failure.empty())
    spdlog::error("the run ended early: {}", failure);
  if (const auto folder = reports.folder();
      folder && (interrupts.interrupted() || !failure.empty() || input.may_lack_input()))
    say_how_to_go_on(*folder, input);
  if (interrupts.interrupted())
    return was_interrupted;
  if (failure.empty() && reports.summary().done() + reports.summary().failed() == 0)
    spdlog::warn("the input had no records, so nothing was run");
  return failure.empty() && reports.summary().failed() == 0 ? all_done : some_failed;
}

// `read_stdin`: the run goes on, and standard input is given once more.
int run_pipeline(const command_line& line, const registry& kinds, resumption* earlier, bool read_stdin) {
  auto loaded = earlier ? earlier->load(kinds.kinds()) : load_pipeline_file(line.pipeline, options_of(line, kinds));
  if (!loaded.pipeline) {
    std::fputs(to_string(loaded.mistakes).c_str(), stderr);
    return bad_usage;
  }
  const auto& pipeline = *loaded.pipeline;
  std::vector<plan> plans;
  for (auto mode : pipeline.modes)
    plans.push_back(make_plan(pipeline, mode, kinds.kinds()));
  if (line.check)
    return explain_plans(pipeline, plans);
  if (line.graph) {
    std::fputs(to_dot(pipeline, plans.front()).c_str(), stdout);
    return all_done;
  }
  input_source input(pipeline, line.ask);
  if (earlier) {
    earlier->check_input(pipeline, input, read_stdin);
    earlier->restore();
    if (earlier->is_complete(read_stdin))
      return show_complete(line, pipeline, *earlier, input);
  }
  caf::actor_system_config config;
  config.set("scheduler.policy", caf::atom("sharing")); // the stealing policy polls beside the arithmetic threads
  caf::actor_system system(config);
  return run_all(system, line, pipeline, kinds, std::move(plans), input, earlier);
}

} // namespace

int run_main(int argc, const char* const* argv, registry kinds) {
  auto parsed = parse_command_line(argc, argv);
  if (auto* status = std::get_if<int>(&parsed))
    return *status;
  auto line = std::get<command_line>(parsed);
  auto logger = spdlog::stderr_color_st("avp-run");
  logger->set_pattern("%^%l%$: %v");
  logger->set_level(line.quiet ? spdlog::level::err : spdlog::level::info);
  spdlog::set_default_logger(logger);
  std::signal(SIGPIPE, SIG_IGN); // a reader that went away is an error of the write
  std::signal(SIGXFSZ, SIG_IGN); // likewise a file that may not grow
  try {
    std::optional<resumption> earlier;
    const bool read_stdin = line.input.has_value();
    if (line.resume)
      line = earlier.emplace(*line.resume).arguments(line);
    for (const auto& plugin : line.plugins)
      load_plugin(plugin, kinds);
    return run_pipeline(line, kinds, earlier ? &*earlier : nullptr, read_stdin);
  } catch (const plugin_error& error) {
    spdlog::error("{}", error.what());
  } catch (const model_error& error) {
    spdlog::error("{}", error.what());
  } catch (const write_error& error) {
    spdlog::error("{}", error.what());
  } catch (const listen_error& error) {
    spdlog::error("{}", error.what());
  } catch (const resume_error& error) {
    spdlog::error("{}", error.what());
  } catch (const journal_error& error) {
    spdlog::error("{}", error.what());
  } catch (const std::exception& error) {
    spdlog::error("{}", error.what());
    return some_failed;
  }
  return bad_usage;
}

} // namespace avp
