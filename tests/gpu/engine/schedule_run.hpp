// Tasks that come at random times to a scheduler of few blocks, and what must hold at each pass.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gpu/engine/scheduler.hpp"
#include "tests/gpu/engine/fake_requests.hpp"

namespace avp::test {

/// How much there is of everything.
struct schedule_shape {
  std::int64_t blocks = 16;
  int tasks = 12;
  std::int64_t most_positions = 250; ///< Of a task's context.
  std::int64_t guesses = 0;          ///< That requests make for a pass.
  int percent_right = 0;             ///< Of their guesses.
  bool lends = false;                ///< Whether somebody holds blocks as long as they are free.
  int trouble = 0;                   ///< Of a hundred requests so many fail, are cancelled, or are read while evicted.
};

/// A run of random tasks, each of one to three requests that continue on each other.
class schedule_run {
  /// Holds blocks as long as nobody needs them.
  class borrower final : public spare_blocks {
  public:
    explicit borrower(std::shared_ptr<fake_memory> memory) : memory_(std::move(memory)), blocks_(memory_) {}
    [[nodiscard]] std::int64_t held() const override { return static_cast<std::int64_t>(blocks_.blocks().size()); }
    void give_back() override { blocks_.clear(); }

    /// Takes some of those that are free and hold no known prefix.
    void take();

  private:
    std::shared_ptr<fake_memory> memory_;
    sequence blocks_;
    std::mt19937_64 random_{1};
  };

public:
  schedule_run(const schedule_shape& shape, std::uint64_t seed);

  /// Runs them all. Expectations fail where the scheduler breaks a promise.
  void run();

  [[nodiscard]] const scheduler& scheduled() const { return scheduler_; }

  /// All that happened but for guesses: the rows of every pass, who was preempted, and the blocks behind it.
  [[nodiscard]] const std::string& story() const { return story_; }

  /// Guesses that were made, and that came true.
  [[nodiscard]] std::int64_t guessed() const { return guessed_; }
  [[nodiscard]] std::int64_t accepted() const { return accepted_; }

  /// Blocks that were lent at the end of all passes together, and how often they had to be given back.
  [[nodiscard]] std::int64_t lent() const { return lent_; }
  [[nodiscard]] std::int64_t given_back() const { return given_back_; }

private:
  struct task {
    int requests_left = 0;
    std::shared_ptr<fake_context> context;
  };

  [[nodiscard]] std::int64_t random(std::int64_t first, std::int64_t last);
  [[nodiscard]] bool by_chance(std::int64_t percent) { return random(1, 100) <= percent; }
  [[nodiscard]] std::vector<std::int32_t> random_prompt(std::int64_t most);
  void submit(std::uint64_t number, bool is_beside);
  void go_on(std::uint64_t number, const std::shared_ptr<fake_context>& context);
  void disturb();
  void step();
  void check(const scheduler::pass& pass);
  void check_blocks();
  void check_admission(const std::set<priority>& ran_before, const scheduler::pass& pass);
  void check_rows(const scheduler::pass& pass);
  void compute(const scheduler::pass& pass);
  void tell(const scheduler::pass& pass);
  void finish_done();
  void drop(priority which);

  schedule_shape shape_;
  std::mt19937_64 random_;
  std::shared_ptr<fake_memory> memory_;
  scheduler scheduler_;
  std::shared_ptr<borrower> borrower_;
  std::map<std::uint64_t, task> tasks_;
  std::map<priority, std::unique_ptr<fake_request>> requests_;
  std::set<priority> beside_; // those on whose contexts nobody continues
  std::vector<std::weak_ptr<fake_context>> contexts_;
  std::uint64_t arrivals_ = 0;
  std::string story_;
  std::int64_t guessed_ = 0, accepted_ = 0;
  std::int64_t lent_ = 0, given_back_ = 0;
  bool somebody_reads_ = false; // so that blocks may be short even for the oldest
};

} // namespace avp::test
