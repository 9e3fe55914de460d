// engine_logits: scores of the next token after every token of a text, for kl.py. It asks the decoder itself, since the
// device gives only the tokens that it chose.
#include <algorithm>
#include <cstdio>
#include <iostream>
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
      write(forward(sequence, ids.first(static_cast<std::size_t>(rows))));
      ids = ids.subspan(static_cast<std::size_t>(rows));
    }
  }

private:
  at::Tensor forward(avp::sequence& sequence, std::span<const std::int32_t> ids) {
    const auto rows = static_cast<std::int64_t>(ids.size());
    sequence.extend(rows);
    avp::row_batch batch;
    batch.x = model_->network.embed(ids);
    batch.tables = avp::block_tables({{0, rows, sequence.length(), sequence.blocks()}}, model_->network.device());
    for (std::int64_t row = 0; row < rows; ++row)
      batch.wanted.push_back(row);
    const auto hidden = model_->network.forward(std::move(batch), *pool_).hidden;
    sequence.advance(rows);
    return model_->network.logits(hidden);
  }

  static void write(const at::Tensor& logits) {
    const auto values = logits.to(at::kCPU, at::kFloat).contiguous();
    std::fwrite(values.const_data_ptr<float>(), sizeof(float), static_cast<std::size_t>(values.numel()), stdout);
  }

  std::unique_ptr<avp::loaded_model> model_;
  std::shared_ptr<avp::block_pool> pool_;
};

// "answer ID ID …" or "prompt ID ID …" → that many rows of float32, as wide as the vocabulary.
void obey(scorer& model, const std::string& line) {
  std::istringstream in(line);
  std::string kind;
  in >> kind;
  std::vector<std::int32_t> ids;
  for (std::int32_t id = 0; in >> id;)
    ids.push_back(id);
  if ((kind != "answer" && kind != "prompt") || ids.size() > static_cast<std::size_t>(most_positions))
    throw std::runtime_error("expected 'answer' or 'prompt' and at most " + std::to_string(most_positions) + " ids");
  model.score(ids, kind == "answer");
  std::fflush(stdout);
}

int serve(const char* source, const std::string& format, int threads) {
  const c10::InferenceMode no_gradients;
  at::set_num_threads(threads);
  avp::model_spec spec;
  spec.name = "main";
  spec.source = source;
  spec.format = avp::value_named<avp::weight_format>(format);
  scorer model(spec);
  for (std::string line; std::getline(std::cin, line);)
    obey(model, line);
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 4 || !avp::value_named<avp::weight_format>(argv[2])) {
    std::cerr << "usage: engine_logits MODEL float32|bfloat16|native|int8|int4 THREADS   (started by kl.py)\n";
    return 2;
  }
  try {
    return serve(argv[1], argv[2], std::stoi(argv[3]));
  } catch (const std::exception& error) {
    std::cerr << "engine_logits: " << error.what() << '\n';
    return 1;
  }
}
