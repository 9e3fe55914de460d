// Batches for the decoder, and what came of them.
#include "gpu/engine/model_runner.hpp"

#include <algorithm>

#include <ATen/ATen.h>

#include "gpu/kernels/finite.hpp"

namespace avp {

namespace {

at::ArrayRef<at::Tensor> array_of(std::span<const at::Tensor> states) { return {states.data(), states.size()}; }

} // namespace

row_batch model_runner::batch_of(std::span<const input_rows> inputs) const {
  row_batch batch;
  std::vector<row_group> groups;
  std::vector<std::int32_t> tokens;
  std::vector<std::int64_t> vector_rows;
  std::vector<at::Tensor> vectors;
  for (const auto& part : inputs) {
    const auto first_row = static_cast<std::int64_t>(tokens.size());
    groups.push_back({first_row, part.count, part.blocks->length(), part.blocks->blocks()});
    if (part.vectors.defined()) {
      for (std::int64_t row = 0; row < part.count; ++row)
        vector_rows.push_back(first_row + row);
      vectors.push_back(part.vectors);
      tokens.insert(tokens.end(), part.count, 0); // their places; the rows are written over
    } else {
      tokens.insert(tokens.end(), part.tokens.begin(), part.tokens.end());
    }
    for (auto row = part.count - part.states; row < part.count; ++row)
      batch.wanted.push_back(first_row + row);
  }
  batch.tables = block_tables(std::move(groups), model_->network.device());
  batch.x = model_->network.embed(tokens);
  if (!vector_rows.empty())
    batch.x.index_copy_(0, at::tensor(vector_rows, at::kLong).to(batch.x.device()), at::cat(vectors));
  return batch;
}

std::vector<output_rows> model_runner::forward(std::span<const input_rows> inputs) const {
  const auto came = model_->network.forward(batch_of(inputs), *pool_);
  std::vector<output_rows> outputs;
  std::int64_t row = 0, state = 0;
  for (const auto& part : inputs) {
    output_rows output;
    if (part.states > 0)
      output.hidden = came.hidden.narrow(0, state, part.states);
    state += part.states;
    output.broken = broken_row(part.blocks->length(), std::span(came.broken_in).subspan(row, part.count));
    outputs.push_back(std::move(output));
    row += part.count;
  }
  return outputs;
}

// Layers count before positions: rows that run beside a broken one of the same sequence may take it over in the layer
// behind.
std::optional<std::string> model_runner::broken_row(std::int64_t first_position,
                                                    std::span<const std::int64_t> broken_in) const {
  const auto broken = std::ranges::min_element(broken_in, [](std::int64_t a, std::int64_t b) {
    return a >= 0 && (b < 0 || a < b); // -1 comes last
  });
  if (*broken < 0)
    return std::nullopt;
  const auto layers = model_->network.config().num_layers;
  return "position " + std::to_string(first_position + (broken - broken_in.begin())) + " has infinities or NaN " +
         (*broken < layers
              ? "from layer " + std::to_string(*broken) + " on (of 0 to " + std::to_string(layers - 1) + ")"
              : "behind the attention of the last layer (" + std::to_string(layers - 1) + ")");
}

at::Tensor model_runner::logits(std::span<const at::Tensor> states) const {
  return model_->network.logits(at::cat(array_of(states))).to(at::kCPU).contiguous();
}

latent_rows model_runner::latent_inputs(std::span<const at::Tensor> states, bool wants_scores) const {
  latent_rows made;
  const auto hidden = at::cat(array_of(states));
  const auto inputs = model_->network.latent_input(hidden, &made.scores);
  if (wants_scores && !made.scores.defined())
    made.scores = model_->network.logits(hidden);
  if (!wants_scores && !hidden.is_cpu())
    made.scores = at::Tensor();
  if (made.scores.defined())
    made.scores = made.scores.to(at::kCPU).contiguous();
  finite_watch watch(inputs.size(0), 1, inputs.device());
  watch.see(inputs);
  const auto broken = watch.first_broken();
  for (std::size_t i = 0; i < states.size(); ++i)
    made.inputs.push_back(broken[i] < 0 ? inputs.select(0, static_cast<std::int64_t>(i)) : at::Tensor());
  return made;
}

} // namespace avp
