// avp-run, from arguments to exit status.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <deque>
#include <fstream>
#include <iostream>

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
#include <avp/runtime/interrupt.hpp>
#include <avp/runtime/pipeline_file.hpp>
#include <avp/runtime/plugin.hpp>
#include <avp/runtime/reporter.hpp>
#include <avp/runtime/run_actor.hpp>
#include <avp/runtime/run_devices.hpp>
#include <avp/runtime/run_main.hpp>
#include <avp/runtime/run_stage.hpp>
#include <avp/runtime/sweep_input.hpp>

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

void explain_sweep(const sweep_spec& sweep) {
  std::string values;
  for (const auto n : sweep.values)
    values += (values.empty() ? "" : ", ") + std::to_string(n);
  std::string series;
  for (const auto one : sweep.series)
    series += (series.empty() ? "" : ", ") + series_text(one);
  std::printf("sweep over %s: %s; series: %s; the largest:\n", std::string(over_name(sweep.over)).c_str(),
              values.c_str(), series.c_str());
}

int explain_stages(const pipeline& pipeline, const std::vector<run_stage>& stages) {
  if (pipeline.sweep)
    explain_sweep(*pipeline.sweep);
  for (const auto& [sized, plan, point] : stages) {
    if (point && (point->n != pipeline.sweep->values.back() || point->series == sweep_series::text_unshared))
      continue;
    std::printf("%s, mode %s: %s, answer from '%s'\n", pipeline.name.c_str(), std::string(mode_name(plan.mode)).c_str(),
                counted(plan.agents.size(), "agent").c_str(), plan.output.c_str());
    for (const auto& agent : plan.agents) {
      std::printf("  %s (%s)", agent.name.c_str(), agent.kind.c_str());
      if (agent.context_from)
        std::printf(", continues the context of %s", agent.context_from->c_str());
      std::printf("\n");
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

// The records of a run, which every mode reads from the start. Standard input can't be read twice, so it is kept.
class input_source {
public:
  input_source(const pipeline& pipeline, const command_line& line) : spec_(pipeline.input), ask_(line.ask) {}

  record_feed::source open() {
    if (ask_)
      return [this, given = false]() mutable -> std::optional<input_item> {
        if (std::exchange(given, true))
          return std::nullopt;
        auto made = ask_record(spec_.ask.value_or("question"), *ask_);
        if (auto* question = std::get_if<record>(&made))
          return *question;
        return bad_line{"ask", 0, 0, std::get<std::string>(made)};
      };
    if (spec_.file == "-") {
      if (!stdin_)
        stdin_ = std::make_shared<standard_input>(spec_);
      return [input = stdin_, next = std::size_t{0}]() mutable -> std::optional<input_item> {
        if (next == input->kept.size()) {
          auto item = input->reader.next();
          if (!item)
            return std::nullopt;
          input->kept.push_back(std::move(*item));
        }
        return input->kept[next++];
      };
    }
    struct open_file {
      std::ifstream stream;
      record_reader reader;
      open_file(const input_spec& spec) : stream(*spec.file), reader(stream, spec.id, spec.limit) {}
    };
    return [file = std::make_shared<open_file>(spec_)] { return file->reader.next(); };
  }

private:
  // Shared with the thread that reads, which may still wait for a line when an interrupted run is over.
  struct standard_input {
    record_reader reader;
    std::deque<input_item> kept;
    explicit standard_input(const input_spec& spec) : reader(std::cin, spec.id, spec.limit) {}
  };

  input_spec spec_;
  std::optional<std::string> ask_;
  std::shared_ptr<standard_input> stdin_;
};

// For a sweep over prompt_tokens: the records with as much text as the point asks for.
record_feed::source filled(record_feed::source next, std::shared_ptr<const sweep_input> filler,
                           const std::optional<sweep_point>& point) {
  if (!filler)
    return next;
  return [next = std::move(next), filler = std::move(filler), n = point->n] {
    auto item = next();
    if (auto* one = item ? std::get_if<record>(&*item) : nullptr)
      *one = filler->filled(std::move(*one), n);
    return item;
  };
}

// What a stage's run needs beside devices and input. A point of a sweep shares prompt prefixes only within itself: what
// a smaller one has read must not make it look cheaper.
run_config config_of(run_stage& stage, std::size_t place, const command_line& line, const registry& kinds) {
  run_config config;
  config.pipeline = stage.pipeline.get();
  config.kinds = &kinds;
  config.plan = std::move(stage.plan);
  config.concurrency = line.tasks_in_flight();
  config.sweep = stage.point;
  if (stage.point && stage.point->series == sweep_series::text_unshared)
    config.prefix_scope.reset();
  else if (stage.point)
    config.prefix_scope = static_cast<std::int64_t>(place);
  config.stream = line.ask.has_value();
  return config;
}

// Runs one mode to its end. Returns why it ended early, or nothing. Counts `next_place` on.
std::string run_mode(caf::actor_system& system, run_config config, run_devices& devices, input_source& input,
                     std::shared_ptr<const sweep_input> filler, reporter& reports, std::uint64_t& next_place,
                     const interrupt_guard& interrupts) {
  caf::scoped_actor self(system);
  const auto started = std::chrono::steady_clock::now();
  const auto mode = config.plan.mode;
  const auto point = config.sweep;
  config.observer = self;
  config.input = filled(input.open(), filler, config.sweep);
  config.devices = devices.by_model();
  config.first_place = next_place;
  const auto run = start_run(system, std::move(config));
  std::optional<std::string> end;
  std::string write_failure;
  bool stopping = false;
  const auto stop = [&] {
    if (!std::exchange(stopping, true))
      self->send(run, stop_run{});
  };
  const auto report = [&](auto&& work) {
    try {
      work();
    } catch (const write_error& error) {
      if (write_failure.empty())
        write_failure = error.what();
      stop();
    }
  };
  report([&] { reports.begin(mode); });
  while (!end) {
    self->receive(
        [&](const task_begun& begun) {
          devices.name_task(begun.place, begun.task + " " + variant_text(mode, point));
          next_place = begun.place + 1;
        },
        [&](const task_result& result) { report([&] { reports.add(result); }); },
        [&](const answer_piece& piece) { report([&] { reports.add_words(piece.text); }); },
        [&](const run_ended& ended) { end = ended.error; }, caf::after(tick) >> [&] { reports.tick(); });
    if (interrupts.interrupted() && !stopping) {
      // A terminal has the bar, or the keyboard's ^C, on the line already.
      std::fprintf(stderr, "%sinterrupted: finishing the tasks that run; interrupt once more to stop at once\n",
                   isatty(STDERR_FILENO) != 0 ? "\n" : "");
      stop();
    }
  }
  reports.add_seconds(mode, point, std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  return write_failure.empty() ? *end : write_failure;
}

// All models that any stage needs: the largest size of a sweep runs all agents.
std::vector<plan> plans_of_last(const std::vector<run_stage>& stages) {
  std::vector<plan> plans;
  for (const auto& stage : stages)
    if (stage.pipeline == stages.back().pipeline)
      plans.push_back(stage.plan);
  return plans;
}

int run_all(caf::actor_system& system, const command_line& line, const pipeline& pipeline, const registry& kinds,
            std::vector<run_stage> stages) {
  const interrupt_guard interrupts;
  if (line.out)
    output_directory::check(*line.out);
  run_devices devices(system, line, *stages.back().pipeline, plans_of_last(stages));
  devices.start();
  if (interrupts.interrupted()) {
    std::fprintf(stderr, "interrupted while the models were loaded; no task was run\n");
    return was_interrupted;
  }
  reporter reports(line, pipeline);
  if (const auto folder = reports.folder())
    devices.trace_into(*folder);
  input_source input(pipeline, line);
  std::shared_ptr<const sweep_input> filler;
  if (pipeline.sweep && pipeline.sweep->over == sweep_over::prompt_tokens)
    filler = std::make_shared<const sweep_input>(pipeline);
  std::string failure;
  std::uint64_t next_place = 0;
  for (std::size_t place = 0; place < stages.size(); ++place) {
    if (interrupts.interrupted()) // in the stage before
      break;
    for (const auto& note : stages[place].plan.notes)
      spdlog::warn("{}", note);
    failure = run_mode(system, config_of(stages[place], place, line, kinds), devices, input, filler, reports,
                       next_place, interrupts);
    if (!failure.empty())
      break;
  }
  try {
    reports.finish(devices.end());
  } catch (const write_error& error) {
    if (failure.empty())
      failure = error.what();
  }
  if (!failure.empty())
    spdlog::error("the run ended early: {}", failure);
  if (interrupts.interrupted())
    return was_interrupted;
  if (failure.empty() && reports.summary().done() + reports.summary().failed() == 0)
    spdlog::warn("the input had no records, so nothing was run");
  return failure.empty() && reports.summary().failed() == 0 ? all_done : some_failed;
}

int run_pipeline(const command_line& line, const registry& kinds) {
  auto loaded = load_pipeline_file(line.pipeline, options_of(line, kinds));
  if (!loaded.pipeline) {
    std::fputs(to_string(loaded.mistakes).c_str(), stderr);
    return bad_usage;
  }
  const auto& pipeline = *loaded.pipeline;
  auto stages = run_stages(pipeline, kinds.kinds());
  if (line.check)
    return explain_stages(pipeline, stages);
  if (line.graph) {
    std::fputs(to_dot(*stages.front().pipeline, stages.front().plan).c_str(), stdout);
    return all_done;
  }
  caf::actor_system_config config;
  config.set("scheduler.policy", caf::atom("sharing")); // the stealing policy polls beside the arithmetic threads
  caf::actor_system system(config);
  return run_all(system, line, pipeline, kinds, std::move(stages));
}

} // namespace

int run_main(int argc, const char* const* argv, registry kinds) {
  auto parsed = parse_command_line(argc, argv);
  if (auto* status = std::get_if<int>(&parsed))
    return *status;
  const auto& line = std::get<command_line>(parsed);
  auto logger = spdlog::stderr_color_st("avp-run");
  logger->set_pattern("%^%l%$: %v");
  logger->set_level(line.quiet ? spdlog::level::err : spdlog::level::info);
  spdlog::set_default_logger(logger);
  std::signal(SIGPIPE, SIG_IGN); // a reader that went away is an error of the write
  std::signal(SIGXFSZ, SIG_IGN); // likewise a file that may not grow
  try {
    for (const auto& plugin : line.plugins)
      load_plugin(plugin, kinds);
    return run_pipeline(line, kinds);
  } catch (const plugin_error& error) {
    spdlog::error("{}", error.what());
  } catch (const model_error& error) {
    spdlog::error("{}", error.what());
  } catch (const write_error& error) {
    spdlog::error("{}", error.what());
  } catch (const listen_error& error) {
    spdlog::error("{}", error.what());
  } catch (const std::exception& error) {
    spdlog::error("{}", error.what());
    return some_failed;
  }
  return bad_usage;
}

} // namespace avp
