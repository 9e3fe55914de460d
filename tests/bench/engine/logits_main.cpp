// engine_logits: scores of the next token after every token of a text, and after latent steps, for kl.py and
// tests/peers/families.py. It asks the decoder itself, since the device gives only the tokens that it chose.
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <optional>
#include <sstream>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "gpu/cache/sequence.hpp"
#include "gpu/engine/loaded_model.hpp"

namespace {

constexpr std::int64_t most_positions = 4096, chunk = 256;

class scorer {
public:
  explicit scorer(const avp::model_spec& spec)
      : model_(avp::load_model(spec, at::kCPU)),
        pool_(std::make_shared<avp::block_pool>(model_->network.cache_shape(), most_positions / avp::block_positions,
                                                at::kCPU)) {}

  // One row at a time, as tokens of an answer are run, or in chunks, as prompts are.
  void score(std::span<const std::int32_t> ids, bool as_answer) {
    avp::sequence sequence(pool_);
    const std::int64_t most_rows = as_answer ? 1 : chunk;
    while (!ids.empty()) {
      const auto rows = std::min<std::int64_t>(most_rows, static_cast<std::int64_t>(ids.size()));
      write(forward(sequence, model_->network.embed(ids.first(static_cast<std::size_t>(rows)))));
      ids = ids.subspan(static_cast<std::size_t>(rows));
    }
  }

  // After the last token and after each latent step.
  void think(std::span<const std::int32_t> ids, std::int64_t steps) {
    avp::sequence sequence(pool_);
    auto hidden = forward(sequence, model_->network.embed(ids)).slice(0, -1);
    for (write(hidden); steps > 0; --steps) {
      hidden = forward(sequence, model_->network.latent_input(hidden));
      write(hidden);
    }
  }

private:
  // Hidden states [rows, hidden] of the inputs x.
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
    const auto values = model_->network.logits(hidden).to(at::kCPU, at::kFloat).contiguous();
    std::fwrite(values.const_data_ptr<float>(), sizeof(float), static_cast<std::size_t>(values.numel()), stdout);
  }

  std::unique_ptr<avp::loaded_model> model_;
  std::shared_ptr<avp::block_pool> pool_;
};

// "answer ID …", "prompt ID …" or "think STEPS ID …" → rows of float32, as wide as the vocabulary.
void obey(scorer& model, const std::string& line) {
  std::istringstream in(line);
  std::string kind;
  in >> kind;
  std::int64_t steps = 0;
  if (kind == "think")
    in >> steps;
  std::vector<std::int32_t> ids;
  for (std::int32_t id = 0; in >> id;)
    ids.push_back(id);
  if (static_cast<std::int64_t>(ids.size()) + steps > most_positions)
    throw std::runtime_error("expected at most " + std::to_string(most_positions) + " ids and steps");
  if (kind == "answer" || kind == "prompt")
    model.score(ids, kind == "answer");
  else if (kind == "think")
    model.think(ids, steps);
  else
    throw std::runtime_error("expected answer, prompt or think, got '" + kind + "'");
  std::fflush(stdout);
}

// The weight format, which layercast is none of its own.
std::optional<avp::weight_format> format_of(const std::string& form) {
  return avp::value_named<avp::weight_format>(form == "layercast" ? "bfloat16" : form);
}

int serve(const char* source, const std::string& form, int threads) {
  const c10::InferenceMode no_gradients;
  at::set_num_threads(threads);
  avp::model_spec spec;
  spec.name = "main";
  spec.source = source;
  spec.format = format_of(form);
  spec.layercast = form == "layercast";
  spec.chat_template = "none"; // nothing is said here
  scorer model(spec);
  for (std::string line; std::getline(std::cin, line);)
    obey(model, line);
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 4 || !format_of(argv[2])) {
    std::cerr
        << "usage: engine_logits MODEL float32|bfloat16|layercast|native|int8|int4 THREADS   (started by kl.py)\n";
    return 2;
  }
  try {
    return serve(argv[1], argv[2], std::stoi(argv[3]));
  } catch (const std::exception& error) {
    std::cerr << "engine_logits: " << error.what() << '\n';
    return 1;
  }
}
