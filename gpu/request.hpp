// What an agent asks of a device.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/projection.hpp"
#include "gpu/recipe.hpp"
#include "gpu/sampling.hpp"
#include "gpu/text/chat_message.hpp"
#include "gpu/vocabulary_scores.hpp"
#include "transport/name_table.hpp"
#include "transport/payload.hpp"

namespace avp {

/// Names a request for cancellation; unique within the process.
using request_id = std::uint64_t;

/// A request_id that no other call returns.
[[nodiscard]] request_id next_request_id();

/// What every request says.
struct request {
  request_id id = 0;
  std::uint64_t task = 0; ///< Place of its task in the run: when memory is short, lower ones go on first.
  std::string label;      ///< Who asks, for the trace; the agent's name.
  std::string model;      ///< Name of a model of the device.
  double time_limit = 0;  ///< Seconds from the moment that the request starts to run; 0 for none.
  /// Which prompts that begin as its own does it shares blocks with: those of the same number, 0 or more. Unset: none.
  std::optional<std::int64_t> prefix_scope = 0;
};

/// What think and generate have in common: a prompt, fed on top of a context. At most one of its three forms is given;
/// none only in generate.
struct conversation : request {
  payload context;                    ///< What to continue on; without a body the request starts from nothing.
  std::vector<chat_message> messages; ///< Rendered with the model's chat template.
  marked_text text;                   ///< Read as it is, behind the tokens that the model wants in front of a text.
  std::vector<std::int32_t> tokens;   ///< Read as they are.
};

/// Prefills the prompt and makes latent steps (reference: LatentMAS, arXiv 2511.20639). `steps` 0 only reads.
struct think : conversation {
  int steps = 0;
  bool explain = false; ///< Whether the result is to tell what each step would have said. It changes no answer.
};

/// Prefills the prompt and decodes an answer. Without one it goes on from the last position of a context of this
/// device, so that many answers to one prompt can share its reading.
struct generate : conversation {
  int max_new_tokens = 512;
  said_sampling sampling;        ///< What is not said is as the model has it.
  std::vector<std::string> stop; ///< The answer ends before the first of these.
  std::uint64_t seed = 0;        ///< Of the sampler.
  std::function<void(std::string_view)>
      on_text;                  ///< Gets whole UTF-8 text as it comes, on the device's thread; may be empty.
  bool wants_certainty = false; ///< Whether the result is to tell its certainty; costs a pass over all logits.
};

/// What of a context is handed on.
enum class keep : std::uint8_t {
  all,
  last_agent,   ///< The positions of its last hop.
  latent_only,  ///< The latent steps of its last hop.
  note,         ///< The tokens that its last hop wrote.
  hidden_state, ///< Nothing but its last hidden state: one position, a latent step made of it.
};

template <>
inline constexpr auto name_table<keep> = std::to_array<named_value<keep>>({
    {keep::all, "all"},
    {keep::last_agent, "last_agent"},
    {keep::latent_only, "latent_only"},
    {keep::note, "note"},
    {keep::hidden_state, "hidden_state"},
});

/// In which order contexts are put one after another.
enum class merge : std::uint8_t {
  concatenate, ///< As given.
  canonical,   ///< By what they are: any order of arrival gives the same, and one that came twice counts once.
};

template <>
inline constexpr auto name_table<merge> = std::to_array<named_value<merge>>({
    {merge::concatenate, "concatenate"},
    {merge::canonical, "canonical"},
});

/// Makes one context of several, or of a part of one. The positions that all of them begin with, known from their
/// recipes, are kept once and by reference. Keys of positions that move are rotated to where they come to lie: rotary
/// embedding is relative, so K' = R(Δ)·K. One whole context is answered with itself. Contexts that the device made may
/// have lost their memory; they are rebuilt. Hidden states are kept of one context at a time. Fails with bad_request
/// where nothing is kept or the kind of a position is not known (`latent_only` or `note` of a hop that came as bytes),
/// context_mismatch, context_too_long.
struct join : request {
  std::vector<payload> contexts; ///< At least one; all of this model.
  avp::merge merge = merge::concatenate;
  avp::keep keep = keep::all;  ///< Of each of them.
  std::int64_t hop_begins = 0; ///< For `keep` other than all: the position at which the last hop of each begins.
  bool rotate = true;          ///< False leaves keys as they are, as the reference does; for comparison only.
};

/// Makes a context by its recipe, at once: it takes memory and time only when something continues on it. Its bytes and
/// its last hidden state are there from then on. Fails with context_mismatch where the recipe is of other weights or
/// other arithmetic, with bad_request where it goes back to a context that came as bytes, and with context_too_long.
struct rebuild : request {
  std::shared_ptr<const recipe> history;
};

/// Makes a context of the end of it that came from another device of the same model and arithmetic (slice_of in
/// gpu/cache/context_slice.hpp), on top of the beginning that is here. The result has exactly the given recipe and
/// holds the same bits as the original; the base's blocks are shared. Fails with context_mismatch where weights,
/// arithmetic or element type differ, or where the slice is not the positions from the base's end to the recipe's end,
/// with bad_request where the recipe goes back to a context that came as bytes, and with context_too_long.
struct adopt : request {
  std::shared_ptr<const recipe> history; ///< Of the whole context.
  payload base;                          ///< A context of this device; without a body the slice is all of it.
  payload slice;
};

/// Scores the token behind the last position of a context of this device: what another model projects. Nothing is added
/// to the context, which is answered with itself. Fails with bad_request where the context came as bytes, which do not
/// tell its last hidden state.
struct score_next : request {
  payload context;
};

/// Makes a context of one position of what another model would say next: the expected input embedding under its scores,
/// over the tokens that both models have. Its recipe holds the vector, so it can be made again without the other model.
/// Fails with bad_request where the models have no token in common, or scores or temperature are no usable numbers.
struct project : request {
  std::shared_ptr<const vocabulary_scores> scores; ///< Of score_next, of any device of this process.
  double temperature = 1;                          ///< By which scores are divided; above 0.
  avp::pairing pairing = pairing::bytes;
};

} // namespace avp
