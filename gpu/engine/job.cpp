// The life of one request.
#include <algorithm>

#include <ATen/ATen.h>

#include <avp/gpu/device_error.hpp>
#include <avp/gpu/engine/job.hpp>
#include <avp/gpu/kernels/row_kernels.hpp>

namespace avp {

namespace {

double milliseconds(job::clock::duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

std::int64_t size_of(const std::vector<std::int32_t>& tokens) { return static_cast<std::int64_t>(tokens.size()); }

} // namespace

bool job::lead_is_there() const { return is_running_ ? has_lead_ : lead_ && lead_->is_resident(); }

std::int64_t job::blocks_at_end() const { return lead_is_there() ? blocks_with_lead_ : blocks_from_nothing_; }

std::int64_t job::blocks_shared_at_start() const { return lead_is_there() ? lead_length_ / block_positions : 0; }

void job::start() {
  if (!std::exchange(started_, true))
    record_.started = clock::now();
  is_running_ = true;
  const bool joins = std::holds_alternative<join>(work_);
  const auto before = joins             ? layouts_.of(given_)
                      : inputs_.empty() ? recipe_layout()
                                        : layouts_.of(inputs_.front().history);
  has_lead_ = builder_.begin(before, lead_, lead_length_, inputs_);
  if (!joins && lead_ && !has_lead_)
    builder_.then(base_is_whole());
  if (conversation_of(work_))
    add_own_rows();
  else
    result_.counts = {};
  if (const auto* adopting = std::get_if<adopt>(&work_))
    builder_.then(read_slice{&adopting->slice, given_->tokens() - lead_length_});
  if (const auto scope = common_of(work_).prefix_scope)
    builder_.share_prompts(*scope);
}

// Own rows count once, also those that have to be run again.
void job::add_own_rows() {
  const bool was_read = result_.counts.prompt_tokens > 0;
  if (!was_read && draft_.generated.empty())
    result_.counts = {};
  builder_.then_rows(row_kind::prompt, draft_.prompt, size_of(draft_.prompt), was_read);
  builder_.then_rows(row_kind::latent, {}, draft_.latent_steps, true);
  if (const auto* thinking = std::get_if<think>(&work_))
    builder_.then_rows(row_kind::latent, {}, thinking->steps - draft_.latent_steps, false);
  const auto answer = std::span(std::as_const(draft_.generated));
  builder_.then_rows(row_kind::answer, answer.first(answer_rows_), answer_rows_, true);
  const auto rest = answer.subspan(answer_rows_); // a token that was chosen and had no row yet
  builder_.then_rows(row_kind::answer, rest, static_cast<std::int64_t>(rest.size()), false);
}

void job::give_up() {
  builder_.clear();
  is_running_ = false;
  latent_input_ = at::Tensor();
  ++record_.preemptions;
}

// Moving and reading counts where it makes the context that was asked for, not one that it is made of.
void job::arrange() {
  const bool is_own = given_ && builder_.appends_after(lead_length_);
  const auto begin = clock::now();
  const auto written = pool_->counted().moved_tokens + pool_->counted().read_tokens;
  builder_.arrange();
  if (!is_own)
    return;
  spent(milliseconds(clock::now() - begin));
  result_.counts.cache_bytes +=
      (pool_->counted().moved_tokens + pool_->counted().read_tokens - written) * pool_->shape().position_bytes();
}

std::span<const std::int32_t> job::next_tokens(std::int64_t rows) const {
  return next()->tokens.subspan(next()->done, rows);
}

void job::ran(std::int64_t rows, at::Tensor hidden) {
  const auto segment = *next();
  const auto first = blocks().length();
  builder_.ran(rows, std::move(hidden));
  if (segment.replayed)
    return;
  auto& counts = result_.counts;
  counts.attended += rows * first + rows * (rows + 1) / 2;
  counts.cache_bytes += rows * pool_->shape().position_bytes();
  if (segment.kind == row_kind::prompt) {
    counts.computed_tokens += rows;
    if (segment.left() == rows)
      counts.prompt_tokens = segment.rows;
  } else if (segment.kind == row_kind::latent) {
    draft_.latent_steps = static_cast<int>(counts.latent_steps += rows);
  } else {
    answer_rows_ += rows;
  }
}

// As the reference does: what is there when a state is no number any more is handed on, with the steps really done.
bool job::wants_latent_input() {
  if (!next() || next()->kind != row_kind::latent)
    return false;
  if (!hidden().isnan().any().item<bool>())
    return true;
  builder_.skip();
  return false;
}

bool job::wants_token() const { return builder_.is_through() && !decoded_ && std::holds_alternative<generate>(work_); }

// The penalty for repetition changes logits, and certainty is that of the model.
std::int32_t job::choose(std::span<float> logits) {
  const auto& settings = std::get<generate>(work_);
  if (!settings.wants_certainty)
    return sampler_->next(logits);
  const auto described = cpu_row_kernels().distribution_of(logits.data(), static_cast<std::int64_t>(logits.size()));
  std::vector<float> unchanged;
  if (settings.sampling.repetition_penalty != 1)
    unchanged.assign(logits.begin(), logits.end());
  const auto token = sampler_->next(logits);
  certainty_.log_probability += (unchanged.empty() ? logits[token] : unchanged[token]) - described.log_sum;
  certainty_.entropy += described.entropy;
  return token;
}

// Every token of the answer but the end of turn gets its row, the last one too: who continues on this context has read
// it all.
void job::take(std::int32_t token) {
  const auto& settings = std::get<generate>(work_);
  ++result_.counts.output_tokens;
  if (model_.tokenizer.is_end_of_turn(token))
    return end(finish_reason::end_of_turn);
  draft_.generated.push_back(token);
  builder_.then_rows(row_kind::answer, std::span(draft_.generated).last(1), 1, false); // run before the next one comes
  show(stop_.feed(stream_.push(token)));
  if (stop_.stopped())
    end(finish_reason::stop_string);
  else if (result_.counts.output_tokens >= settings.max_new_tokens)
    end(finish_reason::length);
}

void job::end(finish_reason reason) {
  decoded_ = true;
  result_.finish = reason;
  if (reason != finish_reason::stop_string)
    show(stop_.feed(stream_.finish()) + stop_.finish());
}

void job::show(const std::string& text) {
  if (text.empty())
    return;
  result_.text += text;
  if (const auto& on_text = std::get<generate>(work_).on_text)
    on_text(text);
}

bool job::is_done() const { return builder_.is_through() && (decoded_ || !std::holds_alternative<generate>(work_)); }

std::shared_ptr<const kv_context> job::finish() {
  if (is_instant_ && !inputs_.empty()) {
    const auto same = std::ranges::find(inputs_, given_, &context_input::history);
    answer(same->message, given_->tokens());
    return nullptr;
  }
  std::shared_ptr<const kv_context> context;
  if (is_instant_) {
    context = std::make_shared<kv_context>(model_.identity, pool_, given_, place_.task);
  } else {
    payload_origins origins;
    for (const auto& input : inputs_)
      origins.insert(input.origins.begin(), input.origins.end());
    auto hidden = this->hidden().defined() ? this->hidden().clone() : at::Tensor();
    context = std::make_shared<kv_context>(model_.identity, pool_, std::move(builder_.blocks()), std::move(hidden),
                                           given_ ? given_ : recipe::frozen(std::move(draft_)), place_.task,
                                           std::move(origins));
  }
  answer({context->describe(), context}, context->tokens());
  return context;
}

void job::answer(payload context, std::int64_t tokens) {
  record_.ended = clock::now();
  if (!started_)
    record_.started = record_.ended;
  record_.counts = result_.counts;
  result_.context = std::move(context);
  result_.context_tokens = tokens;
  if (const auto* generating = std::get_if<generate>(&work_); generating && generating->wants_certainty) {
    const auto count = static_cast<double>(result_.counts.output_tokens);
    result_.certainty = {certainty_.log_probability / count, certainty_.entropy / count};
  }
  result_.queue_ms = milliseconds(record_.started - record_.submitted);
  result_.run_ms = milliseconds(record_.ended - record_.started);
  done_(std::move(result_));
}

void job::fail(const caf::error& why) {
  builder_.clear();
  record_.ended = clock::now();
  if (!started_)
    record_.started = record_.ended;
  record_.counts = result_.counts;
  record_.error = text_of(why);
  done_(why);
}

void job::check_time() const {
  const auto limit = common_of(work_).time_limit;
  if (started_ && limit > 0 && milliseconds(clock::now() - record_.started) > limit * 1000)
    throw request_error(device_errc::timed_out,
                        "the request ran longer than its time limit of " + std::to_string(limit) + " s (" +
                            std::to_string(result_.counts.output_tokens) + " tokens and " +
                            std::to_string(result_.counts.latent_steps) + " latent steps were done)");
}

} // namespace avp
