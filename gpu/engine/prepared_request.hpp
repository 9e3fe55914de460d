// A request that was read and checked: what is to be made of what, and the memory that it takes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gpu/cache/recipe_layout.hpp"
#include "gpu/device_observer.hpp"
#include "gpu/engine/answer_settings.hpp"
#include "gpu/engine/context_input.hpp"
#include "gpu/engine/loaded_model.hpp"
#include "gpu/engine/request_work.hpp"

namespace avp {

/// All kinds of requests come to this. The context of the answer is built in this order: what `base` says, the slice,
/// the state, the prompt, latent steps, the answer.
struct prepared_request {
  double time_limit = 0; ///< As the request has it.
  std::optional<std::int64_t> prefix_scope;
  request_record record; ///< As of the submission.

  std::vector<context_input> inputs;   ///< Contexts that it was given.
  std::shared_ptr<const recipe> base;  ///< What is there before its own rows; null for nothing.
  std::shared_ptr<const recipe> whole; ///< The recipe of the answer's context where it is known before.
  recipe draft;                        ///< That recipe otherwise, without latent steps and answer.

  const kv_context* lead = nullptr; ///< One of the inputs, of whose blocks the sequence begins; null for none.
  std::int64_t lead_length = 0;     ///< So many of its positions.
  bool lead_is_base = true;         ///< Whether `base` is all of the lead, which can have its blocks back then.
  std::int64_t blocks_with_lead = 0, blocks_from_nothing = 0; ///< That it holds at most, with the lead's or without.

  std::optional<payload> slice;           ///< The end of the context as bytes.
  std::shared_ptr<const recipe> state_of; ///< Whose last hidden state the first latent step is made of; else null.
  int latent_steps = 0;
  bool explains = false;                 ///< Whether what they would have said is to be told.
  std::optional<answer_settings> answer; ///< Where one is to be decoded.
  bool scores_next = false;              ///< Whether the token behind the context is to be scored, and nothing else.
  std::optional<project> projection;     ///< Where a vector is to be made first, of which the context consists.

  /// Whether there is nothing to run: the answer is one of the inputs, or a context that gets its blocks later.
  bool is_instant = false;
};

/// Reads and checks a request. Layouts that were needed for it are left in `layouts`. Throws request_error when it can
/// never be done with a model and a pool.
[[nodiscard]] prepared_request prepare(const request_work& asked, const loaded_model& model, const block_pool& pool,
                                       recipe_layouts& layouts);

} // namespace avp
