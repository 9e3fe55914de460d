// One step of a model: schedule, compute, hand out.
#include "gpu/engine/model_engine.hpp"

#include <algorithm>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "gpu/device_error.hpp"
#include "gpu/kernels/finite.hpp"
#include "gpu/thrown.hpp"

namespace avp {

namespace {

using clock = running_request::clock;

void add(row_counts& counts, const scheduled_rows& rows) {
  switch (rows.kind) {
  case row_kind::prefill:
  case row_kind::injected:
    counts.prefill += rows.count;
    break;
  case row_kind::latent:
    counts.latent += rows.count;
    break;
  case row_kind::decode:
    counts.decode += rows.count;
    break;
  }
  if (rows.replayed)
    counts.replayed += rows.count;
  counts.guessed += rows.guesses;
}

double milliseconds_since(clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(clock::now() - begin).count();
}

} // namespace

model_engine::model_engine(std::shared_ptr<loaded_model> model, std::int64_t blocks, bool share_prefixes,
                           pass_times times)
    : model_(std::move(model)),
      pool_(std::make_shared<block_pool>(model_->network.cache_shape(), blocks, model_->network.device())),
      runner_(model_, pool_),
      scheduler_(pool_, share_prefixes),
      times_(times) {}

model_engine::~model_engine() {
  for (const auto& [priority, request] : requests_)
    request->fail(make_error(error_code::internal, "the device ended before the request was done"));
}

std::shared_ptr<draft_model> model_engine::as_draft() {
  if (!draft_) {
    draft_ = std::make_shared<draft_model>(model_, pool_, times_);
    scheduler_.count_as_free(draft_);
  }
  return draft_;
}

std::optional<request_record> model_engine::submit(const request_work& asked, request_callback done,
                                                   std::uint64_t arrival, std::optional<token_guesser> guesser) {
  auto made = std::make_unique<running_request>(*model_, pool_, asked, std::move(done), arrival, std::move(guesser));
  if (!made->is_instant()) {
    const auto place = requests_.emplace(made->priority(), std::move(made)).first;
    try {
      scheduler_.add(*place->second);
    } catch (...) { // memory; who submits it answers it
      requests_.erase(place);
      throw;
    }
    return std::nullopt;
  }
  finish(*made);
  return made->take_record();
}

std::optional<request_record> model_engine::cancel(request_id id) {
  const auto place = std::ranges::find_if(requests_, [&](const auto& one) { return one.second->record().id == id; });
  if (place == requests_.end())
    return std::nullopt;
  std::vector<request_record> ended;
  try {
    fail(place, make_error(error_code::cancelled, "the request was cancelled"), ended);
  } catch (const std::bad_alloc&) { // before it was answered
    fail(place, make_error(error_code::out_of_memory, "the device is out of memory"), ended);
  }
  return std::move(ended.front());
}

step_record model_engine::step(records& ended) {
  const c10::InferenceMode no_gradients;
  step_record record;
  record.model = model_->name;
  record.start = clock::now();
  try {
    run_pass(record, ended);
  } catch (const c10::Error& error) {
    const auto code = failure_of(std::current_exception()).code;
    fail_running(make_error(code, std::string("the device failed: ") + error.what_without_backtrace()), ended);
  } catch (const std::bad_alloc&) {
    fail_running(make_error(error_code::out_of_memory, "the device is out of memory"), ended);
  } catch (...) {
    fail_running(make_error(failure_of(std::current_exception())), ended);
  }
  record.milliseconds = milliseconds_since(record.start);
  return record;
}

void model_engine::run_pass(step_record& record, records& ended) {
  fail_expired(ended);
  auto rows = schedule(ended);
  const auto scheduled = clock::now();
  make_latent_inputs(); // of states that were taken over
  std::erase_if(rows, [this](const auto& part) { return requests_.at(part.request)->fault().has_value(); });
  if (!rows.empty())
    run(rows);
  for (const auto& part : rows)
    add(record.rows, part);
  record.requests = static_cast<std::int64_t>(rows.size());
  const auto failed = choose_tokens(record.rows);
  make_latent_inputs();
  const auto taken = milliseconds_since(scheduled);
  if (record.rows.decode == record.rows.total() && record.rows.replayed == 0)
    times_.learn(record.rows.decode, taken);
  share_time(rows, record.rows, taken);
  score_next_tokens();
  project();
  for (const auto& [priority, why] : failed)
    fail(requests_.find(priority), make_error(error_code::internal, why), ended);
  finish_done(ended);
}

void model_engine::fail_expired(records& ended) {
  for (auto place = requests_.begin(); place != requests_.end();) {
    try {
      place->second->check_time();
      ++place;
    } catch (const request_error& error) {
      place = fail(place, make_error(error.code(), error.what()), ended);
    }
  }
}

std::vector<scheduled_rows> model_engine::schedule(records& ended) {
  auto next = scheduler_.next_pass();
  for (const auto& priority : next.preempted)
    requests_.at(priority)->count_preemption();
  for (const auto& [priority, thrown] : next.failed)
    fail(requests_.find(priority), make_error(failure_of(thrown)), ended);
  return std::move(next.rows);
}

// Rows that are not finite end their request and no other: they are not counted as there, so nobody shares them.
void model_engine::run(std::span<const scheduled_rows> rows) {
  std::vector<input_rows> inputs;
  for (const auto& part : rows) {
    auto& request = *requests_.at(part.request);
    const bool wants_state = part.kind == row_kind::latent || request.next_rows()->count == part.count;
    inputs.push_back({&request.blocks(), part.count, request.next_tokens(part.count), request.next_vectors(part.count),
                      part.guesses > 0 ? part.count : std::int64_t{wants_state}});
  }
  auto outputs = runner_.forward(inputs);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto& request = *requests_.at(rows[i].request);
    if (rows[i].guesses > 0)
      request.ran_with_guesses(std::move(outputs[i].hidden), !outputs[i].broken);
    else if (outputs[i].broken)
      request.break_down(*outputs[i].broken);
    else
      request.ran(rows[i].count, std::move(outputs[i].hidden));
  }
}

