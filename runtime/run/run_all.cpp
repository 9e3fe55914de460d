// Stages one after another on the same devices.
#include <chrono>
#include <cstdio>
#include <filesystem>

#include <caf/scoped_actor.hpp>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <avp/runtime/journal/journal.hpp>
#include <avp/runtime/node/cluster.hpp>
#include <avp/runtime/os/interrupt.hpp>
#include <avp/runtime/report/report.hpp>
#include <avp/runtime/run/reporter.hpp>
#include <avp/runtime/run/run_actor.hpp>
#include <avp/runtime/run/run_all.hpp>
#include <avp/runtime/run/run_devices.hpp>
#include <avp/runtime/run/run_facts.hpp>
#include <avp/runtime/run/sweep_input.hpp>

namespace avp {

namespace {

// How often the terminal is drawn anew and signals are looked for.
constexpr auto tick = std::chrono::milliseconds(100);

std::string name_of(const run_stage& stage) { return variant_text(stage.plan.mode, stage.point); }

// What all stages of a run use.
struct whole_run {
  const run_parts& parts;
  const interrupt_guard& interrupts;
  run_devices& devices;
  reporter& reports;
  std::shared_ptr<const program_scorer> programs;
  std::shared_ptr<avp::journal> journal;
  std::shared_ptr<const sweep_input> filler;
  std::unique_ptr<cluster> nodes;
  std::uint64_t next_place = 0;

