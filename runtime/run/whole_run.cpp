// One stage: a pipeline, the batch that asks it, and who shows what comes.
#include "runtime/run/whole_run.hpp"

#include <chrono>
#include <utility>

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include "gpu/device_error.hpp"
#include "runtime/flow/start_pipeline.hpp"
#include "runtime/os/standard_output.hpp"
#include "runtime/run/start_batch.hpp"

namespace avp {

namespace {

// How often the terminal is drawn anew and signals are looked for.
constexpr auto redraw_interval = std::chrono::milliseconds(100);

// Ends with the stage that it was started for, whichever way that ends.
class stage_pipeline {
public:
  stage_pipeline(caf::actor_system& system, pipeline_config config)
      : actor_(start_pipeline(system, std::move(config))) {}
  stage_pipeline(const stage_pipeline&) = delete;
  stage_pipeline& operator=(const stage_pipeline&) = delete;
  ~stage_pipeline() { caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown); }

  [[nodiscard]] const pipeline_actor& actor() const { return actor_; }

private:
  pipeline_actor actor_;
};

pipeline_config pipeline_of(const whole_run& run, const run_stage& stage) {
  return {stage.pipeline, &run.parts.kinds, stage.plan, run.devices.by_model(), run.nodes.get()};
}

// What a stage's batch needs. It shares prompt prefixes only within itself: what another mode or a smaller point of a
// sweep has read must not make it look cheaper.
batch_config batch_of(const whole_run& run, const run_stage& stage, std::size_t place) {
  const auto name = stage_name(stage);
  auto* earlier = run.parts.earlier;
  batch_config config;
  config.mode = stage.plan.mode;
  config.sweep = stage.point;
  config.concurrency = run.parts.origin.concurrency;
  config.first_place = run.next_place;
  if (!stage.point || stage.point->series != sweep_series::text_unshared)
    config.prefix_scope = static_cast<std::int64_t>(place);
  config.stream = run.parts.report.asked;
  config.score = stage.pipeline->score;
  config.programs = run.programs;
  config.scorer = run.scorer;
  config.journal = run.journal;
  config.input = run.parts.input.open();
  config.end_input = [&input = run.parts.input] { return input.end_stdin(); };
  if (run.filler && stage.point)
    config.fill = [filler = run.filler, n = stage.point->n](const record& one) { return filler->filled(one, n); };
  if (earlier) {
    config.finished = earlier->finished(name);
    config.saved = earlier->take_open_hops(name);
    config.earlier_seconds = earlier->seconds(name);
  }
  return config;
}

} // namespace

std::string stage_name(const run_stage& stage) { return variant_text(stage.plan.mode, stage.point); }

std::string whole_run::run(caf::actor_system& system, const run_stage& stage, std::size_t place) {
  caf::scoped_actor self(system);
  const auto started = std::chrono::steady_clock::now();
  const auto name = stage_name(stage);
  const stage_pipeline asked(system, pipeline_of(*this, stage));
  auto config = batch_of(*this, stage, place);
  const auto earlier_seconds = config.earlier_seconds;
  config.asked = asked.actor();
  config.observer = self;
  const auto batch = start_batch(system, std::move(config));
  self->monitor(batch);
  std::optional<std::string> end;
  std::string write_failure;
  bool stopping = false;
  const auto stop = [&] {
    if (!std::exchange(stopping, true))
      self->send(batch, stop_batch{});
  };
  const auto fail = [&](const std::string& why) {
    if (write_failure.empty())
      write_failure = why;
    stop();
  };
  const auto report = [&](auto&& work) {
    try {
      work();
    } catch (const reader_gone&) {
      if (!std::exchange(reader_left, true))
        spdlog::info("nobody reads the output any more: finishing the tasks that run");
    } catch (const write_error& error) {
      fail(error.what());
    }
  };
  report([&] { reports.begin(stage.plan.mode); });
  while (!end) {
    self->receive(
        [&](const task_begun& begun) {
          devices.name_task(begun.place, begun.task + " " + name);
          next_place = begun.place + 1;
        },
        [&](const finished_task& finished) { report([&] { reports.add(finished.result, finished.line); }); },
        [&](const answer_piece& piece) { report([&] { reports.add_words(piece.text); }); },
        [&](const batch_ended& ended) { end = ended.error; },
        [&](const caf::down_msg& down) { end = "its actor died: " + text_of(down.reason); },
        caf::after(redraw_interval) >> [&] { reports.tick(); });
    if (const auto why = journal ? journal->failure() : ""; !why.empty())
      fail(why);
    if (stops())
      stop();
  }
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - started;
  reports.add_seconds(stage.plan.mode, stage.point, earlier_seconds + spent.count());
  return write_failure.empty() ? *end : write_failure;
}

} // namespace avp
