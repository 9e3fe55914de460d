// Random schedules, watched.
#include "tests/gpu/engine/schedule_run.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace avp::test {

schedule_run::schedule_run(const schedule_shape& shape, std::uint64_t seed)
    : shape_(shape),
      random_(seed),
      memory_(std::make_shared<fake_memory>(shape.blocks)),
      scheduler_(memory_, true),
      borrower_(std::make_shared<borrower>(memory_)) {
  if (shape.lends)
    scheduler_.count_as_free(borrower_);
}

void schedule_run::borrower::take() {
  const auto most = memory_->available() - memory_->cached();
  const auto rows = std::uniform_int_distribution<std::int64_t>(0, most)(random_) * block_positions;
  blocks_.extend(rows);
  blocks_.advance(rows);
}

std::int64_t schedule_run::random(std::int64_t first, std::int64_t last) {
  return std::uniform_int_distribution(first, last)(random_);
}

// Some begin alike.
std::vector<std::int32_t> schedule_run::random_prompt(std::int64_t most) {
  std::vector<std::int32_t> tokens(static_cast<std::size_t>(random(1, most)));
  const auto same = by_chance(50) ? random(0, 2) : random(100, 1'000'000);
  for (std::size_t i = 0; i < tokens.size(); ++i)
    tokens[i] = static_cast<std::int32_t>(same * 1000 + static_cast<std::int64_t>(i));
  return tokens;
}

// The next one of a task, or one beside it, on whose context nobody continues.
void schedule_run::submit(std::uint64_t number, bool is_beside) {
  auto& mine = tasks_.at(number);
  fake_work work;
  work.base = mine.context;
  const auto room = (shape_.most_positions - (work.base ? work.base->length() : 0)) / mine.requests_left;
  if (by_chance(15))
    for (auto count = random(1, room / 4); count > 0; --count)
      work.bytes.push_back({row_kind::prefill, static_cast<std::int32_t>(random(0, 9))});
  work.prompt = random_prompt(room / 4);
  work.latent_steps = by_chance(50) ? random(0, room / 4) : 0;
  work.answer = by_chance(50) ? random(0, room / 4) : 0;
  work.shares_prompt = by_chance(80);
  work.guesses = shape_.guesses;
  work.percent_right = shape_.percent_right;
  work.fails = by_chance(shape_.trouble) && !work.bytes.empty();
  const priority where{number, arrivals_++};
  const auto& made = requests_[where] = std::make_unique<fake_request>(where, memory_, std::move(work));
  scheduler_.add(*made);
  if (is_beside)
    beside_.insert(where);
  else
    --mine.requests_left;
}

void schedule_run::drop(priority which) {
  scheduler_.remove(*requests_.at(which));
  requests_.erase(which);
  if (!beside_.contains(which))
    tasks_.erase(which.task);
}

// Cancels somebody; sends contexts away, so that they are pinned, and lets other threads read them.
void schedule_run::disturb() {
  somebody_reads_ = false;
  if (!requests_.empty() && by_chance(shape_.trouble / 4))
    drop(std::next(requests_.begin(), random(0, static_cast<std::int64_t>(requests_.size()) - 1))->first);
  for (const auto& context : contexts_)
    if (const auto alive = context.lock()) {
      alive->pinned = by_chance(shape_.trouble);
      alive->is_read = by_chance(shape_.trouble);
      somebody_reads_ = somebody_reads_ || alive->is_read;
    }
}

void schedule_run::run() {
  int left = shape_.tasks;
  std::int64_t passes = 0;
  while (left > 0 || !requests_.empty()) {
    while (left > 0 && (requests_.empty() || by_chance(40))) {
      const auto number = static_cast<std::uint64_t>(random(0, 1) * 1000 + --left); // many are older than one before
      tasks_[number].requests_left = static_cast<int>(random(1, 3));
      submit(number, false);
    }
    disturb();
    step();
    ASSERT_LT(++passes, 20 * shape_.tasks * shape_.most_positions) << "it does not come to an end";
    if (testing::Test::HasFailure())
      return;
  }
  tasks_.clear();
  borrower_->give_back();
  memory_->drain();
  EXPECT_EQ(memory_->available(), memory_->total());
  EXPECT_EQ(scheduler_.running() + scheduler_.waiting(), 0);
}

void schedule_run::step() {
  std::set<priority> ran_before;
  for (const auto& [where, request] : requests_)
    if (request->is_running())
      ran_before.insert(where);
  const auto oldest = requests_.empty() ? nullptr : requests_.begin()->second.get();
  const auto old_length = oldest && oldest->is_running() ? oldest->length() : -1;
  const auto lent = borrower_->held();
  const auto pass = scheduler_.next_pass();
  given_back_ += lent > 0 && borrower_->held() == 0 ? 1 : 0;
  check_blocks();
  check_admission(ran_before, pass);
  check_rows(pass);
  const bool has_failed = !pass.failed.empty() && pass.failed.front().first == requests_.begin()->first;
  compute(pass);
  tell(pass);
  if (oldest && !somebody_reads_) {
    EXPECT_TRUE(has_failed || oldest->length() > old_length || oldest->is_done()) << "the oldest does not go on";
  }
  for (const auto& [which, why] : pass.failed) {
    EXPECT_EQ(requests_.at(which)->blocks_held(), 0) << "one that failed has blocks";
    EXPECT_TRUE(requests_.at(which)->is_to_fail()) << "one failed that has no reason to";
    drop(which);
  }
  finish_done();
  if (shape_.lends)
    borrower_->take();
  lent_ += borrower_->held();
}

