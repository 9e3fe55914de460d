// Admission, rows of a pass, preemption.
#include "gpu/engine/scheduler.hpp"

#include <algorithm>
#include <iterator>

#include "gpu/engine/pass_times.hpp"

namespace avp {

namespace {

// Rows of prompts in one pass: enough to fill the matrix units, few enough that the next token of others comes soon.
// Where nobody decodes, there may be more.
constexpr std::int64_t prompt_rows_beside_decoding = 256, prompt_rows_alone = 512;

// Rows that a pass has with guesses, at most: each costs less than a pass of its own, since weights are read once.
constexpr std::int64_t most_rows_with_guesses = pass_times::most_rows;

// Requests that run at a time.
constexpr std::size_t most_running = 256;

} // namespace

void scheduler::remove(schedulable& request) {
  running_.erase(&request);
  waiting_.erase(&request);
}

scheduler::pass scheduler::next_pass() {
  pass next;
  eviction_.forget_dropped();
  admit(next);
  collect(next);
  add_guesses(next);
  return next;
}

void scheduler::admit(pass& next) {
  while (!waiting_.empty() && running_.size() < most_running && fits(**waiting_.begin())) {
    auto& request = **waiting_.begin();
    auto place = waiting_.extract(waiting_.begin());
    try {
      request.start();
      running_.insert(std::move(place));
    } catch (...) {
      fail(request, next);
    }
  }
}

// There must be room for it up to its end, beside what those that run may still take; contexts of younger tasks count
// as room.
bool scheduler::fits(const schedulable& request) const {
  if (running_.empty() || request.priority() < (*running_.begin())->priority())
    return true;
  auto room =
      blocks_->available() + (spare_ ? spare_->held() : 0) + eviction_.blocks_of_younger_than(request.priority().task);
  for (const auto* other : running_)
    room -= std::max<std::int64_t>(0, other->blocks_at_end() - other->blocks_held());
  return request.blocks_at_end() - request.blocks_shared_at_start() + 1 <=
         room; // one more where a last block is copied
}

// Oldest first, so that those who may lose their blocks to it have no rows in this pass yet. One that gets no blocks
// has preempted all younger ones before, and is preempted itself.
void scheduler::collect(pass& next) {
  prompt_share prompts{has_decoding() ? prompt_rows_beside_decoding : prompt_rows_alone, {}};
  for (auto place = running_.begin(); place != running_.end();) {
    auto& request = **place;
    bool has_room = false;
    try {
      has_room = arrange(request, next) && take_rows(request, prompts, next);
    } catch (...) { // a context's body that can't be read, memory
      place = running_.erase(place);
      fail(request, next);
      continue;
    }
    if (!has_room)
      return preempt(place, next);
    ++place; // only now: those after it may have gone
  }
}

bool scheduler::has_decoding() const {
  return std::any_of(running_.begin(), running_.end(), [](const schedulable* request) {
    const auto wanted = request->next_rows();
    return !wanted || wanted->kind != row_kind::prefill;
  });
}

// What has to be done before the next rows. False when there is no room for it.
bool scheduler::arrange(schedulable& request, pass& next) {
  while (const auto blocks = request.blocks_to_arrange()) {
    if (!make_room(request, *blocks, next))
      return false;
    request.arrange();
  }
  return true;
}

// Adds the rows that it has in this pass and makes room for them. False when there is none. A prompt that begins like
// an older one of this pass gets no rows: it takes over the blocks of that one in the next pass.
bool scheduler::take_rows(schedulable& request, prompt_share& prompts, pass& next) {
  const auto block = share_prefixes_ ? request.share_prefix() : std::nullopt;
  if (block && std::ranges::find(prompts.filled, *block) != prompts.filled.end())
    return true;
  const auto wanted = request.next_rows();
  if (!wanted)
    return true;
  const bool is_single = wanted->kind == row_kind::latent || (wanted->kind == row_kind::decode && wanted->count == 1);
  const auto rows = is_single ? 1 : std::min(wanted->count, prompts.left);
  if (rows == 0)
    return true;
  if (!make_room(request, request.blocks().blocks_for(rows), next))
    return false;
  request.blocks().extend(rows);
  prompts.left -= is_single ? 0 : rows;
  if (block && rows >= block_positions)
    prompts.filled.push_back(*block);
  next.rows.push_back({request.priority(), rows, wanted->kind, wanted->replayed});
  return true;
}

// Those with rows in this pass are not preempted in it, so all of them run.
void scheduler::add_guesses(pass& next) {
  auto left = most_rows_with_guesses;
  for (const auto& rows : next.rows)
    left -= rows.count;
  for (auto place = running_.begin(); auto& rows : next.rows) {
    if (left <= 0)
      return;
    while ((*place)->priority() != rows.request)
      ++place;
    if (rows.kind != row_kind::decode || rows.replayed || rows.count != 1)
      continue;
    auto& blocks = (*place)->blocks();
    const auto free = blocks_->available() - blocks_->cached();
    auto most = left;
    while (most > 0 && blocks.blocks_for_further(rows.count, most) > free)
      --most;
    rows.guesses = most > 0 ? (*place)->guess(most_rows_with_guesses - left, most) : 0;
    blocks.extend_further(rows.count, rows.guesses);
    rows.count += rows.guesses;
    left -= rows.guesses;
  }
}

bool scheduler::make_room(const schedulable& request, std::int64_t blocks, pass& next) {
  blocks_->drain();
  if (spare_ && spare_->held() > 0 && blocks_->available() - blocks_->cached() < blocks)
    spare_->give_back(); // before a known prefix is lost
  while (blocks_->available() < blocks) {
    if (!free_some(request, next))
      return false;
    blocks_->drain();
  }
  return true;
}

// Takes the blocks of one context or of one request that runs, whichever is of the youngest task.
bool scheduler::free_some(const schedulable& request, pass& next) {
  const bool is_oldest = running_.empty() || request.priority() <= (*running_.begin())->priority();
  const auto context = eviction_.candidate_for(request.priority(), is_oldest);
  auto youngest = running_.empty() ? running_.end() : std::prev(running_.end());
  if (youngest != running_.end() && (*youngest)->priority() <= request.priority())
    youngest = running_.end();
  if (context && (youngest == running_.end() || context->task() >= (*youngest)->priority().task))
    return eviction_.evict(*context);
  if (youngest != running_.end()) {
    preempt(youngest, next);
    return true;
  }
  const auto last_resort = is_oldest ? eviction_.last_resort() : nullptr;
  return last_resort && eviction_.evict(*last_resort);
}

void scheduler::preempt(queue::iterator which, pass& next) {
  auto& request = **which;
  request.release();
  waiting_.insert(running_.extract(which)); // which takes no memory, so that it is never in neither
  next.preempted.push_back(request.priority());
  ++preemptions_;
}

void scheduler::fail(schedulable& request, pass& next) {
  request.release();
  next.failed.emplace_back(request.priority(), std::current_exception());
}

} // namespace avp
