// The requests of one model, from submission to answer.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gpu/device_observer.hpp"
#include "gpu/engine/draft_model.hpp"
#include "gpu/engine/foreign_inputs.hpp"
#include "gpu/engine/model_runner.hpp"
#include "gpu/engine/running_request.hpp"
#include "gpu/engine/scheduler.hpp"

namespace avp {

/// Owns the requests and the cache of a model. Lets the scheduler choose the rows of each pass and the runner compute
/// them, and hands the results to the requests.
class model_engine {
public:
  /// `times`: of passes, as far as they are known.
  model_engine(std::shared_ptr<loaded_model> model, std::int64_t blocks, bool share_prefixes, pass_times times);
  model_engine(const model_engine&) = delete;
  model_engine& operator=(const model_engine&) = delete;

  /// Fails the requests that are not done.
  ~model_engine();

  /// Queues a request, or answers it at once where there is nothing to run: then returns its record. `guesser`: who
  /// guesses tokens of its answer, if anybody does. Throws request_error when it can never run.
  [[nodiscard]] std::optional<request_record> submit(const request_work& asked, request_callback done,
                                                     std::uint64_t arrival, std::optional<token_guesser> guesser);

  /// The model as one that guesses for others.
  [[nodiscard]] std::shared_ptr<draft_model> as_draft();

  /// What its passes take.
  [[nodiscard]] const pass_times& times() const { return times_; }

  /// Ends a request. Returns its record, or nothing when there is none of this id.
  [[nodiscard]] std::optional<request_record> cancel(request_id id);

  /// Takes back the blocks of contexts that nobody holds any more.
  void reclaim() { pool_->drain(); }

  [[nodiscard]] bool has_work() const { return !requests_.empty(); }

  /// At most one forward pass. Appends the records of requests that ended.
  [[nodiscard]] step_record step(std::vector<request_record>& ended);

  /// Adds what is true now and what was counted so far.
  void add_to(device_counters& counters) const;

  [[nodiscard]] const loaded_model& model() const { return *model_; }

private:
  using request_map = std::map<priority, std::unique_ptr<running_request>>; // oldest first
  using records = std::vector<request_record>;

  void run_pass(step_record& record, records& ended);
  void fail_expired(records& ended);
  [[nodiscard]] std::vector<scheduled_rows> schedule(records& ended);
  void run(std::span<const scheduled_rows> rows);
  void share_time(std::span<const scheduled_rows> rows, const row_counts& all, double milliseconds);
  void for_states(auto wants, auto use);
  using faults = std::vector<std::pair<priority, std::string>>;
  [[nodiscard]] faults choose_tokens(row_counts& counted);
  static void choose_in_turn(std::span<running_request* const> requests, at::Tensor logits, faults& failed);
  void make_latent_inputs();
  static void look_at_thoughts(std::span<running_request* const> requests, const at::Tensor& scores);
  void score_next_tokens();
  void project();
  void finish_done(records& ended);
  void finish(running_request& request);
  request_map::iterator fail(request_map::iterator which, const caf::error& why, records& ended);
  void fail_running(const caf::error& why, records& ended);

  std::shared_ptr<loaded_model> model_;
  std::shared_ptr<block_pool> pool_;
  model_runner runner_;
  scheduler scheduler_;
  pass_times times_;
  std::shared_ptr<draft_model> draft_;     // where it guesses for others
  std::unique_ptr<foreign_inputs> inputs_; // made when something is projected onto the model at first
  request_map requests_;
};

} // namespace avp
