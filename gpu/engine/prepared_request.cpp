// Each kind of request, read and checked.
#include "gpu/engine/prepared_request.hpp"

#include <algorithm>
#include <cmath>

#include "gpu/device_error.hpp"
#include "gpu/engine/build_plan.hpp"
#include "gpu/engine/checked_history.hpp"
#include "gpu/engine/checked_slice.hpp"
#include "gpu/engine/joined_recipe.hpp"
#include "gpu/kernels/finite.hpp"

namespace avp {

namespace {

/// What the readers look things up in.
struct surroundings {
  const loaded_model& model;
  const block_pool& pool;
  recipe_layouts& layouts;
};

// Bytes do not carry the state behind their last position.
bool ends_in_bytes(const recipe& history) {
  const auto* last = &history;
  while (last->prompt.empty() && last->generated.empty() && !last->from_state && !last->parents.empty())
    last = last->parents[last->spans.empty() ? 0 : last->spans.back().parent].get();
  return !last->imported.empty();
}

void check_length(std::int64_t length, const surroundings& in, const request& asked, const std::string& parts,
                  const std::string& less) {
  const auto limit = in.model.network.config().max_positions;
  if (length > limit)
    throw request_error(error_code::context_too_long, "the context would be " + std::to_string(length) + " tokens (" +
                                                          parts + "), and model '" + asked.model + "' allows " +
                                                          std::to_string(limit) + "; " + less);
}

// `before` is made by its plan; up to `length` positions in all follow.
void estimate_blocks(prepared_request& made, const recipe_layout& before, std::int64_t length,
                     recipe_layouts& layouts) {
  made.blocks_from_nothing = std::max(blocks_of(length), blocks_for(before, 0, layouts));
  const auto to_lead = blocks_for(before, made.lead_length, layouts) + made.lead_length / block_positions;
  made.blocks_with_lead = std::max(blocks_of(length), to_lead);
}

/// Its prompt in tokens, whatever form it has.
std::vector<std::int32_t> prompt_of(const conversation& asked, const loaded_model& model) {
  const auto known = model.network.config().vocab_size;
  for (const auto token : asked.tokens)
    if (token < 0 || token >= known)
      throw request_error(error_code::bad_request, "the token " + std::to_string(token) + " is none of the " +
                                                       std::to_string(known) + " of model '" + asked.model + "'");
  if (!asked.tokens.empty())
    return asked.tokens;
  if (!asked.text.empty())
    return model.tokenizer.encode_whole(asked.text);
  return asked.messages.empty() ? std::vector<std::int32_t>() : model.tokens_of(asked.messages);
}

/// What think and generate have in common; `wanted` positions follow the prompt.
void read_conversation(prepared_request& made, const conversation& asked, const surroundings& in, std::int64_t wanted,
                       const std::string& wanted_as, const std::string& less) {
  made.draft.prompt = prompt_of(asked, in.model);
  made.draft.weights_digest = in.model.identity->weights_digest;
  made.draft.numerics = in.model.identity->numerics;
  recipe_layout before;
  if (asked.context.body) {
    made.inputs.push_back(open_context(asked.context, *in.model.identity, in.pool));
    const auto& input = made.inputs.front();
    made.lead = input.local.get();
    made.lead_length = input.history->tokens();
    made.base = input.history;
    made.draft.parents.push_back(input.history);
    before = in.layouts.of(input.history);
  }
  const bool can_go_on = made.answer && made.lead && !ends_in_bytes(*made.lead->history());
  if (made.draft.prompt.empty() && !can_go_on)
    throw request_error(error_code::bad_request,
                        "a request needs at least one message; without one, an answer can only go on from a context "
                        "of this device");
  const auto rows = static_cast<std::int64_t>(made.draft.prompt.size()), past = length_of(before);
  const auto length = past + rows + wanted;
  check_length(length, in, asked,
               std::to_string(past) + " handed over, " + std::to_string(rows) + " of the prompt, " +
                   std::to_string(wanted) + " " + wanted_as,
               "shorten the prompt or lower " + less);
  estimate_blocks(made, before, length, in.layouts);
}

void read(prepared_request& made, const think& asked, const surroundings& in) {
  made.latent_steps = asked.steps;
  made.explains = asked.explain;
  read_conversation(made, asked, in, asked.steps, "latent steps", "steps");
}

void read(prepared_request& made, const generate& asked, const surroundings& in) {
  const auto settings = asked.sampling.or_else(in.model.sampling);
  made.answer = {asked.max_new_tokens, settings, asked.stop, asked.seed, asked.on_text, asked.wants_certainty, {}};
  read_conversation(made, asked, in, asked.max_new_tokens, "of max_new_tokens", "max_new_tokens");
  made.answer->fed = made.draft.prompt.empty() ? made.inputs.front().history->prompt : made.draft.prompt;
  made.draft.seed = settings.temperature > 0 ? asked.seed : 0;
}

// One latent step, made of the state of a context.
void read_state(prepared_request& made, const join& asked, const surroundings& in) {
  if (asked.contexts.size() != 1 || !asked.contexts.front().body)
    throw request_error(error_code::bad_request, "a hidden state can be kept of one context at a time, and there are " +
                                                     std::to_string(asked.contexts.size()));
  made.inputs.push_back(open_context(asked.contexts.front(), *in.model.identity, in.pool));
  made.state_of = made.inputs.front().history;
  if (ends_in_bytes(*made.state_of))
    throw request_error(error_code::bad_request, "the last hidden state of a context that came as bytes is not known");
  made.latent_steps = 1;
  made.draft.weights_digest = in.model.identity->weights_digest;
  made.draft.numerics = in.model.identity->numerics;
  made.draft.parents = {made.state_of};
  made.draft.from_state = true;
  made.blocks_from_nothing = made.blocks_with_lead =
      std::max(blocks_of(made.latent_steps), blocks_for(in.layouts.of(made.state_of), 0, in.layouts));
}

void read(prepared_request& made, const join& asked, const surroundings& in) {
  if (asked.keep == keep::hidden_state)
    return read_state(made, asked, in);
  std::vector<std::shared_ptr<const recipe>> histories;
  for (const auto& context : asked.contexts) {
    if (!context.body)
      throw request_error(error_code::bad_request, "contexts can't be joined: one of them is empty");
    made.inputs.push_back(open_context(context, *in.model.identity, in.pool));
    histories.push_back(made.inputs.back().history);
  }
  made.whole = joined_recipe(asked, histories, in.layouts);
  made.base = made.whole;
  made.lead_is_base = false;
  made.is_instant = std::ranges::find(histories, made.whole) != histories.end();
  check_length(made.whole->tokens(), in, asked, "of " + std::to_string(histories.size()) + " contexts",
               "join fewer, or keep less of them");
  if (made.is_instant)
    return;
  if (const auto& first = made.whole->spans.front(); first.begin == 0) {
    const auto is_first = [&](const auto& input) { return input.history == made.whole->parents[first.parent]; };
    made.lead = std::ranges::find_if(made.inputs, is_first)->local.get();
    made.lead_length = first.end;
  }
  estimate_blocks(made, in.layouts.of(made.whole), made.whole->tokens(), in.layouts);
}

void read(prepared_request& made, const rebuild& asked, const surroundings& in) {
  check_history(asked.history, *in.model.identity);
  made.whole = asked.history;
  made.is_instant = true;
  estimate_blocks(made, in.layouts.of(made.whole), made.whole->tokens(), in.layouts);
}

void read(prepared_request& made, const adopt& asked, const surroundings& in) {
  check_history(asked.history, *in.model.identity);
  made.whole = asked.history;
  recipe_layout before;
  if (asked.base.body) {
    made.inputs.push_back(open_context(asked.base, *in.model.identity, in.pool));
    made.lead = made.inputs.front().local.get();
    if (!made.lead)
      throw request_error(error_code::context_mismatch, "a context can be adopted only on a base of the same device");
    made.lead_length = made.lead->tokens();
    made.base = made.lead->history();
    before = in.layouts.of(made.base);
    if (const auto common = common_length(before, in.layouts.of(made.whole)); common < made.lead_length)
      throw request_error(
          error_code::context_mismatch,
          "a context can't be adopted on a base that it does not begin with: " + std::to_string(common) +
              " of the base's " + std::to_string(made.lead_length) + " positions are its own");
  }
  check_slice(asked, made.lead_length, *in.model.identity);
  made.slice = asked.slice;
  estimate_blocks(made, before, made.whole->tokens(), in.layouts);
}

void read(prepared_request& made, const score_next& asked, const surroundings& in) {
  if (asked.context.body)
    made.inputs.push_back(open_context(asked.context, *in.model.identity, in.pool));
  if (made.inputs.empty() || !made.inputs.front().local || ends_in_bytes(*made.inputs.front().history))
    throw request_error(error_code::bad_request,
                        "the next token can be scored only of a context that this device has made; one that came as "
                        "bytes does not tell its last hidden state");
  made.lead = made.inputs.front().local.get();
  made.lead_length = made.lead->tokens();
  made.base = made.lead->history();
  made.scores_next = true;
  estimate_blocks(made, in.layouts.of(made.base), made.lead_length, in.layouts);
}

void read(prepared_request& made, const project& asked, const surroundings& in) {
  const auto fail = [&](const std::string& why) {
    throw request_error(error_code::bad_request, "nothing can be projected onto model '" + asked.model + "': " + why);
  };
  if (!asked.scores || !asked.scores->tokens || asked.scores->values.empty())
    fail("there are no scores of another model");
  if (!all_finite(std::span(asked.scores->values)))
    fail("the scores of model '" + asked.scores->model + "' have infinities or NaN");
  if (!(asked.temperature > 0) || !std::isfinite(asked.temperature))
    fail("the temperature has to be above 0, and it is " + std::to_string(asked.temperature));
  made.projection = asked;
  made.draft.weights_digest = in.model.identity->weights_digest;
  made.draft.numerics = in.model.identity->numerics;
  made.draft.injected.source = asked.scores->recipe;
  estimate_blocks(made, {}, 1, in.layouts);
}

} // namespace

prepared_request prepare(const request_work& asked, const loaded_model& model, const block_pool& pool,
                         recipe_layouts& layouts) {
  prepared_request made;
  const auto& common = common_of(asked);
  made.time_limit = common.time_limit;
  made.prefix_scope = common.prefix_scope;
  made.record = record_of(asked);
  std::visit([&](const auto& one) { read(made, one, {model, pool, layouts}); }, asked);
  if (made.blocks_from_nothing > pool.total())
    throw request_error(error_code::context_too_long,
                        "the request needs " + std::to_string(made.blocks_from_nothing * block_positions) +
                            " positions of KV-cache and the device has room for " +
                            std::to_string(pool.total() * block_positions) +
                            "; raise kv_memory of the device, or lower max_new_tokens or steps");
  return made;
}

} // namespace avp