void model_engine::share_time(std::span<const scheduled_rows> rows, const row_counts& all, double milliseconds) {
  for (const auto& part : rows)
    if (!part.replayed)
      requests_.at(part.request)
          ->spent(milliseconds * static_cast<double>(part.count) / static_cast<double>(all.total()));
}

// Requests that run and want something, with as many states as the runner takes at once.
void model_engine::for_states(auto wants, auto use) {
  std::vector<running_request*> some;
  std::vector<at::Tensor> states;
  std::size_t rows = 0;
  const auto flush = [&] {
    if (!some.empty())
      use(std::span<running_request* const>(some), std::span<const at::Tensor>(states));
    some.clear();
    states.clear();
    rows = 0;
  };
  for (const auto& [priority, request] : requests_) {
    if (!request->is_running() || !wants(*request))
      continue;
    const auto more = static_cast<std::size_t>(request->states().size(0));
    if (rows + more > model_runner::most_states)
      flush();
    some.push_back(request.get());
    states.push_back(request->states());
    rows += more;
  }
  flush();
}

// Gives those whose own callback threw, with what it said: the others go on.
model_engine::faults model_engine::choose_tokens(row_counts& counted) {
  faults failed;
  for_states([](const running_request& request) { return request.wants_token(); },
             [&](std::span<running_request* const> requests, std::span<const at::Tensor> states) {
               choose_in_turn(requests, runner_.logits(states), failed);
             });
  for (const auto& [priority, request] : requests_)
    counted.accepted += request->end_guesses();
  return failed;
}

// A token of each, then the next one of those whose guess came true. Logits [states of all requests, vocab].
void model_engine::choose_in_turn(std::span<running_request* const> requests, at::Tensor logits, faults& failed) {
  struct turn {
    running_request* request = nullptr;
    std::int64_t row = 0;
    std::optional<std::int32_t> token; // nothing where scores are broken
  };
  std::vector<turn> turns;
  for (std::int64_t row = 0; auto* request : requests) {
    turns.push_back({request, row, {}});
    row += request->states().size(0);
  }
  const auto size = logits.size(1);
  auto* values = logits.mutable_data_ptr<float>();
  while (!turns.empty()) {
    at::parallel_for(0, static_cast<std::int64_t>(turns.size()), 1, [&](std::int64_t first, std::int64_t last) {
      for (auto& [request, row, token] : std::span(turns).subspan(first, last - first))
        if (const std::span scores(values + row * size, static_cast<std::size_t>(size)); all_finite(scores))
          token = request->choose(scores);
    });
    std::vector<turn> next;
    for (const auto& [request, row, token] : turns)
      try {
        if (!token) {
          request->break_down("the scores of the next token are no finite numbers");
          continue;
        }
        request->take(*token);
        if (request->wants_token())
          next.push_back({request, row + 1, {}});
      } catch (...) {
        failed.emplace_back(request->priority(), text_of(std::current_exception()));
      }
    turns = std::move(next);
  }
}

void model_engine::make_latent_inputs() {
  for_states([](const running_request& request) { return request.wants_latent_input(); },
             [this](std::span<running_request* const> requests, std::span<const at::Tensor> states) {
               auto made = runner_.latent_inputs(states, std::ranges::any_of(requests, &running_request::explains));
               look_at_thoughts(requests, made.scores);
               for (std::size_t i = 0; i < requests.size(); ++i) {
                 if (made.inputs[i].defined())
                   requests[i]->set_latent_input(std::move(made.inputs[i]));
                 else
                   requests[i]->break_down("the soft embedding that it goes on with is no finite vector");
               }
             });
}