// Every block that is not free is somebody's, as often as it says.
void schedule_run::check_blocks() {
  memory_->drain();
  std::map<block_id, int> holders;
  for (const auto& [where, request] : requests_) {
    for (const auto block : request->blocks().blocks())
      ++holders[block];
    if (!request->is_running()) {
      EXPECT_EQ(request->blocks_held(), 0) << "one that waits has blocks";
    }
  }
  for (const auto& context : contexts_)
    if (const auto alive = context.lock())
      for (const auto block : alive->blocks())
        ++holders[block];
  for (const auto& [block, count] : holders)
    EXPECT_EQ(memory_->holders(block), count) << "block " << block;
  EXPECT_EQ(memory_->total() - memory_->available() - borrower_->held(), static_cast<std::int64_t>(holders.size()));
}

// Nobody starts beside an older one that waits, but for those that lost their blocks in this very pass.
void schedule_run::check_admission(const std::set<priority>& ran_before, const scheduler::pass& pass) {
  std::set<priority> touched(pass.preempted.begin(), pass.preempted.end());
  for (const auto& [which, why] : pass.failed)
    touched.insert(which);
  bool somebody_waits = false;
  std::int64_t running = 0;
  for (const auto& [where, request] : requests_) {
    running += request->is_running() ? 1 : 0;
    if (request->is_running() && !ran_before.contains(where)) {
      EXPECT_FALSE(somebody_waits) << "task " << where.task << " overtook an older one";
    }
    somebody_waits = somebody_waits || (!request->is_running() && !touched.contains(where));
  }
  EXPECT_EQ(scheduler_.running(), running);
  EXPECT_EQ(scheduler_.running() + scheduler_.waiting() + static_cast<std::int64_t>(pass.failed.size()),
            static_cast<std::int64_t>(requests_.size()));
}

// Each request once and in order, of what it wants, with room for it, and not too many rows of prompts.
void schedule_run::check_rows(const scheduler::pass& pass) {
  std::int64_t prompt_rows = 0;
  std::int64_t all_rows = 0;
  bool has_steps = false, has_guesses = false;
  for (std::size_t i = 0; i < pass.rows.size(); ++i) {
    const auto& rows = pass.rows[i];
    if (i > 0) {
      EXPECT_LT(pass.rows[i - 1].request, rows.request);
    }
    auto& request = *requests_.at(rows.request);
    ASSERT_TRUE(request.is_running());
    const auto wanted = request.next_rows();
    ASSERT_TRUE(wanted.has_value());
    EXPECT_EQ(rows.kind, wanted->kind);
    EXPECT_EQ(rows.replayed, wanted->replayed);
    EXPECT_TRUE(rows.count - rows.guesses >= 1 && rows.count - rows.guesses <= wanted->count);
    EXPECT_TRUE(rows.guesses == 0 || (rows.kind == row_kind::decode && rows.count - rows.guesses == 1));
    has_guesses = has_guesses || rows.guesses > 0;
    all_rows += rows.count;
    EXPECT_TRUE(rows.kind != row_kind::latent || rows.count == 1) << "a latent step needs the state of the one before";
    EXPECT_GE(request.blocks_held() * block_positions, request.length() + rows.count) << "no room for the rows";
    prompt_rows += rows.kind == row_kind::prefill ? rows.count : 0;
    has_steps = has_steps || rows.kind == row_kind::latent || (rows.kind == row_kind::decode && wanted->count == 1);
  }
  EXPECT_LE(prompt_rows, has_steps ? 256 : 512);
  EXPECT_TRUE(!has_guesses || all_rows <= 8) << "guesses in a pass that is full without them";
}

void schedule_run::tell(const scheduler::pass& pass) {
  for (const auto& rows : pass.rows) {
    story_ += std::to_string(rows.request.arrival) + ":" + std::to_string(rows.count - rows.guesses) + " ";
    guessed_ += rows.guesses;
  }
  for (const auto& which : pass.preempted)
    story_.append("-").append(std::to_string(which.arrival)).append(" ");
  story_ += "of " + std::to_string(memory_->available() + borrower_->held()) + ", " +
            std::to_string(memory_->cached()) + " known, " + std::to_string(scheduler_.evictions()) + " evicted\n";
}

void schedule_run::compute(const scheduler::pass& pass) {
  for (const auto& rows : pass.rows)
    requests_.at(rows.request)->run(rows);
}

// What a request comes to is what it would come to alone.
void schedule_run::finish_done() {
  std::vector<priority> done;
  for (const auto& [where, request] : requests_)
    if (request->is_done())
      done.push_back(where);
  for (const auto& where : done) {
    auto& request = *requests_.at(where);
    const auto expected = values_of(request.rows());
    ASSERT_EQ(request.value(), expected.back()) << "task " << where.task << " was disturbed by others";
    for (std::size_t i = 1; i < expected.size(); ++i)
      if (request.rows()[i].kind == row_kind::decode) {
        EXPECT_EQ(request.rows()[i].token, token_after(expected[i - 1]));
      }
    accepted_ += request.accepted();
    scheduler_.remove(request);
    const auto context = request.finish();
    contexts_.push_back(context);
    scheduler_.watch(context);
    requests_.erase(where);
    if (!beside_.contains(where))
      go_on(where.task, context);
  }
}

void schedule_run::go_on(std::uint64_t number, const std::shared_ptr<fake_context>& context) {
  auto& mine = tasks_.at(number);
  mine.context = context;
  if (mine.requests_left == 0) {
    tasks_.erase(number);
    return;
  }
  if (by_chance(30))
    submit(number, true);
  submit(number, false);
}

} // namespace avp::test
