// What a request asks for, read and checked when it is submitted.
#include <algorithm>

#include <avp/gpu/device_error.hpp>
#include <avp/gpu/engine/checked_history.hpp>
#include <avp/gpu/engine/checked_slice.hpp>
#include <avp/gpu/engine/job.hpp>
#include <avp/gpu/engine/joined_recipe.hpp>

namespace avp {

namespace {

std::vector<std::string> stop_strings(const job::work& work) {
  const auto* generating = std::get_if<generate>(&work);
  return generating ? generating->stop : std::vector<std::string>{};
}

// Bytes do not carry the state behind their last position.
bool ends_in_bytes(const recipe& history) {
  const auto* last = &history;
  while (last->prompt.empty() && last->generated.empty() && !last->parents.empty())
    last = last->parents[last->spans.empty() ? 0 : last->spans.back().parent].get();
  return !last->foreign.empty();
}

} // namespace

job::job(loaded_model& model, std::shared_ptr<block_pool> pool, work request, callback done, std::uint64_t arrival)
    : model_(model),
      pool_(std::move(pool)),
      work_(std::move(request)),
      done_(std::move(done)),
      place_{common_of(work_).task, arrival},
      builder_(model_, pool_, layouts_),
      stop_(stop_strings(work_)),
      stream_(model.tokenizer),
      record_(record_of(work_)) {
  std::visit([this](const auto& asked) { read(asked); }, work_);
  if (blocks_from_nothing_ > pool_->total())
    throw request_error(device_errc::context_too_long,
                        "the request needs " + std::to_string(blocks_from_nothing_ * block_positions) +
                            " positions of KV-cache and the device has room for " +
                            std::to_string(pool_->total() * block_positions) +
                            "; raise kv_memory of the device, or lower max_new_tokens or steps");
}

void job::read(const conversation& asked) {
  if (!asked.messages.empty())
    draft_.prompt = model_.tokenizer.encode(model_.chat_template.render(asked.messages));
  draft_.weights_digest = model_.identity->weights_digest;
  draft_.numerics = model_.identity->numerics;
  recipe_layout before;
  if (asked.context.body) {
    inputs_.push_back(open_context(asked.context, *model_.identity, *pool_));
    const auto& input = inputs_.front();
    lead_ = input.local.get();
    lead_length_ = input.history->tokens();
    draft_.parents.push_back(input.history);
    before = layouts_.of(input.history);
  }
  check_beginning();
  const auto rows = static_cast<std::int64_t>(draft_.prompt.size()), past = length_of(before);
  const auto length = past + rows + positions_wanted();
  check_length(length, std::to_string(past) + " handed over, " + std::to_string(rows) + " of the prompt, " +
                           std::to_string(positions_wanted()) +
                           (std::holds_alternative<think>(work_) ? " latent steps" : " of max_new_tokens"));
  estimate_blocks(before, length);
  if (const auto* generating = std::get_if<generate>(&work_)) {
    const auto& fed = draft_.prompt.empty() ? inputs_.front().history->prompt : draft_.prompt;
    sampler_.emplace(generating->sampling, generating->seed, fed);
    draft_.seed = generating->sampling.temperature > 0 ? generating->seed : 0;
  }
}

void job::read(const join& asked) {
  std::vector<std::shared_ptr<const recipe>> histories;
  for (const auto& context : asked.contexts) {
    if (!context.body)
      throw request_error(device_errc::bad_request, "contexts can't be joined: one of them is empty");
    inputs_.push_back(open_context(context, *model_.identity, *pool_));
    histories.push_back(inputs_.back().history);
  }
  given_ = joined_recipe(asked, histories, layouts_);
  is_instant_ = std::ranges::find(histories, given_) != histories.end();
  check_length(given_->tokens(), "of " + std::to_string(histories.size()) + " contexts");
  if (const auto& first = given_->spans; !is_instant_ && first.front().begin == 0) {
    const auto is_first = [&](const auto& input) { return input.history == given_->parents[first.front().parent]; };
    lead_ = std::ranges::find_if(inputs_, is_first)->local.get();
    lead_length_ = first.front().end;
  }
  if (!is_instant_)
    estimate_blocks(layouts_.of(given_), given_->tokens());
}

void job::read(const rebuild& asked) {
  check_history(asked.history, *model_.identity);
  given_ = asked.history;
  is_instant_ = true;
  estimate_blocks(layouts_.of(given_), given_->tokens());
}

void job::read(const adopt& asked) {
  check_history(asked.history, *model_.identity);
  given_ = asked.history;
  recipe_layout before;
  if (asked.base.body) {
    inputs_.push_back(open_context(asked.base, *model_.identity, *pool_));
    lead_ = inputs_.front().local.get();
    if (!lead_)
      throw request_error(device_errc::context_mismatch, "a context can be adopted only on a base of the same device");
    lead_length_ = lead_->tokens();
    before = layouts_.of(lead_->history());
    if (const auto common = common_length(before, layouts_.of(given_)); common < lead_length_)
      throw request_error(
          device_errc::context_mismatch,
          "a context can't be adopted on a base that it does not begin with: " + std::to_string(common) +
              " of the base's " + std::to_string(lead_length_) + " positions are its own");
  }
  check_slice(asked, lead_length_, *model_.identity);
  estimate_blocks(before, given_->tokens());
}

// `before` is made by program; up to `length` rows follow.
void job::estimate_blocks(const recipe_layout& before, std::int64_t length) {
  blocks_from_nothing_ = std::max(blocks_of(length), blocks_for(before, 0, layouts_));
  const auto to_lead = blocks_for(before, lead_length_, layouts_) + lead_length_ / block_positions;
  blocks_with_lead_ = std::max(blocks_of(length), to_lead);
}

void job::check_beginning() const {
  const bool can_go_on = std::holds_alternative<generate>(work_) && lead_ && !ends_in_bytes(*lead_->history());
  if (draft_.prompt.empty() && !can_go_on)
    throw request_error(device_errc::bad_request,
                        "a request needs at least one message; without one, an answer can only go on from a context "
                        "of this device");
}

std::int64_t job::positions_wanted() const {
  if (const auto* thinking = std::get_if<think>(&work_))
    return thinking->steps;
  return std::get<generate>(work_).max_new_tokens;
}

void job::check_length(std::int64_t length, const std::string& parts) const {
  const auto limit = model_.network.config().max_positions;
  if (length <= limit)
    return;
  const std::string less = std::holds_alternative<think>(work_)      ? "shorten the prompt or lower steps"
                           : std::holds_alternative<generate>(work_) ? "shorten the prompt or lower max_new_tokens"
                                                                     : "join fewer, or keep less of them";
  throw request_error(device_errc::context_too_long, "the context would be " + std::to_string(length) + " tokens (" +
                                                         parts + "), and model '" + common_of(work_).model +
                                                         "' allows " + std::to_string(limit) + "; " + less);
}

} // namespace avp
