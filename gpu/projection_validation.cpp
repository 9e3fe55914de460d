// Sentences through a source, its projections through a target.
#include "gpu/projection_validation.hpp"

#include <cmath>
#include <map>
#include <span>

#include <ATen/ATen.h>

#include "gpu/cache/sequence.hpp"
#include "gpu/engine/loaded_model.hpp"
#include "gpu/model/model_error.hpp"
#include "gpu/text/shared_tokens.hpp"

namespace avp {

namespace {

// Those of the AVP SDK 0.6.2 (Apache-2.0), and where it draws the lines: so its figures can be compared with ours.
constexpr const char* sentences[] = {
    "The quick brown fox jumps over the lazy dog.",
    "Explain the difference between a stack and a queue in computer science.",
    "If x plus three equals seven, then x equals four.",
    "def hello_world(): print('Hello, world!')",
    "Bonjour, comment allez-vous aujourd'hui?",
};
constexpr double least_cosine = 0.5, most_perplexity = 100;

// All states of rows that run through an empty cache: [rows, hidden].
at::Tensor states_of(const decoder& network, at::Tensor inputs) {
  const auto rows = inputs.size(0);
  const auto pool = std::make_shared<block_pool>(network.cache_shape(), blocks_of(rows), network.device());
  sequence blocks(pool);
  blocks.extend(rows);
  row_batch batch;
  batch.x = std::move(inputs);
  batch.tables = block_tables({{0, rows, 0, blocks.blocks()}}, network.device());
  for (std::int64_t row = 0; row < rows; ++row)
    batch.wanted.push_back(row);
  return network.forward(std::move(batch), *pool).hidden;
}

class validation {
public:
  validation(const model_spec& source, const model_spec& target)
      : source_(load_model(source, at::kCPU)),
        target_(load_model(target, at::kCPU)),
        shared_(shared_between(source_->tokenizer, target_->tokenizer)),
        onto_(target_->network.projector_onto()),
        target_ids_(shared_.ids.begin(), shared_.ids.end()) {
    if (shared_.ids.empty())
      throw model_error("the models '" + source.source + "' and '" + target.source +
                        "' have no token in common, so nothing can be projected");
  }

  projection_validation run() {
    projection_validation all;
    for (const auto* sentence : sentences) {
      all.sentences.push_back(validate(sentence, all.method));
      const auto& one = all.sentences.back();
      all.cosine += one.cosine / std::size(sentences);
      all.dropped_mass += one.dropped_mass / std::size(sentences);
      if (one.perplexity)
        all.perplexity = all.perplexity.value_or(0) + *one.perplexity / std::size(sentences);
    }
    all.is_good = all.cosine >= least_cosine && all.perplexity.value_or(0) <= most_perplexity;
    return all;
  }

private:
  validated_sentence validate(const std::string& text, projection_method& method) {
    validated_sentence made;
    made.text = text;
    const auto tokens = source_->tokenizer.encode_whole(marked_text::trusted(text));
    const auto projected = project(tokens);
    method = projected.front().facts.method;
    for (std::size_t i = 0; i < projected.size(); ++i) {
      made.dropped_mass += projected[i].facts.dropped_mass / static_cast<double>(projected.size());
      const auto next = i + 1 < tokens.size() ? target_ids_.find(tokens[i + 1]) : target_ids_.end();
      if (next == target_ids_.end())
        continue;
      const auto expected = target_->network.embed(std::span(&next->second, 1))[0];
      const auto vector = at::tensor(projected[i].embedding);
      made.cosine += (at::dot(vector, expected) / (vector.norm() * expected.norm())).item<double>();
      ++made.compared;
    }
    made.cosine /= std::max<double>(static_cast<double>(made.compared), 1);
    if (shared_.are_all)
      made.perplexity = perplexity(projected.back().embedding, tokens);
    return made;
  }

  std::vector<projected_input> project(std::span<const std::int32_t> tokens) {
    const auto states = states_of(source_->network, source_->network.embed(tokens));
    const auto scores = source_->network.logits(states).contiguous(); // [tokens, vocab]
    std::vector<source_scores> all;
    const auto width = static_cast<std::size_t>(scores.size(1));
    for (std::int64_t row = 0; row < scores.size(0); ++row)
      all.push_back({{scores.const_data_ptr<float>() + row * scores.size(1), width},
                     &shared_,
                     pairing::bytes,
                     1,
                     states[row].norm().item<double>()});
    return onto_.project(all);
  }

  // Of all tokens, behind one vector.
  double perplexity(const std::vector<float>& vector, std::span<const std::int32_t> tokens) {
    const auto& network = target_->network;
    const auto inputs = at::cat({at::tensor(vector).unsqueeze(0), network.embed(tokens)});
    const auto states = states_of(network, inputs).narrow(0, 0, static_cast<std::int64_t>(tokens.size()));
    const auto chances = at::log_softmax(network.logits(states), 1);
    double sum = 0;
    for (std::size_t i = 0; i < tokens.size(); ++i)
      sum -= chances[static_cast<std::int64_t>(i)][tokens[i]].item<double>();
    return std::exp(sum / static_cast<double>(tokens.size()));
  }

  std::unique_ptr<loaded_model> source_, target_;
  shared_tokens shared_;
  projector onto_;
  std::map<std::int32_t, std::int32_t> target_ids_; // by those of the source
};

} // namespace

projection_validation validate_projection(const model_spec& source, const model_spec& target) {
  const c10::InferenceMode no_gradients;
  return validation(source, target).run();
}

} // namespace avp
