// The life of one request.
#include <algorithm>

#include <ATen/ATen.h>

#include <avp/gpu/device_error.hpp>
#include <avp/gpu/engine/job.hpp>
#include <avp/transport/handshake/hash.hpp>

namespace avp {

namespace {

std::vector<std::string> stop_strings(const job::work& work) {
  const auto* generating = std::get_if<generate>(&work);
  return generating ? generating->stop : std::vector<std::string>{};
}

double milliseconds(job::clock::duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

// A recipe for a context that came as bytes: named by them.
std::shared_ptr<const recipe> foreign_recipe(const payload& message, const model_identity& model) {
  auto history = std::make_shared<recipe>();
  std::string bytes(message.body->size(), '\0');
  message.body->write(0, std::as_writable_bytes(std::span(bytes)));
  history->weights_digest = model.weights_digest;
  history->numerics = model.numerics;
  history->foreign = sha256_hex(bytes);
  return history;
}

// A sender that says nothing of its model can only be checked by shape.
void check_identity(const metadata& meta, const model_identity& model) {
  const auto differs = [&](const char* key, const std::string& ours) {
    auto theirs = meta.extra.find(key);
    return theirs != meta.extra.end() && theirs->second != ours;
  };
  const bool has_digest = meta.extra.contains("weights_digest");
  if (has_digest ? differs("weights_digest", model.weights_digest) : differs("model_hash", model.model_hash))
    throw request_error(device_errc::context_mismatch,
                        "the context was made by model '" + meta.model_id + "' with other weights than those of '" +
                            model.config.name + "'; a context can be continued only by the model that made it");
}

} // namespace

const request& common_of(const request_work& work) {
  return std::visit([](const auto& request) -> const avp::request& { return request; }, work);
}

request_record record_of(const request_work& work) {
  const auto& common = common_of(work);
  request_record record;
  record.id = common.id;
  record.task = common.task;
  record.label = common.label;
  record.kind = std::holds_alternative<think>(work) ? "think" : "generate";
  record.model = common.model;
  record.submitted = job::clock::now();
  return record;
}

job::job(loaded_model& model, std::shared_ptr<block_pool> pool, work request, callback done, std::uint64_t arrival)
    : model_(model),
      pool_(std::move(pool)),
      work_(std::move(request)),
      done_(std::move(done)),
      place_{common().task, arrival},
      recipe_(std::make_shared<recipe>()),
      sequence_(pool_),
      stop_(stop_strings(work_)),
      stream_(model.tokenizer),
      record_(record_of(work_)) {
  if (common().messages.empty())
    throw request_error(device_errc::bad_request, "a request needs at least one message");
  recipe_->prompt = model_.tokenizer.encode(model_.chat_template.render(common().messages));
  recipe_->weights_digest = model_.identity->weights_digest;
  recipe_->numerics = model_.identity->numerics;
  const auto& context = common().context;
  if (context.body) {
    const auto local = std::dynamic_pointer_cast<const kv_context>(context.body);
    if (local && &local->pool() == pool_.get())
      base_ = local;
    else // of another process, another device, or other arithmetic: its bytes are read
      check_identity(local ? local->describe() : context.meta, *model_.identity);
    origin_ = base_ ? base_->origin() : context;
    past_ = base_ ? base_->tokens() : kv_payload_tokens(context, *model_.identity);
    recipe_->parents.push_back(base_ ? base_->history() : foreign_recipe(context, *model_.identity));
  }
  check_length(past_);
  if (const auto* generating = std::get_if<generate>(&work_)) {
    sampler_.emplace(generating->sampling, generating->seed, recipe_->prompt);
    recipe_->seed = generating->sampling.temperature > 0 ? generating->seed : 0;
  }
  if (blocks_at_end() > pool_->total())
    throw request_error(device_errc::context_too_long,
                        "the request needs " + std::to_string(blocks_at_end() * block_positions) +
                            " positions of KV-cache and the device has room for " +
                            std::to_string(pool_->total() * block_positions) +
                            "; raise kv_memory of the device, or lower max_new_tokens or steps");
}

std::int64_t job::positions_wanted() const {
  if (const auto* thinking = std::get_if<think>(&work_))
    return thinking->steps;
  return std::get<generate>(work_).max_new_tokens;
}

void job::check_length(std::int64_t past) const {
  const auto rows = static_cast<std::int64_t>(recipe_->prompt.size());
  const auto limit = model_.network.config().max_positions;
  if (past + rows + positions_wanted() <= limit)
    return;
  const bool thinking = std::holds_alternative<think>(work_);
  throw request_error(device_errc::context_too_long,
                      "the context would be " + std::to_string(past + rows + positions_wanted()) + " tokens (" +
                          std::to_string(past) + " handed over, " + std::to_string(rows) + " of the prompt, " +
                          std::to_string(positions_wanted()) + (thinking ? " latent steps" : " of max_new_tokens") +
                          "), and model '" + common().model + "' allows " + std::to_string(limit) +
                          "; shorten the prompt or lower " + (thinking ? "steps" : "max_new_tokens"));
}

std::int64_t job::blocks_at_end() const {
  return blocks_of(past_ + static_cast<std::int64_t>(recipe_->prompt.size()) + positions_wanted());
}

std::int64_t job::blocks_shared_at_start() const { return base_ && base_->is_resident() ? past_ / block_positions : 0; }

std::int64_t job::blocks_to_start() const {
  const bool reads_bytes = origin_.body && !(base_ && base_->is_resident());
  return reads_bytes ? blocks_of(kv_payload_tokens(origin_, *model_.identity)) : 0;
}

void job::start() {
  if (!std::exchange(started_, true))
    record_.started = clock::now();
  program_.clear();
  first_prompt_.clear();
  known_blocks_ = 0;
  prefix_ = 0;
  if (auto forked = base_ ? base_->fork() : std::nullopt) {
    sequence_ = std::move(*forked);
  } else {
    if (origin_.body)
      read_kv_payload(origin_, *model_.identity, *pool_, sequence_);
    if (base_) {
      replay(*base_->history());
      if (!program_.empty())
        program_.back().closes_base = true;
    }
  }
  add_own_rows();
  if (sequence_.length() == 0)
    first_prompt_ = program_.front().tokens;
}

// Oldest hop first. The bytes with which a history may begin are there already.
void job::replay(const recipe& history) {
  if (!history.foreign.empty())
    return;
  for (const auto& parent : history.parents)
    replay(*parent);
  add_segment(row_kind::prompt, history.prompt, static_cast<std::int64_t>(history.prompt.size()), true);
  add_segment(row_kind::latent, {}, history.latent_steps, true);
  add_segment(row_kind::answer, history.generated, static_cast<std::int64_t>(history.generated.size()), true);
}

void job::add_own_rows() {
  const auto rows = static_cast<std::int64_t>(recipe_->prompt.size());
  const bool was_read = result_.counts.prompt_tokens > 0;
  add_segment(row_kind::prompt, recipe_->prompt, rows, was_read);
  if (!was_read)
    result_.counts.computed_tokens = 0;
  add_segment(row_kind::latent, {}, recipe_->latent_steps, true);
  if (const auto* thinking = std::get_if<think>(&work_))
    add_segment(row_kind::latent, {}, thinking->steps - recipe_->latent_steps, false);
  add_segment(row_kind::answer, recipe_->generated, static_cast<std::int64_t>(recipe_->generated.size()), true);
}

void job::add_segment(row_kind kind, std::vector<std::int32_t> tokens, std::int64_t rows, bool replayed) {
  if (rows > 0)
    program_.push_back({kind, std::move(tokens), rows, replayed});
}

void job::give_up() {
  sequence_.clear();
  program_.clear();
  hidden_ = at::Tensor();
  latent_input_ = at::Tensor();
  ++record_.preemptions;
}

// The last token of a prompt is never shared: its hidden state is needed.
void job::share_prefix() {
  const auto size = static_cast<std::int64_t>(first_prompt_.size());
  while (sequence_.length() == known_blocks_ * block_positions && sequence_.length() + block_positions < size) {
    auto found = pool_->find(prefix_, std::span(first_prompt_).subspan(sequence_.length(), block_positions));
    if (!found)
      return;
    sequence_.append_shared(found->first);
    prefix_ = found->second;
    ++known_blocks_;
    program_.front().done += block_positions;
  }
}

// Blocks that this prompt has filled become known to others.
void job::publish_prefix() {
  const auto full = std::min(sequence_.length(), static_cast<std::int64_t>(first_prompt_.size())) / block_positions;
  for (; known_blocks_ < full; ++known_blocks_)
    prefix_ = pool_->publish(sequence_.blocks()[known_blocks_], prefix_,
                             std::span(first_prompt_).subspan(known_blocks_ * block_positions, block_positions));
}

std::span<const std::int32_t> job::next_tokens(std::int64_t rows) const {
  const auto& segment = program_.front();
  return std::span(segment.tokens).subspan(segment.done, rows);
}

void job::ran(std::int64_t rows, at::Tensor hidden) {
  auto& segment = program_.front();
  sequence_.advance(rows);
  segment.done += rows;
  if (!first_prompt_.empty())
    publish_prefix();
  auto& counts = result_.counts;
  if (!segment.replayed) {
    if (segment.kind == row_kind::prompt)
      counts.computed_tokens += rows;
    else if (segment.kind == row_kind::latent)
      recipe_->latent_steps = static_cast<int>(counts.latent_steps += rows);
  }
  if (segment.left() > 0) {
    if (segment.kind == row_kind::latent)
      hidden_ = std::move(hidden);
    return;
  }
  hidden_ = std::move(hidden);
  if (segment.closes_base)
    base_->restore(sequence_);
  if (segment.kind == row_kind::prompt && !segment.replayed)
    counts.prompt_tokens = segment.rows;
  program_.pop_front();
}

// As the reference does: what is there when a state is no number any more is handed on, with the steps really done.
bool job::wants_latent_input() {
  if (program_.empty() || program_.front().kind != row_kind::latent)
    return false;
  if (!hidden_.isnan().any().item<bool>())
    return true;
  program_.pop_front();
  return false;
}

bool job::wants_token() const { return program_.empty() && !decoded_ && std::holds_alternative<generate>(work_); }

// Every token of the answer but the end of turn gets its row, the last one too: who continues on this context has read
// it all.
void job::take(std::int32_t token) {
  const auto& settings = std::get<generate>(work_);
  ++result_.counts.output_tokens;
  if (model_.tokenizer.is_end_of_turn(token))
    return end(finish_reason::end_of_turn);
  recipe_->generated.push_back(token);
  add_segment(row_kind::answer, {token}, 1, false);
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

bool job::is_done() const { return program_.empty() && (decoded_ || std::holds_alternative<think>(work_)); }

std::shared_ptr<const kv_context> job::finish() {
  auto context = std::make_shared<kv_context>(model_.identity, pool_, std::move(sequence_), hidden_.clone(), recipe_,
                                              place_.task, origin_);
  record_.ended = clock::now();
  record_.counts = result_.counts;
  result_.context_tokens = context->tokens();
  result_.context = {context->describe(), context};
  result_.queue_ms = milliseconds(record_.started - record_.submitted);
  result_.run_ms = milliseconds(record_.ended - record_.started);
  done_(std::move(result_));
  return context;
}

void job::fail(const caf::error& why) {
  sequence_.clear();
  record_.ended = clock::now();
  if (!started_)
    record_.started = record_.ended;
  record_.counts = result_.counts;
  record_.error = text_of(why);
  done_(why);
}

void job::check_time() const {
  const auto limit = common().time_limit;
  if (started_ && limit > 0 && milliseconds(clock::now() - record_.started) > limit * 1000)
    throw request_error(device_errc::timed_out,
                        "the request ran longer than its time limit of " + std::to_string(limit) + " s (" +
                            std::to_string(result_.counts.output_tokens) + " tokens and " +
                            std::to_string(result_.counts.latent_steps) + " latent steps were done)");
}

} // namespace avp
