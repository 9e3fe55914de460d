// Scores of a batch, made on threads that may wait for them.
#include <algorithm>
#include <thread>

#include <caf/send.hpp>

#include "gpu/thrown.hpp"
#include "runtime/run/batch_state.hpp"

namespace avp {

namespace {

failure not_scored(const std::exception_ptr& thrown) {
  return {error_code::scorer_failed, "the answer has no score: " + text_of(thrown)};
}

} // namespace

void batch_state::start_scorer() {
  if (config_.programs) {
    scoring_ = std::make_unique<work_threads>(std::max(1U, std::thread::hardware_concurrency()));
  } else if (config_.score) {
    texts_ = std::make_shared<scorer_process>(config_.scorer);
    scoring_ = std::make_unique<work_threads>(1); // the scorer is one process
  }
}

void batch_state::score(asked_task asked, task_result result) {
  const auto& spec = *config_.score;
  program_task answer{std::move(asked.setup), result.text, *result.expected, spec.time_limit, spec.memory};
  ++being_scored_;
  scoring_->add([self = batch_interface(self_), texts = texts_, programs = config_.programs, kind = spec.kind,
                 answer = std::move(answer), result = std::move(result)]() mutable {
    try {
      result.score = texts ? texts->score(kind, answer.answer, answer.tests) : programs->score(answer);
    } catch (...) { // a scorer's own, and what nobody thought of, such as want of memory
      result.fail(not_scored(std::current_exception()));
    }
    caf::anon_send(self, scored_result{std::move(result)});
  });
}

void batch_state::take_score(scored_result& scored) {
  --being_scored_;
  report(std::move(scored.result));
  end_if_idle();
}

} // namespace avp
