// Scheduling: admission, memory, batches.
#include <algorithm>
#include <span>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <avp/gpu/device_error.hpp>
#include <avp/gpu/engine/lane.hpp>

namespace avp {

namespace {

// Rows of prompts in one pass: enough to fill the matrix units, few enough that others do not wait long for their next
// token. Where nobody decodes, nobody waits.
constexpr std::int64_t prompt_rows_beside_steps = 256, prompt_rows_alone = 512;

// Requests in one pass at most.
constexpr std::size_t most_running = 256;

// Logits that are made at once: a whole vocabulary for each.
constexpr std::size_t most_logits = 64;

void add(row_counts& counts, row_kind kind, std::int64_t rows, bool replayed) {
  switch (kind) {
  case row_kind::prompt:
    counts.prefill += rows;
    break;
  case row_kind::latent:
    counts.latent += rows;
    break;
  case row_kind::answer:
    counts.decode += rows;
    break;
  }
  if (replayed)
    counts.replayed += rows;
}

double milliseconds_since(job::clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(job::clock::now() - begin).count();
}

} // namespace

lane::lane(std::shared_ptr<loaded_model> model, std::int64_t blocks, bool share_prefixes)
    : model_(std::move(model)),
      pool_(std::make_shared<block_pool>(model_->network.cache_shape(), blocks, model_->network.device())),
      share_prefixes_(share_prefixes) {}

std::optional<request_record> lane::submit(job::work request, job::callback done, std::uint64_t arrival) {
  auto made = std::make_unique<job>(*model_, pool_, std::move(request), std::move(done), arrival);
  if (!made->is_instant()) {
    waiting_.insert(std::move(made));
    return std::nullopt;
  }
  if (auto context = made->finish())
    contexts_.push_back(context);
  return made->record();
}

std::optional<request_record> lane::cancel(request_id id) {
  for (auto* jobs : {&running_, &waiting_}) {
    auto place = std::find_if(jobs->begin(), jobs->end(), [&](const auto& job) { return job->id() == id; });
    if (place == jobs->end())
      continue;
    auto given_up = std::move(jobs->extract(place).value());
    given_up->fail(make_error(device_errc::cancelled, "the request was cancelled"));
    return given_up->record();
  }
  return std::nullopt;
}

step_record lane::step(std::vector<request_record>& ended) {
  const c10::InferenceMode no_gradients;
  step_record record;
  record.model = model_->name;
  record.start = job::clock::now();
  try {
    drop_expired(ended);
    admit(ended);
    auto pieces = collect(ended);
    const auto collected = job::clock::now();
    if (!pieces.empty())
      run(pieces);
    for (const auto& part : pieces)
      add(record.rows, part.kind, part.rows, part.replayed);
    record.requests = static_cast<std::int64_t>(pieces.size());
    choose_tokens();
    make_latent_inputs();
    share_time(pieces, record.rows, milliseconds_since(collected));
    finish_done(ended);
  } catch (const c10::Error& error) {
    fail_running(std::string("the device failed: ") + error.what_without_backtrace(), ended);
  } catch (const std::bad_alloc&) {
    fail_running("the device is out of memory", ended);
  } catch (const std::exception& error) { // of a callback
    fail_running(error.what(), ended);
  }
  record.milliseconds = milliseconds_since(record.start);
  return record;
}

void lane::drop_expired(std::vector<request_record>& ended) {
  for (auto* jobs : {&running_, &waiting_})
    for (auto place = jobs->begin(); place != jobs->end();) {
      try {
        (*place)->check_time();
        ++place;
      } catch (const request_error& error) {
        fail(std::move(jobs->extract(place++).value()), make_error(error.code(), error.what()), ended);
      }
    }
}

// In order of age: who does not fit holds back all younger ones, so that it is not overtaken for ever.
void lane::admit(std::vector<request_record>& ended) {
  while (!waiting_.empty() && running_.size() < most_running) {
    const auto& next = *waiting_.begin();
    if (!fits(*next))
      return;
    auto started = std::move(waiting_.extract(waiting_.begin()).value());
    try {
      started->start();
      running_.insert(std::move(started));
    } catch (const std::exception& error) {
      fail(std::move(started), make_error(device_errc::failed, error.what()), ended);
    }
  }
}

// What has to be done before its next rows. False when there is no room for it.
bool lane::arrange(job& next) {
  while (const auto blocks = next.blocks_to_arrange()) {
    if (!make_room(next, *blocks))
      return false;
    next.arrange();
  }
  return true;
}

// Somebody waits for his next token.
bool lane::runs_steps() const {
  return std::any_of(running_.begin(), running_.end(),
                     [](const auto& job) { return !job->next() || job->next()->kind != row_kind::prompt; });
}

// Rows that it has in this pass, with room for them; nothing when there is none. Who begins like an older one that runs
// in this pass waits for it, and takes its blocks over in the next.
std::optional<std::int64_t> lane::take_rows(job& next, prompt_rows& prompts) {
  const auto block = share_prefixes_ ? next.share_prefix() : std::nullopt;
  if (block && std::ranges::find(prompts.filled, *block) != prompts.filled.end())
    return 0;
  const auto* segment = next.next();
  if (!segment) // its first token is chosen without a row, or it is done
    return 0;
  const bool is_single =
      segment->kind == row_kind::latent || (segment->kind == row_kind::answer && segment->left() == 1);
  const auto rows = is_single ? 1 : std::min(segment->left(), prompts.left);
  if (rows == 0)
    return 0;
  if (!make_room(next, next.blocks().blocks_for(rows)))
    return std::nullopt;
  next.blocks().extend(rows);
  prompts.left -= is_single ? 0 : rows;
  if (block && rows >= block_positions)
    prompts.filled.push_back(*block);
  return rows;
}

// Oldest first: who lacks blocks takes them from younger ones, which have no rows in this pass yet, or waits himself.
std::vector<lane::piece> lane::collect(std::vector<request_record>& ended) {
  prompt_rows prompts{runs_steps() ? prompt_rows_beside_steps : prompt_rows_alone, {}};
  std::vector<piece> pieces;
  for (auto place = running_.begin(); place != running_.end();) {
    auto& job = **place;
    try {
      const auto rows = arrange(job) ? take_rows(job, prompts) : std::nullopt;
      if (!rows) {
        preempt(place);
        break; // all younger ones have given up theirs
      }
      if (*rows > 0)
        pieces.push_back({&job, *rows, job.next()->kind, job.next()->replayed});
      ++place; // only now: those after it may have gone
    } catch (const request_error& error) {
      fail(std::move(running_.extract(place++).value()), make_error(error.code(), error.what()), ended);
    } catch (const std::exception& error) { // a context's body that can't be read, memory
      fail(std::move(running_.extract(place++).value()), make_error(device_errc::failed, error.what()), ended);
    }
  }
  return pieces;
}

row_batch lane::batch_of(std::vector<piece>& pieces) {
  row_batch batch;
  std::vector<std::int32_t> tokens;
  std::vector<std::int64_t> latent_rows;
  std::vector<at::Tensor> latent_inputs;
  for (auto& part : pieces) {
    part.first_row = static_cast<std::int64_t>(tokens.size());
    const auto& blocks = part.owner->blocks();
    batch.groups.push_back({part.first_row, part.rows, blocks.length(), blocks.blocks()});
    if (part.kind == row_kind::latent) {
      latent_rows.push_back(part.first_row);
      latent_inputs.push_back(part.owner->latent_input());
      tokens.push_back(0); // its place; the row is written over
    } else {
      const auto more = part.owner->next_tokens(part.rows);
      tokens.insert(tokens.end(), more.begin(), more.end());
    }
    if (part.kind == row_kind::latent || part.owner->next()->left() == part.rows) {
      part.state = static_cast<std::int64_t>(batch.wanted.size());
      batch.wanted.push_back(part.first_row + part.rows - 1);
    }
  }
  batch.x = model_->network.embed(tokens);
  if (!latent_rows.empty())
    batch.x.index_copy_(0, at::tensor(latent_rows, at::kLong).to(batch.x.device()), at::stack(latent_inputs));
  return batch;
}

void lane::run(std::vector<piece>& pieces) {
  const auto hidden = model_->network.forward(batch_of(pieces), *pool_);
  for (const auto& part : pieces)
    part.owner->ran(part.rows, part.state ? hidden.narrow(0, *part.state, 1) : at::Tensor());
}

void lane::share_time(const std::vector<piece>& pieces, const row_counts& all, double milliseconds) {
  for (const auto& part : pieces)
    if (!part.replayed)
      part.owner->spent(milliseconds * static_cast<double>(part.rows) / static_cast<double>(all.total()));
}

// Jobs by as many as a whole vocabulary is made for at once, with their hidden states [jobs, hidden].
template <class Wants, class Use>
void lane::for_states(Wants wants, Use use) {
  std::vector<job*> all;
  for (const auto& job : running_)
    if (wants(*job))
      all.push_back(job.get());
  for (std::size_t begin = 0; begin < all.size(); begin += most_logits) {
    const auto some = std::span(all).subspan(begin, std::min(most_logits, all.size() - begin));
    std::vector<at::Tensor> states;
    for (const auto* job : some)
      states.push_back(job->hidden());
    use(some, at::cat(states));
  }
}

void lane::choose_tokens() {
  for_states([](const job& job) { return job.wants_token(); },
             [this](std::span<job* const> jobs, const at::Tensor& states) {
               auto logits = model_->network.logits(states).to(at::kCPU).contiguous();
               const auto size = static_cast<std::size_t>(logits.size(1));
               auto* values = logits.mutable_data_ptr<float>();
               std::vector<std::int32_t> tokens(jobs.size());
               at::parallel_for(
                   0, static_cast<std::int64_t>(jobs.size()), 1, [&](std::int64_t first, std::int64_t last) {
                     for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(last); ++i)
                       tokens[i] = jobs[i]->choose({values + i * size, size});
                   });
               for (std::size_t i = 0; i < jobs.size(); ++i)
                 jobs[i]->take(tokens[i]);
             });
}