// Scores [requests, vocab], or undefined.
void model_engine::look_at_thoughts(std::span<running_request* const> requests, const at::Tensor& scores) {
  const auto size = scores.defined() ? scores.size(1) : 0;
  const auto* values = scores.defined() ? scores.const_data_ptr<float>() : nullptr;
  at::parallel_for(0, static_cast<std::int64_t>(requests.size()), 1, [&](std::int64_t first, std::int64_t last) {
    for (auto i = first; i < last; ++i)
      requests[i]->look_at_thought({values + i * size, static_cast<std::size_t>(size)});
  });
}

void model_engine::score_next_tokens() {
  for_states([](const running_request& request) { return request.wants_scores(); },
             [this](std::span<running_request* const> requests, std::span<const at::Tensor> states) {
               const auto begin = clock::now();
               const auto logits = runner_.logits(states);
               const std::shared_ptr<const tokenizer> tokens(model_, &model_->tokenizer);
               for (std::size_t i = 0; i < requests.size(); ++i)
                 requests[i]->take_scores(logits[static_cast<std::int64_t>(i)], tokens);
               for (auto* request : requests)
                 request->spent(milliseconds_since(begin) / static_cast<double>(requests.size()));
             });
}

// All that run and have no vector yet. Those that can't have one fail, the others go on.
void model_engine::project() {
  std::vector<running_request*> some;
  std::vector<source_scores> sources;
  const auto flush = [&] {
    const auto begin = clock::now();
    auto made = inputs_->projected(sources);
    for (std::size_t i = 0; i < some.size(); ++i)
      some[i]->inject(std::move(made[i]));
    for (auto* request : some)
      request->spent(milliseconds_since(begin) / static_cast<double>(some.size()));
    some.clear();
    sources.clear();
  };
  for (const auto& [priority, request] : requests_) {
    if (!request->is_running() || !request->wants_projection())
      continue;
    if (!inputs_)
      inputs_ = std::make_unique<foreign_inputs>(*model_);
    try {
      sources.push_back(inputs_->read(request->projection()));
      some.push_back(request.get());
    } catch (const request_error& error) {
      request->give_up(error.code(), error.what());
    }
    if (some.size() == model_runner::most_states)
      flush();
  }
  if (!some.empty())
    flush();
}

void model_engine::finish_done(records& ended) {
  for (auto place = requests_.begin(); place != requests_.end();) {
    auto& request = *place->second;
    if (!request.is_running()) {
      ++place;
    } else if (request.fault()) {
      const auto why = *request.fault();
      place = fail(place, why, ended);
    } else if (request.is_done()) {
      ended.reserve(ended.size() + 1);
      scheduler_.remove(request);
      try {
        finish(request);
      } catch (...) { // before it was answered: there was no memory for its context
        request.fail(make_error(failure_of(std::current_exception())));
      }
      ended.push_back(request.take_record());
      place = requests_.erase(place);
    } else {
      ++place;
    }
  }
}

// Its context is watched before anybody hears of it: what is thrown then can still be its answer.
void model_engine::finish(running_request& request) {
  request.finish([this](const auto& context) { scheduler_.watch(context); });
}

// Those that wait stay queued. One that neither waits nor runs has failed, and what was thrown came before its answer.
void model_engine::fail_running(const caf::error& why, records& ended) {
  for (auto place = requests_.begin(); place != requests_.end();)
    place = scheduler_.is_waiting(*place->second) ? std::next(place) : fail(place, why, ended);
}

model_engine::request_map::iterator model_engine::fail(request_map::iterator which, const caf::error& why,
                                                       records& ended) {
  ended.reserve(ended.size() + 1); // after the answer nothing may throw
  scheduler_.remove(*which->second);
  which->second->fail(why);
  ended.push_back(which->second->take_record());
  return requests_.erase(which);
}

void model_engine::add_to(device_counters& counters) const {
  counters.requests_running += scheduler_.running();
  counters.requests_waiting += scheduler_.waiting();
  counters.preemptions += scheduler_.preemptions();
  counters.contexts_evicted += scheduler_.evictions();
  counters.blocks_total += pool_->total();
  counters.blocks_used += pool_->total() - pool_->available();
  counters.blocks_shared += pool_->shared();
  counters.blocks_cached += pool_->cached();
  counters.blocks_copied += pool_->counted().copied;
  counters.shared_tokens += pool_->counted().shared_tokens;
  counters.moved_tokens += pool_->counted().moved_tokens;
}

} // namespace avp