  [[nodiscard]] double earlier_seconds(const std::string& stage) const {
    return parts.earlier ? parts.earlier->seconds(stage) : 0;
  }
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

// What a stage's run needs. It shares prompt prefixes only within itself: what another mode or a smaller point of a
// sweep has read must not make it look cheaper.
run_config config_of(const whole_run& run, run_stage stage, std::size_t place) {
  const auto name = name_of(stage);
  auto* earlier = run.parts.earlier;
  run_config config;
  config.pipeline = stage.pipeline.get();
  config.kinds = &run.parts.kinds;
  config.plan = std::move(stage.plan);
  config.devices = run.devices.by_model();
  config.nodes = run.nodes.get();
  config.concurrency = run.parts.line.tasks_in_flight();
  config.first_place = run.next_place;
  config.sweep = stage.point;
  if (!stage.point || stage.point->series != sweep_series::text_unshared)
    config.prefix_scope = static_cast<std::int64_t>(place);
  config.stream = run.parts.line.ask.has_value();
  config.programs = run.programs;
  config.journal = run.journal;
  config.input = filled(run.parts.input.open(earlier ? earlier->finished(name) : std::set<std::string>()), run.filler,
                        stage.point);
  if (earlier)
    config.saved = earlier->take_open_hops(name);
  return config;
}

// Runs one stage to its end. Returns why it ended early, or nothing.
std::string run_one(caf::actor_system& system, whole_run& state, const run_stage& stage, std::size_t place) {
  caf::scoped_actor self(system);
  const auto started = std::chrono::steady_clock::now();
  const auto name = name_of(stage);
  auto config = config_of(state, stage, place);
  config.observer = self;
  const auto run = start_run(system, std::move(config));
  std::optional<std::string> end;
  std::string write_failure;
  bool stopping = false;
  const auto seconds = [&, earlier = state.earlier_seconds(name)] {
    return earlier + std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
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
  report([&] { state.reports.begin(stage.plan.mode); });
  while (!end) {
    self->receive(
        [&](const task_begun& begun) {
          state.devices.name_task(begun.place, begun.task + " " + name);
          state.next_place = begun.place + 1;
        },
        [&](const task_result& result) {
          if (state.journal)
            state.journal->add(saved_result{result.task, name, to_json_line(result), seconds()});
          report([&] { state.reports.add(result); });
        },
        [&](const answer_piece& piece) { report([&] { state.reports.add_words(piece.text); }); },
        [&](const run_ended& ended) { end = ended.error; }, caf::after(tick) >> [&] { state.reports.tick(); });
    if (const auto why = state.journal ? state.journal->failure() : ""; !why.empty())
      fail(why);
    if (state.interrupts.interrupted() && !stopping) {
      // A terminal has the bar, or the keyboard's ^C, on the line already.
      std::fprintf(stderr, "%sinterrupted: finishing the tasks that run; interrupt once more to stop at once\n",
                   isatty(STDERR_FILENO) != 0 ? "\n" : "");
      stop();
    }
  }
  state.reports.add_seconds(stage.plan.mode, stage.point, seconds());
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

// Counts what was done before the run was resumed. Times are added with those of each stage that runs.
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

// The trace of a resumed run stands beside those of the time before.
std::filesystem::path trace_path(const std::filesystem::path& folder, bool resumed) {
  auto file = folder / "trace.json";
  for (int i = 2; resumed && std::filesystem::exists(file); ++i)
    file = folder / ("trace-" + std::to_string(i) + ".json");
  return file;
}

// All models that any stage needs: the largest size of a sweep runs all agents.
std::vector<plan> plans_of_last(const std::vector<run_stage>& stages) {
  std::vector<plan> plans;
  for (const auto& stage : stages)
    if (stage.pipeline == stages.back().pipeline)
      plans.push_back(stage.plan);
  return plans;
}

// Runs all stages and ends the folder. Returns why that ended early, or nothing.
std::string run_stages_of(caf::actor_system& system, whole_run& state, const std::vector<run_stage>& stages) {
  std::string failure;
  for (std::size_t place = 0; place < stages.size() && failure.empty(); ++place) {
    if (state.interrupts.interrupted()) // in the stage before
      break;
    for (const auto& note : stages[place].plan.notes)
      spdlog::warn("{}", note);
    failure = run_one(system, state, stages[place], place);
  }
  if (state.journal) {
    state.journal->close();
    if (failure.empty())
      failure = state.journal->failure();
  }
  try {
    if (state.nodes)
      state.nodes->collect_news();
    const auto devices = state.devices.end();
    state.reports.finish(devices, state.devices.board()->totals());
  } catch (const write_error& error) {
    if (failure.empty())
      failure = error.what();
  }
  leave_report(state.reports);
  return failure;
}

} // namespace

exit_status show_complete(const run_parts& parts, const std::vector<run_stage>& stages) {
  const auto& folder = *parts.line.resume;
  spdlog::info("the run in '{}' is finished: nothing is left to do", folder.string());
  reporter reports(parts.line, parts.pipeline);
  restore_totals(reports, *parts.earlier);
  for (const auto& stage : stages)
    reports.add_seconds(stage.plan.mode, stage.point, parts.earlier->seconds(name_of(stage)));
  if (std::filesystem::exists(folder / "summary.json"))
    reports.print_totals({}, {});
  else
    reports.finish({}, {});
  leave_report(reports);
  if (parts.input.may_lack_input())
    say_how_to_go_on(folder, parts.input);
  return reports.summary().failed() == 0 ? all_done : some_failed;
}

exit_status run_all(caf::actor_system& system, const run_parts& parts, std::vector<run_stage> stages) {
  const auto& line = parts.line;
  auto* earlier = parts.earlier;
  interrupt_guard interrupts;
  if (line.out)
    output_directory::check(*line.out);
  const auto& largest = *stages.back().pipeline;
  const auto plans = plans_of_last(stages);
  const auto programs = parts.pipeline.scores_programs() ? std::make_shared<const program_scorer>() : nullptr;
  run_devices devices(system, line, largest, plans);
  std::unique_ptr<cluster> nodes; // greeted while this machine loads its models
  if (has_nodes(largest))
    nodes = std::make_unique<cluster>(system, largest, plans, parts.keys, devices.board());
  devices.start();
  if (interrupts.interrupted()) {
    std::fprintf(stderr, "interrupted while the models were loaded; no task was run\n");
    if (line.resume)
      say_how_to_go_on(*line.resume, parts.input);
    return was_interrupted;
  }
  if (nodes)
    nodes->prepare(devices.by_model());
  if (earlier)
    earlier->check_models(system, largest, devices.by_model());
  reporter reports(line, parts.pipeline);
  whole_run state{parts, interrupts, devices, reports, programs, nullptr, nullptr, std::move(nodes)};
  if (const auto folder = reports.folder()) {
    state.journal = std::make_shared<journal>(
        earlier ? earlier->take_database() : journal_database::create(*folder, describe_run(line, parts.pipeline)));
    parts.input.keep_in(state.journal);
    devices.trace_into(trace_path(*folder, earlier != nullptr));
    interrupts.say_at_end("to go on: " + resume_command(*folder));
  }
  if (parts.pipeline.sweep && parts.pipeline.sweep->over == sweep_over::prompt_tokens)
    state.filler = std::make_shared<const sweep_input>(parts.pipeline);
  if (earlier)
    restore_totals(reports, *earlier);
  else
    reports.add_facts(run_facts(line, largest, plans));
  const auto failure = run_stages_of(system, state, stages);
  if (!failure.empty())
    spdlog::error("the run ended early: {}", failure);
  if (const auto folder = reports.folder();
      folder && (interrupts.interrupted() || !failure.empty() || parts.input.may_lack_input()))
    say_how_to_go_on(*folder, parts.input);
  if (interrupts.interrupted())
    return was_interrupted;
  if (failure.empty() && reports.summary().done() + reports.summary().failed() == 0)
    spdlog::warn("the input had no records, so nothing was run");
  return failure.empty() && reports.summary().failed() == 0 ? all_done : some_failed;
}

} // namespace avp
