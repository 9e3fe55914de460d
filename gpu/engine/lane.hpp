// The requests of one model: who runs, who waits, who has to give up memory, and what goes into the next forward pass.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include <avp/gpu/device_observer.hpp>
#include <avp/gpu/engine/job.hpp>

namespace avp {

/// Continuous batching for one model. Every step takes rows from as many requests as there are: one row of each that
/// decodes or thinks, and a chunk of the prompts.
class lane {
public:
  lane(std::shared_ptr<loaded_model> model, std::int64_t blocks, bool share_prefixes);

  /// Queues a request, or answers it at once where there is nothing to run: then returns its record. Throws
  /// request_error when it can never run.
  [[nodiscard]] std::optional<request_record> submit(job::work request, job::callback done, std::uint64_t arrival);

  /// Gives up a request. Returns its record, or nothing when there is none of this id.
  [[nodiscard]] std::optional<request_record> cancel(request_id id);

  /// Takes back the blocks of contexts that nobody holds any more.
  void take_back() { pool_->drain(); }

  [[nodiscard]] bool has_work() const { return !running_.empty() || !waiting_.empty(); }

  /// At most one forward pass. Appends the records of requests that ended.
  [[nodiscard]] step_record step(std::vector<request_record>& ended);

  /// Adds what is true now and what was counted so far.
  void add_to(device_counters& counters) const;

  [[nodiscard]] const loaded_model& model() const { return *model_; }

private:
  using job_pointer = std::unique_ptr<job>;
  struct older {
    bool operator()(const job_pointer& a, const job_pointer& b) const { return a->where() < b->where(); }
  };
  using queue = std::set<job_pointer, older>;

  /// Rows of one job in this pass.
  struct piece {
    job* owner = nullptr;
    std::int64_t rows = 0;
    row_kind kind = row_kind::prompt;
    bool replayed = false;
    std::int64_t first_row = 0;
    std::optional<std::int64_t> state; // which of the pass's hidden states is that of the last row
  };

  /// Rows of prompts that a pass still has room for, and blocks of prompts that it fills.
  struct prompt_rows {
    std::int64_t left = 0;
    std::vector<prompt_block> filled;
  };

  void drop_expired(std::vector<request_record>& ended);
  void admit(std::vector<request_record>& ended);
  [[nodiscard]] bool fits(const job& next);
  [[nodiscard]] bool make_room(const job& wants, std::int64_t blocks);
  bool evict_for(const job& wants);
  bool evict(const kv_context& victim);
  template <class May>
  [[nodiscard]] std::shared_ptr<const kv_context> youngest_context(May may) const;
  void preempt(queue::iterator which);
  [[nodiscard]] std::vector<piece> collect(std::vector<request_record>& ended);
  [[nodiscard]] bool arrange(job& next);
  [[nodiscard]] std::optional<std::int64_t> take_rows(job& next, prompt_rows& prompts);
  [[nodiscard]] bool runs_steps() const;
  [[nodiscard]] row_batch batch_of(std::vector<piece>& pieces);
  void run(std::vector<piece>& pieces);
  static void share_time(const std::vector<piece>& pieces, const row_counts& all, double milliseconds);
  template <class Wants, class Use>
  void for_states(Wants wants, Use use);
  void choose_tokens();
  void make_latent_inputs();
  void finish_done(std::vector<request_record>& ended);
  static void fail(job_pointer failed, const caf::error& why, std::vector<request_record>& ended);
  void fail_running(const std::string& why, std::vector<request_record>& ended);

  std::shared_ptr<loaded_model> model_;
  std::shared_ptr<block_pool> pool_;
  bool share_prefixes_;
  queue running_;
  queue waiting_;
  std::vector<std::weak_ptr<const kv_context>> contexts_; // oldest first
  std::int64_t preemptions_ = 0;
  std::int64_t evictions_ = 0;
};

} // namespace avp
