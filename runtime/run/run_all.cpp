// Stages one after another on the same devices.
#include "runtime/run/run_all.hpp"

#include <cstdio>
#include <filesystem>

#include <spdlog/spdlog.h>

#include "runtime/os/interrupt.hpp"
#include "runtime/os/standard_output.hpp"
#include "runtime/report/report.hpp"
#include "runtime/run/reporter.hpp"
#include "runtime/run/run_facts.hpp"
#include "runtime/run/whole_run.hpp"
#include "runtime/score/scorer_process.hpp"

namespace avp {

namespace {

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
  std::fprintf(stderr, "%s\n", how_to_go_on(folder).c_str());
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

// Shows the lines of the time before, where those of results.jsonl are wanted. Returns why that failed, or nothing.
std::string show_earlier(whole_run& state) {
  try {
    if (state.parts.earlier)
      state.reports.show_earlier();
  } catch (const reader_gone&) {
    state.reader_left = true;
  } catch (const write_error& error) {
    return error.what();
  }
  return {};
}

// Runs all stages and ends the folder. Returns why that ended early, or nothing.
std::string run_stages_of(caf::actor_system& system, whole_run& state, const std::vector<run_stage>& stages) {
  auto failure = show_earlier(state);
  for (std::size_t place = 0; place < stages.size() && failure.empty() && !state.stops(); ++place) {
    for (const auto& note : stages[place].plan.notes)
      spdlog::warn("{}", note);
    failure = state.run(system, stages[place], place);
  }
  if (state.journal) {
    state.journal->close();
    if (failure.empty())
      failure = state.journal->failure();
  }
  try {
    if (state.nodes)
      state.nodes->collect_counters();
    const auto devices = state.devices.end();
    state.reports.finish(devices, state.devices.node_counters()->totals());
  } catch (const reader_gone&) {
    state.reader_left = true;
  } catch (const write_error& error) {
    if (failure.empty())
      failure = error.what();
  }
  leave_report(state.reports);
  return failure;
}

} // namespace

exit_status show_complete(const run_parts& parts, const std::vector<run_stage>& stages) {
  const auto& folder = *parts.report.folder;
  spdlog::info("the run in '{}' is finished: nothing is left to do", folder.string());
  reporter reports(parts.report, parts.pipeline);
  restore_totals(reports, *parts.earlier);
  try {
    reports.show_earlier();
  } catch (const reader_gone&) {
    throw;
  } catch (const write_error& error) { // to run_main it would be a folder that can't be written
    spdlog::error("{}", error.what());
    return some_failed;
  }
  for (const auto& stage : stages)
    reports.add_seconds(stage.plan.mode, stage.point, parts.earlier->seconds(stage_name(stage)));
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
  auto* earlier = parts.earlier;
  if (parts.report.folder && !parts.report.goes_on)
    output_directory::check(*parts.report.folder);
  const auto& largest = *stages.back().pipeline;
  const auto plans = plans_of_last(stages);
  const auto programs = parts.pipeline.scores_programs() ? std::make_shared<const program_scorer>() : nullptr;
  const auto scorer = parts.pipeline.score && !programs ? scorer_program() : std::filesystem::path();
  run_devices devices(system, device_configs(largest, plans), parts.report.leaves_folder, parts.metrics);
  std::unique_ptr<cluster> nodes; // greeted while this machine loads its models
  if (has_nodes(largest))
    nodes = std::make_unique<cluster>(system, largest, plans, parts.keys, devices.node_counters());
  devices.start();
  if (nodes)
    nodes->prepare(devices.by_model());
  if (earlier)
    earlier->check_models(system, largest, devices.by_model());
  reporter reports(parts.report, parts.pipeline);
  whole_run state{parts, devices, reports, programs, scorer, nullptr, nullptr, std::move(nodes)};
  if (const auto folder = reports.folder()) {
    state.journal = std::make_shared<run_journal>(
        earlier ? earlier->take_database()
                : journal_database::create(*folder, describe_run(parts.origin, parts.pipeline)));
    devices.trace_into(trace_path(*folder, earlier != nullptr));
    parts.interrupts.say_at_end(how_to_go_on(*folder));
  }
  if (parts.pipeline.sweep && parts.pipeline.sweep->over == sweep_over::prompt_tokens)
    state.filler = std::make_shared<const sweep_input>(parts.pipeline);
  if (earlier)
    restore_totals(reports, *earlier);
  else
    reports.add_facts(run_facts(parts.origin, largest, plans, devices.formats()));
  parts.interrupts.finish_first("finishing the tasks that run");
  const auto failure = run_stages_of(system, state, stages);
  if (!failure.empty())
    spdlog::error("the run ended early: {}", failure);
  if (const auto folder = reports.folder();
      folder && (state.stops() || !failure.empty() || parts.input.may_lack_input()))
    say_how_to_go_on(*folder, parts.input);
  const bool nothing_failed = failure.empty() && !state.reader_left && reports.summary().failed() == 0;
  if (nothing_failed && !state.stops() && reports.summary().done() == 0)
    spdlog::warn("the input had no records, so nothing was run");
  const auto status = interrupt_guard::interrupted() ? was_interrupted : nothing_failed ? all_done : some_failed;
  parts.interrupts.leave(status);
  return status;
}

} // namespace avp
