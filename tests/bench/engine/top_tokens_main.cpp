// engine_top_tokens: would the expected embedding of a latent step be the same if only the likeliest tokens went into
// it? Thinks about problems of GSM8K with all tokens and with the top k, and compares embeddings and answers.
#include <cstdio>
#include <fstream>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "gpu/cache/sequence.hpp"
#include "gpu/engine/loaded_model.hpp"

namespace {

struct arguments {
  std::string model = "qwen2.5-coder-0.5b-instruct", problems;
  int count = 20, steps = 10, answer = 32, threads = 2;
  std::vector<std::int64_t> tops = {10, 100, 1000, 10000};
};

// One sequence on blocks of its own.
class thought {
public:
  explicit thought(const avp::loaded_model& model)
      : model_(model),
        pool_(std::make_shared<avp::block_pool>(model.network.cache_shape(), 64, at::kCPU)),
        sequence_(pool_) {}

  // Runs rows and keeps the hidden state of the last one, [1, hidden].
  void run(const at::Tensor& x) {
    const auto rows = x.size(0);
    sequence_.extend(rows);
    avp::block_tables tables({{0, rows, sequence_.length(), sequence_.blocks()}}, at::kCPU);
    hidden_ = model_.network.forward({x, std::move(tables), {rows - 1}}, *pool_).hidden;
    sequence_.advance(rows);
  }

  void read(const std::string& text) {
    const std::vector<avp::chat_message> messages = {{"user", text}};
    const auto ids = model_.tokenizer.encode(model_.chat_template.render(messages));
    run(model_.network.embed(ids));
  }

  std::vector<std::int32_t> answer(int tokens) {
    std::vector<std::int32_t> ids;
    while (static_cast<int>(ids.size()) < tokens) {
      ids.push_back(model_.network.logits(hidden_).argmax(1).to(at::kInt).item<int>());
      if (model_.tokenizer.is_end_of_turn(ids.back()))
        break;
      run(model_.network.embed(std::span(ids).last(1)));
    }
    return ids;
  }

  [[nodiscard]] const at::Tensor& hidden() const { return hidden_; }

private:
  const avp::loaded_model& model_;
  std::shared_ptr<avp::block_pool> pool_;
  avp::sequence sequence_;
  at::Tensor hidden_;
};

struct embedding {
  at::Tensor input; // [1, hidden]
  double mass = 1;  // probability of the tokens in it
};

// softmax(h·Eᵀ)·E over the `top` likeliest tokens, their probabilities made to sum up to 1; over all for 0.
embedding expected_embedding(const at::Tensor& hidden, const at::Tensor& table, std::int64_t top) {
  const auto p = at::softmax(at::mm(hidden, table.t()), 1);
  if (top == 0)
    return {at::mm(p, table), 1};
  const auto [values, ids] = p.topk(top, 1);
  const auto mass = values.sum().item<double>();
  return {at::mm(values / mass, table.index_select(0, ids[0])), mass};
}

struct figures {
  double mass = 0, worst_mass = 1, error = 0, worst_error = 0;
  int embeddings = 0, same_answers = 0;
  std::int64_t same_tokens = 0, tokens = 0;
};

void compare(const arguments& given, const avp::loaded_model& model, const at::Tensor& table,
             const std::string& problem, std::vector<figures>& found) {
  std::vector<std::int32_t> expected;
  for (std::size_t i = 0; i <= given.tops.size(); ++i) { // all tokens first
    const auto top = i == 0 ? 0 : given.tops[i - 1];
    thought thinking(model);
    thinking.read("Think about how to solve this problem: " + problem);
    for (int step = 0; step < given.steps; ++step) {
      const auto all = expected_embedding(thinking.hidden(), table, 0);
      const auto some = expected_embedding(thinking.hidden(), table, top);
      if (i > 0) {
        const auto error = ((some.input - all.input).norm() / all.input.norm()).item<double>();
        auto& sum = found[i - 1];
        ++sum.embeddings;
        sum.mass += some.mass;
        sum.worst_mass = std::min(sum.worst_mass, some.mass);
        sum.error += error;
        sum.worst_error = std::max(sum.worst_error, error);
      }
      thinking.run(some.input);
    }
    thinking.read("Solve it: " + problem);
    const auto ids = thinking.answer(given.answer);
    if (i == 0) {
      expected = ids;
      continue;
    }
    auto& sum = found[i - 1];
    const auto same = std::mismatch(ids.begin(), ids.end(), expected.begin(), expected.end()).first - ids.begin();
    sum.same_answers += ids == expected;
    sum.same_tokens += same;
    sum.tokens += static_cast<std::int64_t>(expected.size());
  }
}

int report(const arguments& given) {
  const c10::InferenceMode no_gradients;
  at::set_num_threads(given.threads);
  avp::model_spec spec;
  spec.name = "main";
  spec.source = given.model;
  const auto model = avp::load_model(spec, at::kCPU);
  std::vector<std::int32_t> ids(model->network.config().vocab_size);
  for (std::size_t i = 0; i < ids.size(); ++i)
    ids[i] = static_cast<std::int32_t>(i);
  const auto table = model->network.embed(ids);
  std::vector<figures> found(given.tops.size());
  std::ifstream lines(given.problems);
  std::string line;
  int count = 0;
  for (; count < given.count && std::getline(lines, line); ++count)
    compare(given, *model, table, nlohmann::json::parse(line).at("question"), found);
  std::printf("%s, %s, %d problems, %d latent steps each, then %d tokens at most\n", given.model.c_str(),
              model->identity->numerics.c_str(), count, given.steps, given.answer);
  std::printf("%8s  %-26s  %-34s  %s\n", "tokens", "probability, mean (least)", "error of embedding, mean (largest)",
              "same answer; tokens up to the first other one");
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto& sum = found[i];
    std::printf("%8lld  %.4f (%.4f)             %.2e (%.2e)                %d of %d; %lld of %lld\n",
                static_cast<long long>(given.tops[i]), sum.mass / sum.embeddings, sum.worst_mass,
                sum.error / sum.embeddings, sum.worst_error, sum.same_answers, count,
                static_cast<long long>(sum.same_tokens), static_cast<long long>(sum.tokens));
  }
  return count > 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  arguments given;
  CLI::App app("Latent steps with the likeliest tokens only, beside all of them.");
  app.add_option("problems", given.problems, "JSON Lines with a field `question`")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--model", given.model, "A model whose embeddings are tied")->capture_default_str();
  app.add_option("--count", given.count, "Problems")->capture_default_str();
  app.add_option("--steps", given.steps, "Latent steps")->capture_default_str();
  app.add_option("--tokens", given.answer, "Tokens of each answer at most")->capture_default_str();
  app.add_option("--top", given.tops, "How many tokens go into the embedding")->delimiter(',')->capture_default_str();
  app.add_option("--threads", given.threads, "Threads")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    return report(given);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "engine_top_tokens: %s\n", error.what());
    return 1;
  }
}
