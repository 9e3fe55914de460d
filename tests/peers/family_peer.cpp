// family_peer: scores of the next token by the decoder alone, for families.py, which compares them with transformers.
#include <cstdio>
#include <iostream>
#include <sstream>
#include <stdexcept>

#include <ATen/ATen.h>

#include "gpu/cache/sequence.hpp"
#include "gpu/engine/loaded_model.hpp"

namespace {

constexpr std::int64_t most_positions = 1024;

class talker {
public:
  explicit talker(const avp::model_spec& spec)
      : model_(avp::load_model(spec, at::kCPU)),
        pool_(std::make_shared<avp::block_pool>(model_->network.cache_shape(), most_positions / avp::block_positions,
                                                at::kCPU)) {}

  // All rows at once, as prompts are run.
  void prompt(std::span<const std::int32_t> ids) {
    avp::sequence sequence(pool_);
    write(forward(sequence, model_->network.embed(ids)));
  }

  // One row at a time, as tokens of an answer are run.
  void answer(std::span<const std::int32_t> ids) {
    avp::sequence sequence(pool_);
    for (std::size_t i = 0; i < ids.size(); ++i)
      write(forward(sequence, model_->network.embed(ids.subspan(i, 1))));
  }

  // Scores after the prompt and after each latent step.
  void think(std::span<const std::int32_t> ids, std::int64_t steps) {
    avp::sequence sequence(pool_);
    auto hidden = forward(sequence, model_->network.embed(ids)).slice(0, -1);
    for (write(hidden); steps > 0; --steps) {
      hidden = forward(sequence, model_->network.latent_input(hidden));
      write(hidden);
    }
  }

private:
  at::Tensor forward(avp::sequence& sequence, at::Tensor x) {
    const auto rows = x.size(0);
    sequence.extend(rows);
    avp::row_batch batch;
    batch.x = std::move(x);
    batch.tables = avp::block_tables({{0, rows, sequence.length(), sequence.blocks()}}, model_->network.device());
    for (std::int64_t row = 0; row < rows; ++row)
      batch.wanted.push_back(row);
    auto hidden = model_->network.forward(std::move(batch), *pool_).hidden;
    sequence.advance(rows);
    return hidden;
  }

  void write(const at::Tensor& hidden) const {
    const auto scores = model_->network.logits(hidden).contiguous();
    std::fwrite(scores.const_data_ptr<float>(), sizeof(float), static_cast<std::size_t>(scores.numel()), stdout);
  }

  std::unique_ptr<avp::loaded_model> model_;
  std::shared_ptr<avp::block_pool> pool_;
};

// "prompt ID …", "answer ID …" or "think STEPS ID …" → rows of float32, as wide as the vocabulary.
void obey(talker& model, const std::string& line) {
  std::istringstream in(line);
  std::string kind;
  in >> kind;
  std::int64_t steps = 0;
  if (kind == "think")
    in >> steps;
  std::vector<std::int32_t> ids;
  for (std::int32_t id = 0; in >> id;)
    ids.push_back(id);
  if (kind == "prompt")
    model.prompt(ids);
  else if (kind == "answer")
    model.answer(ids);
  else if (kind == "think")
    model.think(ids, steps);
  else
    throw std::runtime_error("expected prompt, answer or think, got '" + kind + "'");
  std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv) {
  const std::string form = argc == 3 ? argv[2] : "";
  const auto format = avp::value_named<avp::weight_format>(form == "layercast" ? "bfloat16" : form);
  if (!format) {
    std::cerr << "usage: family_peer MODEL float32|bfloat16|layercast|native|int8|int4   (started by families.py)\n";
    return 2;
  }
  try {
    const c10::InferenceMode no_gradients;
    avp::model_spec spec;
    spec.name = "main";
    spec.source = argv[1];
    spec.format = format;
    spec.layercast = form == "layercast";
    spec.chat_template = "chatml";
    talker model(spec);
    for (std::string line; std::getline(std::cin, line);)
      obey(model, line);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "family_peer: " << error.what() << '\n';
    return 1;
  }
}
