// State of the actor of a batch.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <caf/typed_event_based_actor.hpp>

#include "runtime/os/work_threads.hpp"
#include "runtime/run/batch_actor.hpp"
#include "runtime/run/batch_config.hpp"
#include "runtime/score/scorer_process.hpp"

namespace avp {

/// From the feed: the next record, the end of the input, or why there is no more of it.
struct new_item {
  fed_item item;
};

/// From the pipeline: a hop of a task, for the journal.
struct hop_of_task {
  std::string task;
  ended_hop hop;
};

/// From a scoring thread: a result with its score, or with why it has none as its error.
struct scored_result {
  task_result result;
};

/// What a batch hears.
using batch_interface =
    batch_actor::extend<caf::reacts_to<new_item>, caf::reacts_to<hop_of_task>, caf::reacts_to<scored_result>>;

/// A task that the pipeline has.
struct asked_task {
  std::string id;
  std::string setup; ///< Of the program that the answer is.
  std::optional<std::string> expected;
};

/// Tasks in batch_state.cpp, scores in batch_scores.cpp.
class batch_state {
public:
  explicit batch_state(batch_interface::pointer self) : self_(self) {}

  void start(batch_config config);
  void take(fed_item& fed);
  void keep(const hop_of_task& ended);
  void take_score(scored_result& scored);
  void stop();
  void down(const caf::down_msg& message);

private:
  void begin(const record& one);
  void ask(std::uint64_t place, const record& one);
  void fail_line(const bad_line& line);
  void answered(std::uint64_t place, task_result& result);
  void not_answered(std::uint64_t place, const caf::error& error);
  void fail(std::uint64_t place, const failure& why);
  [[nodiscard]] task_result failed_result(const std::string& task, const failure& why) const;
  void start_scorer();
  void score(asked_task asked, task_result result);
  void report(task_result result);
  void keep_end();
  void end_if_idle();

  batch_interface::pointer self_;
  batch_config config_;
  std::string stage_; // as variant_text() calls it
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::unique_ptr<record_feed> feed_;
  std::shared_ptr<scorer_process> texts_; ///< What scores texts, on the one thread of scoring_.
  std::unique_ptr<work_threads> scoring_; ///< A score may take seconds, so it is not made in the actor.
  std::size_t being_scored_ = 0;
  std::map<std::uint64_t, asked_task> asked_; // by place
  std::uint64_t next_place_ = 0;
  std::size_t records_read_ = 0;
  bool input_ended_ = false;
  bool is_pipeline_gone_ = false; // and its down message will say why
  bool ended_ = false;
  std::string fatal_; // why it ends early
};

} // namespace avp

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::new_item)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::hop_of_task)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::scored_result)
