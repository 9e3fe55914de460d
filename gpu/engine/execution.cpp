// Running one request.
#include <array>

#include <ATen/ATen.h>

#include <avp/gpu/device_error.hpp>
#include <avp/gpu/engine/execution.hpp>
#include <avp/transport/handshake/hash.hpp>

namespace avp {

namespace {

// Rows of one prefill pass: enough to fill the matrix units, few enough that cancellation and time limits are noticed.
constexpr std::size_t prefill_rows = 512;

double milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

std::vector<std::string> stop_strings(const std::variant<think, generate>& work) {
  const auto* generating = std::get_if<generate>(&work);
  return generating ? generating->stop : std::vector<std::string>{};
}

// A recipe for a context that came as bytes: named by them.
std::shared_ptr<const recipe> foreign_recipe(const payload& message, const model_identity& model) {
  auto history = std::make_shared<recipe>();
  std::string bytes(message.body->size(), '\0');
  message.body->write(0, std::as_writable_bytes(std::span(bytes)));
  history->weights_digest = model.weights_digest;
  history->dtype = model.dtype;
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

execution::execution(loaded_model& model, std::variant<think, generate> work)
    : model_(model),
      work_(std::move(work)),
      started_(std::chrono::steady_clock::now()),
      stop_(stop_strings(work_)),
      stream_(model.tokenizer) {
  if (common().messages.empty())
    throw request_error(device_errc::bad_request, "a request needs at least one message");
  recipe_ = std::make_shared<recipe>();
  recipe_->prompt = model_.tokenizer.encode(model_.chat_template.render(common().messages));
  recipe_->weights_digest = model_.identity->weights_digest;
  recipe_->dtype = model_.identity->dtype;
  load_context();
  if (const auto* generating = std::get_if<generate>(&work_)) {
    sampler_.emplace(generating->sampling, generating->seed, recipe_->prompt);
    recipe_->seed = generating->sampling.temperature > 0 ? generating->seed : 0;
  }
}

const request& execution::common() const {
  return std::visit([](const auto& work) -> const request& { return work; }, work_);
}

std::int64_t execution::positions_wanted() const {
  if (const auto* thinking = std::get_if<think>(&work_))
    return thinking->steps;
  return std::get<generate>(work_).max_new_tokens;
}

void execution::check_length(std::int64_t past) const {
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

void execution::load_context() {
  const auto& context = common().context;
  const auto capacity = static_cast<std::int64_t>(recipe_->prompt.size()) + positions_wanted();
  if (!context.body) {
    check_length(0);
    cache_ = model_.network.make_cache(capacity);
    return;
  }
  const auto* local = dynamic_cast<const kv_context*>(context.body.get());
  check_identity(local ? local->describe() : context.meta, *model_.identity);
  if (local) {
    check_length(local->tokens());
    cache_ = model_.network.make_cache(local->tokens() + capacity);
    cache_.copy_from(local->cache());
    recipe_->parents.push_back(local->history());
  } else {
    cache_ = read_kv_payload(context, *model_.identity, [&](std::int64_t tokens) {
      check_length(tokens);
      return model_.network.make_cache(tokens + capacity);
    });
    recipe_->parents.push_back(foreign_recipe(context, *model_.identity));
  }
}

bool execution::step() {
  const c10::InferenceMode no_gradients;
  const auto limit = common().time_limit;
  if (limit > 0 && milliseconds_since(started_) > limit * 1000)
    throw request_error(device_errc::timed_out,
                        "the request ran longer than its time limit of " + std::to_string(limit) + " s (" +
                            std::to_string(result_.counts.output_tokens) + " tokens and " +
                            std::to_string(result_.counts.latent_steps) + " latent steps were done)");
  if (prefilled_ < recipe_->prompt.size())
    return prefill();
  if (const auto* thinking = std::get_if<think>(&work_))
    return latent_step(*thinking);
  return decode_step(std::get<generate>(work_));
}

bool execution::prefill() {
  const auto rows = std::min(prefill_rows, recipe_->prompt.size() - prefilled_);
  hidden_ = model_.network.forward(model_.network.embed(std::span(recipe_->prompt).subspan(prefilled_, rows)), cache_);
  prefilled_ += rows;
  result_.counts.prompt_tokens += static_cast<std::int64_t>(rows);
  result_.counts.computed_tokens += static_cast<std::int64_t>(rows);
  return prefilled_ == recipe_->prompt.size() && std::holds_alternative<think>(work_) && positions_wanted() == 0;
}

bool execution::latent_step(const think& work) {
  if (hidden_.isnan().any().item<bool>())
    return true; // as the reference does: what is there is handed on, with the steps really done
  hidden_ = model_.network.forward(model_.network.latent_input(hidden_), cache_);
  recipe_->latent_steps = static_cast<int>(++result_.counts.latent_steps);
  return result_.counts.latent_steps == work.steps;
}

// Every token of the answer but the end of turn gets its row, the last one too: who continues on this context has read
// it all.
bool execution::decode_step(const generate& work) {
  auto logits = model_.network.logits(hidden_).to(at::kCPU).contiguous();
  const auto token = sampler_->next({logits.data_ptr<float>(), static_cast<std::size_t>(logits.numel())});
  ++result_.counts.output_tokens;
  if (model_.tokenizer.is_end_of_turn(token)) {
    result_.finish = finish_reason::end_of_turn;
    show(work, stop_.feed(stream_.finish()) + stop_.finish());
    return true;
  }
  recipe_->generated.push_back(token);
  show(work, stop_.feed(stream_.push(token)));
  hidden_ = model_.network.forward(model_.network.embed(std::span(&token, 1)), cache_);
  if (stop_.stopped()) {
    result_.finish = finish_reason::stop_string;
    return true;
  }
  if (result_.counts.output_tokens < work.max_new_tokens)
    return false;
  result_.finish = finish_reason::length;
  show(work, stop_.feed(stream_.finish()) + stop_.finish());
  return true;
}

void execution::show(const generate& work, const std::string& text) {
  if (text.empty())
    return;
  result_.text += text;
  if (work.on_text)
    work.on_text(text);
}

result execution::take_result() {
  const c10::InferenceMode no_gradients;
  cache_.trim();
  auto context = std::make_shared<kv_context>(model_.identity, std::move(cache_), hidden_, recipe_);
  result_.context_tokens = context->tokens();
  result_.context = {context->describe(), context};
  result_.run_ms = milliseconds_since(started_);
  return std::move(result_);
}

} // namespace avp
