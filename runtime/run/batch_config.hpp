// What a batch is made of.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <caf/actor.hpp>

#include "runtime/flow/pipeline_actor.hpp"
#include "runtime/pipeline/pipeline.hpp"
#include "runtime/run/record_feed.hpp"
#include "runtime/run/run_journal.hpp"
#include "runtime/score/program_scorer.hpp"

namespace avp {

/// What a batch asks, of whom, and who is told.
struct batch_config {
  pipeline_actor asked;
  avp::mode mode = mode::latent;
  std::optional<sweep_point> sweep;         ///< The point of a sweep that this is, for the results.
  std::size_t concurrency = 1;              ///< Tasks in flight at most.
  std::uint64_t first_place = 0;            ///< task_input::place of the first task; later ones count on.
  std::optional<std::int64_t> prefix_scope; ///< As request::prefix_scope, for every task.
  bool stream = false;                      ///< Whether the observer gets answers as they come.
  caf::actor observer;                      ///< Gets task_begun, finished_task, answer_piece, and batch_ended at last.
  std::optional<score_spec> score;          ///< How answers are scored; not at all unless set.
  std::shared_ptr<const program_scorer> programs; ///< Where the score's kind is python.
  std::filesystem::path scorer;                   ///< avp-score, where the score's kind is another one.
  record_feed::source input;                      ///< Gives the records; called on a thread of its own.
  /// Where set: ends the reading. Gives all records where `input` came to an end that is one to believe, else null.
  std::function<const std::deque<input_item>*()> end_input;
  std::function<record(record)> fill;   ///< Where set: makes the record that runs of the one that was read.
  std::set<std::string> finished;       ///< Tasks that have a result and do not run again.
  std::shared_ptr<run_journal> journal; ///< Keeps what is read and what ends; may be empty.
  std::map<std::string, std::vector<saved_hop>> saved; ///< By task: hops that need not be done again.
  double earlier_seconds = 0;                          ///< What this batch took before it went on.
};

} // namespace avp
