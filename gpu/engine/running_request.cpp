// The life of one request.
#include "gpu/engine/running_request.hpp"

#include <algorithm>

#include <ATen/ATen.h>

#include "gpu/kernels/finite.hpp"

namespace avp {

namespace {

double milliseconds(running_request::clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

std::int64_t size_of(const std::vector<std::int32_t>& tokens) { return static_cast<std::int64_t>(tokens.size()); }

} // namespace

running_request::running_request(const loaded_model& model, std::shared_ptr<block_pool> pool, const request_work& asked,
                                 request_callback done, std::uint64_t arrival, std::optional<token_guesser> guesser)
    : schedulable({common_of(asked).task, arrival}),
      model_(model),
      pool_(std::move(pool)),
      asked_(prepare(asked, model_, *pool_, layouts_)),
      done_(std::move(done)),
      draft_(std::move(asked_.draft)),
      builder_(model_, pool_, layouts_),
      record_(asked_.record) {
  if (asked_.latent_steps > 0)
    thoughts_.emplace(asked_.explains, model_.tokenizer);
  if (asked_.answer)
    answer_.emplace(std::move(*asked_.answer), model_.tokenizer);
  if (answer_)
    guesser_ = std::move(guesser);
}

bool running_request::lead_is_there() const {
  return is_running_ ? has_lead_ : asked_.lead && asked_.lead->is_resident();
}

std::int64_t running_request::blocks_at_end() const {
  return lead_is_there() ? asked_.blocks_with_lead : asked_.blocks_from_nothing;
}

std::int64_t running_request::blocks_shared_at_start() const {
  return lead_is_there() ? asked_.lead_length / block_positions : 0;
}

void running_request::start() {
  if (!std::exchange(was_started_, true))
    record_.started = clock::now();
  is_running_ = true;
  const auto before = asked_.base ? layouts_.of(asked_.base) : recipe_layout();
  has_lead_ = builder_.begin(before, asked_.lead, asked_.lead_length, asked_.inputs);
  if (asked_.lead_is_base && asked_.lead && !has_lead_)
    builder_.then(base_is_whole());
  if (asked_.state_of)
    builder_.then_state_of(asked_.state_of);
  add_own_rows();
  if (asked_.slice)
    builder_.then(read_slice{&*asked_.slice, asked_.whole->tokens() - asked_.lead_length});
  if (asked_.prefix_scope)
    builder_.share_prompts(*asked_.prefix_scope);
}

// Own rows count once, also those that have to be run again.
void running_request::add_own_rows() {
  const bool was_read = counts_.prompt_tokens > 0;
  if (!was_read && draft_.generated.empty())
    counts_ = {};
  read_injected();
  builder_.then_rows(row_kind::prefill, draft_.prompt, size_of(draft_.prompt), was_read);
  builder_.then_rows(row_kind::latent, {}, draft_.latent_steps, true);
  builder_.then_rows(row_kind::latent, {}, asked_.latent_steps - draft_.latent_steps, false);
  const auto answer = std::span(std::as_const(draft_.generated));
  builder_.then_rows(row_kind::decode, answer.first(decoded_rows_), decoded_rows_, true);
  const auto rest = answer.subspan(decoded_rows_); // a token that was chosen and had no row yet
  builder_.then_rows(row_kind::decode, rest, static_cast<std::int64_t>(rest.size()), false);
}

void running_request::read_injected() {
  const std::span vectors(std::as_const(draft_.injected.vectors));
  if (!vectors.empty())
    builder_.then(run_rows{row_kind::injected, {}, static_cast<std::int64_t>(vectors.size()), false, 0, vectors});
}

void running_request::release() {
  builder_.clear();
  if (guesser_)
    guesser_->give_back();
  is_running_ = false;
  latent_input_ = at::Tensor();
}

// Moving and reading counts where it makes the context that was asked for, not one that it is made of.
void running_request::arrange() {
  const bool is_own = asked_.whole && builder_.appends_after(asked_.lead_length);
  const auto begin = clock::now();
  const auto written = pool_->counted().moved_tokens + pool_->counted().read_tokens;
  builder_.arrange();
  if (!is_own)
    return;
  spent(milliseconds(clock::now() - begin));
  counts_.cache_bytes +=
      (pool_->counted().moved_tokens + pool_->counted().read_tokens - written) * pool_->shape().position_bytes();
}

std::optional<wanted_rows> running_request::next_rows() const {
  const auto* next = builder_.next();
  return next ? std::optional(wanted_rows{next->kind, next->left(), next->replayed}) : std::nullopt;
}

// No more than the answer may still have, so there is room in the model and in what admission counted with.
std::int64_t running_request::guess(std::int64_t rows, std::int64_t most) {
  if (!guesser_ || answer_->is_through())
    return 0;
  const auto begin = clock::now();
  if (guesser_->is_new())
    guesser_->read(asked_.base ? layouts_.tokens(asked_.base, {0, asked_.base->tokens()}) : std::vector<std::int32_t>(),
                   draft_.prompt);
  const auto guesses = guesser_->guess(draft_.generated, rows, std::min(most, answer_->tokens_left()));
  spent(milliseconds(clock::now() - begin));
  return guesses;
}

std::span<const std::int32_t> running_request::next_tokens(std::int64_t rows) const {
  if (guesser_ && guesser_->count() > 0)
    return guesser_->tokens(rows);
  const auto& next = *builder_.next();
  return next.tokens.empty() ? next.tokens : next.tokens.subspan(next.done, rows);
}

at::Tensor running_request::next_vectors(std::int64_t rows) const {
  const auto& next = *builder_.next();
  if (next.kind == row_kind::latent)
    return latent_input_.unsqueeze(0);
  std::vector<at::Tensor> inputs;
  if (next.kind == row_kind::injected)
    for (const auto& vector : next.vectors.subspan(next.done, rows))
      inputs.push_back(at::tensor(vector));
  return inputs.empty() ? at::Tensor() : at::stack(inputs).to(pool_->data().device());
}

void running_request::ran(std::int64_t rows, at::Tensor hidden) {
  const auto which = *builder_.next();
  const auto first = blocks().length();
  builder_.ran(rows, std::move(hidden));
  latent_input_ = at::Tensor();
  if (which.replayed)
    return;
  counts_.attended += rows * first + rows * (rows + 1) / 2;
  counts_.cache_bytes += rows * pool_->shape().position_bytes();
  if (which.kind == row_kind::prefill) {
    counts_.computed_tokens += rows;
    if (which.left() == rows)
      counts_.prompt_tokens = which.rows;
  } else if (which.kind == row_kind::latent) {
    draft_.latent_steps = static_cast<int>(counts_.latent_steps += rows);
  } else if (which.kind == row_kind::decode) {
    decoded_rows_ += rows;
  }
}

// A guess may be what breaks: whether the answer does is seen without it.
void running_request::ran_with_guesses(at::Tensor states, bool is_finite) {
  if (!is_finite) {
    counts_.guessed_tokens += guesser_->count();
    guesser_->drop();
    blocks().give_back_room();
    return;
  }
  ran(1, states.narrow(0, 0, 1));
  guesser_->ran(std::move(states));
}

const at::Tensor& running_request::states() const {
  return guesser_ && guesser_->states().defined() ? guesser_->states() : hidden();
}

std::int64_t running_request::end_guesses() {
  if (!guesser_ || guesser_->count() == 0)
    return 0;
  blocks().give_back_room();
  counts_.guessed_tokens += guesser_->count();
  const auto accepted = guesser_->end_pass();
  counts_.accepted_tokens += accepted;
  return accepted;
}

bool running_request::wants_latent_input() const {
  return !fault_ && !latent_input_.defined() && builder_.next() && builder_.next()->kind == row_kind::latent;
}

// Steps that are run again were seen the first time.
void running_request::look_at_thought(std::span<const float> scores) {
  if (!thoughts_ || builder_.next()->replayed || thoughts_->steps() > counts_.latent_steps)
    return;
  const auto state = hidden().to(at::kCPU).contiguous();
  thoughts_->add({state.const_data_ptr<float>(), static_cast<std::size_t>(state.numel())}, scores);
}

bool running_request::wants_token() const {
  return !fault_ && builder_.is_through() && answer_ && !answer_->is_through();
}

bool running_request::wants_scores() const {
  return !fault_ && asked_.scores_next && !scores_ && builder_.is_through();
}

void running_request::take_scores(const at::Tensor& logits, std::shared_ptr<const tokenizer> tokens) {
  if (!all_finite(logits))
    return break_down("the scores of the next token are no finite numbers");
  const auto* values = logits.const_data_ptr<float>();
  scores_ = std::make_shared<vocabulary_scores>(vocabulary_scores{record_.model,
                                                                  asked_.base->id(),
                                                                  std::move(tokens),
                                                                  {values, values + logits.numel()},
                                                                  hidden().norm().item<double>()});
}

bool running_request::wants_projection() const {
  return !fault_ && asked_.projection && draft_.injected.vectors.empty();
}

void running_request::inject(projected_input made) {
  if (!all_finite(std::span(std::as_const(made.embedding))))
    return break_down("the vector that comes of the scores of model '" + asked_.projection->scores->model +
                      "' has infinities or NaN");
  draft_.injected.vectors.push_back(std::move(made.embedding));
  draft_.injected.facts = made.facts;
  read_injected();
}

// What it is at, for people.
std::string running_request::what_runs() const {
  const auto next = next_rows();
  if (next && next->replayed)
    return "while its context was made again";
  if (next && next->kind == row_kind::prefill)
    return "while it read the prompt";
  if (asked_.scores_next)
    return "when the token behind a context was scored";
  if (asked_.projection)
    return "while it read what another model thought";
  if (!answer_)
    return "in latent step " + std::to_string(counts_.latent_steps + 1) + " of " + std::to_string(asked_.latent_steps);
  return answer_->tokens() == 0 ? "before the first token of its answer"
                                : "after token " + std::to_string(answer_->tokens()) + " of its answer";
}

void running_request::break_down(const std::string& found) {
  fault_ = make_error(
      error_code::not_finite,
      "model '" + record_.model + "' broke down " + what_runs() + ": " + found + ". `avp-model check " + model_.source +
          "` tells whether its weights are whole; if they are, its numbers may need dtype = \"float32\"");
}

// Every token of the answer but the end of turn gets its row, the last one too: who continues on this context has read
// it all.
void running_request::take(std::int32_t token) {
  ++counts_.output_tokens;
  if (!answer_->take(token))
    return;
  draft_.generated.push_back(token);
  builder_.then_rows(row_kind::decode, std::span(draft_.generated).last(1), 1, false); // run before the next one comes
  if (guesser_ && guesser_->comes_true(token))
    ran(1, guesser_->accept());
}

bool running_request::is_done() const {
  return !fault_ && builder_.is_through() && (!answer_ || answer_->is_through()) && !wants_scores() &&
         !wants_projection();
}

void running_request::finish(const std::function<void(const std::shared_ptr<const kv_context>&)>& made) {
  const auto& whole = asked_.whole;
  if (is_instant() && !asked_.inputs.empty()) {
    const auto same = std::ranges::find(asked_.inputs, whole, &context_input::history);
    return answer(same->message, whole->tokens());
  }
  if (asked_.scores_next)
    return answer(asked_.inputs.front().message, asked_.lead_length);
  const auto task = priority().task;
  std::shared_ptr<const kv_context> context;
  if (is_instant()) {
    context = std::make_shared<kv_context>(model_.identity, pool_, whole, task);
  } else {
    payload_origins origins;
    for (const auto& input : asked_.inputs)
      origins.insert(input.origins.begin(), input.origins.end());
    auto state = hidden().defined() ? hidden().clone() : at::Tensor();
    context = std::make_shared<kv_context>(model_.identity, pool_, std::move(blocks()), std::move(state),
                                           whole ? whole : recipe::frozen(std::move(draft_)), task, std::move(origins));
  }
  made(context);
  answer({context->describe(), context}, context->tokens());
}

void running_request::answer(payload context, std::int64_t tokens) {
  end();
  result made;
  made.context = std::move(context);
  made.context_tokens = tokens;
  made.counts = counts_;
  if (thoughts_)
    made.thought = thoughts_->take();
  made.scores = scores_;
  if (answer_) {
    made.text = answer_->text();
    made.finish = answer_->finish();
    made.certainty = answer_->how_certain();
  }
  made.queue_ms = milliseconds(record_.started - record_.submitted);
  made.run_ms = milliseconds(record_.ended - record_.started);
  done_(std::move(made));
}

void running_request::fail(const caf::error& why) {
  builder_.clear();
  end();
  record_.error = text_of(why);
  done_(why);
}

void running_request::end() {
  record_.ended = clock::now();
  if (!was_started_)
    record_.started = record_.ended;
  record_.counts = counts_;
}

void running_request::check_time() const {
  const auto limit = asked_.time_limit;
  if (was_started_ && limit > 0 && milliseconds(clock::now() - record_.started) > limit * 1000)
    throw request_error(error_code::time_limit, "the request ran longer than its time limit of " +
                                                    std::to_string(limit) + " s (" +
                                                    std::to_string(counts_.output_tokens) + " tokens and " +
                                                    std::to_string(counts_.latent_steps) + " latent steps were done)");
}

} // namespace avp