void lane::make_latent_inputs() {
  for_states([](job& job) { return job.wants_latent_input(); },
             [this](std::span<job* const> jobs, const at::Tensor& states) {
               const auto inputs = model_->network.latent_input(states);
               for (std::size_t i = 0; i < jobs.size(); ++i)
                 jobs[i]->set_latent_input(inputs.select(0, static_cast<std::int64_t>(i)));
             });
}

void lane::finish_done(std::vector<request_record>& ended) {
  std::erase_if(contexts_, [](const auto& context) { return context.expired(); });
  for (auto place = running_.begin(); place != running_.end();) {
    if (!(*place)->is_done()) {
      ++place;
      continue;
    }
    const auto done = std::move(running_.extract(place++).value());
    contexts_.push_back(done->finish());
    ended.push_back(done->record());
  }
}

void lane::fail_running(const std::string& why, std::vector<request_record>& ended) {
  while (!running_.empty())
    fail(std::move(running_.extract(running_.begin()).value()), make_error(device_errc::failed, why), ended);
}

void lane::fail(job_pointer failed, const caf::error& why, std::vector<request_record>& ended) {
  failed->fail(why);
  ended.push_back(failed->record());
}

void lane::add_to(device_counters& counters) const {
  counters.requests_running += static_cast<std::int64_t>(running_.size());
  counters.requests_waiting += static_cast<std::int64_t>(waiting_.size());
  counters.preemptions += preemptions_;
  counters.contexts_evicted += evictions_;
  counters.blocks_total += pool_->total();
  counters.blocks_used += pool_->total() - pool_->available();
  counters.blocks_shared += pool_->shared();
  counters.blocks_cached += pool_->cached();
  counters.blocks_copied += pool_->counted().copied;
  counters.shared_tokens += pool_->counted().shared_tokens;
  counters.moved_tokens += pool_->counted().moved_tokens;
}

} // namespace avp
