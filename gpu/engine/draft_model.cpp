// Passes of a model that guesses.
#include "gpu/engine/draft_model.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string>
#include <utility>

#include "gpu/model/model_error.hpp"

namespace avp {

std::int64_t draft_model::held() const {
  std::int64_t blocks = 0;
  for (const auto* one : readers_)
    blocks += static_cast<std::int64_t>(one->blocks().blocks().size());
  return blocks;
}

void draft_model::give_back() {
  for (auto* one : readers_)
    one->give_back();
}

at::Tensor draft_model::run(sequence& blocks, std::span<const std::int32_t> tokens) {
  const auto begin = std::chrono::steady_clock::now();
  const auto rows = static_cast<std::int64_t>(tokens.size());
  const auto output = std::move(runner_.forward(std::vector<input_rows>{{&blocks, rows, tokens, {}, 1}}).front());
  blocks.advance(rows);
  const auto scores = output.broken ? at::Tensor() : runner_.logits(std::vector<at::Tensor>{output.hidden})[0];
  times_.learn(rows, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  return scores;
}

// Tokens that no text is made of do not count: tables are filled up with them, each in its own way.
void check_draft(const loaded_model& draft, const loaded_model& target) {
  const auto theirs = draft.tokenizer.vocabulary_pairs(), ours = target.tokenizer.vocabulary_pairs();
  std::vector<std::pair<std::string, std::int32_t>> different;
  std::ranges::set_symmetric_difference(theirs, ours, std::back_inserter(different));
  if (different.empty())
    return;
  std::set<std::int32_t> ids;
  for (const auto& [text, id] : different)
    ids.insert(id);
  throw model_error("model '" + draft.name + "' can't guess for model '" + target.name +
                    "': " + std::to_string(ids.size()) + " tokens are not the same in both (of " +
                    std::to_string(theirs.size()) + " and " + std::to_string(ours.size()) +
                    "); use a smaller model of the same family, or draft = \"prompt\"");
}

} // namespace avp
