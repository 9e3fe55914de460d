// The engine against the numbers of the AVP SDK on transformers: float32, greedy (tests/data/README.md says how they were made).
#include <cmath>
#include <fstream>
#include <map>

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <avp/gpu/engine/execution.hpp>

#include "test_models.hpp"

namespace {

using nlohmann::json;

struct fixture_case {
  std::string model;  // catalogue name
  std::string source; // what the pipeline file would say: a name, or a path
  int index;
  json data;
};

std::ostream& operator<<(std::ostream& out, const fixture_case& c) { return out << c.model << " case " << c.index; }

std::vector<fixture_case> cases(const std::string& file, const std::string& model) {
  std::ifstream in(std::string(AVP_TEST_DATA) + "/" + file);
  auto all = json::parse(in);
  std::vector<fixture_case> result;
  for (int i = 0; auto& data : all["cases"])
    result.push_back({model, model, i++, data});
  return result;
}

// One model stays loaded at a time: the larger one needs 2.5 GB in float32.
avp::loaded_model& model(const std::string& name) {
  static std::string loaded_name;
  static std::unique_ptr<avp::loaded_model> loaded;
  if (loaded_name != name) {
    loaded.reset();
    loaded = avp::load_model({"main", test_model(name).string(), avp::data_type::float32, "", ""}, at::kCPU);
    loaded_name = name;
  }
  return *loaded;
}

std::vector<avp::chat_message> messages(const json& agent) {
  std::vector<avp::chat_message> list;
  for (const auto& message : agent)
    list.push_back({message["role"], message["content"]});
  return list;
}

template <class Work>
avp::result run(avp::loaded_model& model, Work work) {
  avp::execution execution(model, std::move(work));
  while (!execution.step()) {
  }
  return execution.take_result();
}

avp::result run_think(avp::loaded_model& model, const json& agent, const avp::payload& context, int steps) {
  avp::think work;
  work.model = "main";
  work.messages = messages(agent);
  work.context = context;
  work.steps = steps;
  return run(model, work);
}

std::vector<float> decode_base64_floats(const std::string& text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned held = 0;
  int bits = 0;
  for (char c : text.substr(0, text.find('='))) {
    held = held << 6U | static_cast<unsigned>(digits.find(c));
    if ((bits += 6) >= 8)
      bytes += static_cast<char>(held >> (bits -= 8) & 255U);
  }
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double dot = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    dot += double(a[i]) * b[i];
    aa += double(a[i]) * a[i];
    bb += double(b[i]) * b[i];
  }
  return dot / std::sqrt(aa * bb);
}

double relative_error(const at::Tensor& ours, const json& theirs) {
  auto expected = at::tensor(theirs.get<std::vector<float>>(), at::kFloat);
  return ((ours - expected).norm() / expected.norm()).item<double>();
}

void compare_context(const avp::result& ours, const json& theirs, std::size_t agent) {
  const auto& context = dynamic_cast<const avp::kv_context&>(*ours.context.body);
  EXPECT_EQ(context.history()->prompt, theirs["prompt_ids"].get<std::vector<std::int32_t>>());
  ASSERT_EQ(context.tokens(), theirs["kv_len"].get<std::int64_t>());
  auto hidden = decode_base64_floats(theirs["hidden_b64"]);
  ASSERT_EQ(context.last_hidden_state().size(), hidden.size());
  EXPECT_GE(cosine(context.last_hidden_state(), hidden), agent < 2 ? 0.9999 : 0.999);
  for (std::int64_t layer = 0; layer < context.cache().layers(); ++layer) {
    const auto keys = context.cache().keys(layer, context.tokens()).norm().item<double>();
    const auto values = context.cache().values(layer, context.tokens()).norm().item<double>();
    EXPECT_NEAR(keys, theirs["key_norm"][layer].get<double>(), 0.01 * keys);
    EXPECT_NEAR(values, theirs["value_norm"][layer].get<double>(), 0.01 * values);
  }
  for (const auto& sample : theirs["samples"]) {
    const std::int64_t layer = sample["layer"], head = sample["head"], position = sample["position"];
    const double allowed = agent == 0 ? 1e-3 : 2e-2;
    EXPECT_LE(relative_error(context.cache().keys(layer, context.tokens())[head][position], sample["key"]), allowed);
    EXPECT_LE(relative_error(context.cache().values(layer, context.tokens())[head][position], sample["value"]), allowed);
  }
}

void compare_first_logits(avp::loaded_model& model, const avp::result& read, const json& theirs, double allowed) {
  const c10::InferenceMode no_gradients;
  auto hidden = at::tensor(dynamic_cast<const avp::context&>(*read.context.body).last_hidden_state(), at::kFloat);
  auto logits = model.network.logits(hidden.unsqueeze(0))[0];
  for (std::size_t i = 0; i < theirs["ids"].size(); ++i)
    EXPECT_NEAR(logits[theirs["ids"][i].get<std::int64_t>()].item<double>(), theirs["logits"][i].get<double>(), allowed);
  EXPECT_NEAR(logits.logsumexp(0).item<double>(), theirs["logsumexp"].get<double>(), allowed);
}

class engine_fixture : public testing::TestWithParam<fixture_case> {};

TEST_P(engine_fixture, gives_the_same_numbers_and_tokens) {
  const auto& expected = GetParam().data;
  auto& loaded = model(GetParam().source);
  avp::payload context;
  for (std::size_t agent = 0; agent < expected["think"].size(); ++agent) {
    auto thought = run_think(loaded, expected["agents"][agent], context, expected["steps"]);
    EXPECT_EQ(thought.counts.latent_steps, expected["steps"].get<int>());
    compare_context(thought, expected["think"][agent], agent);
    context = thought.context;
  }
  const auto& last = expected["agents"].back();
  const bool chain = expected["think"].size() > 1;
  compare_first_logits(loaded, run_think(loaded, last, context, 0), expected["first_logits"], chain ? 0.1 : 0.02);

  avp::generate work;
  work.model = "main";
  work.messages = messages(last);
  work.context = context;
  work.max_new_tokens = 64;
  work.sampling.temperature = 0;
  auto answer = run(loaded, work);
  const auto& history = *dynamic_cast<const avp::context&>(*answer.context.body).history();
  EXPECT_EQ(history.prompt, expected["final_prompt_ids"].get<std::vector<std::int32_t>>());
  auto tokens = history.generated;
  auto expected_tokens = expected["tokens"].get<std::vector<std::int32_t>>();
  if (loaded.tokenizer.is_end_of_turn(expected_tokens.back()))
    expected_tokens.pop_back();
  const auto robust = std::min(expected["robust_tokens"].get<std::size_t>(), expected_tokens.size());
  ASSERT_GE(tokens.size(), robust);
  expected_tokens.resize(robust);
  tokens.resize(robust);
  EXPECT_EQ(tokens, expected_tokens);
  if (robust == expected["tokens"].size()) {
    EXPECT_EQ(answer.text, expected["text"].get<std::string>());
    EXPECT_EQ(answer.context_tokens, expected["kv_len"].get<std::int64_t>());
  }
}

INSTANTIATE_TEST_SUITE_P(smollm2, engine_fixture,
                         testing::ValuesIn(cases("engine_smollm2.json", "smollm2-135m-instruct")));
INSTANTIATE_TEST_SUITE_P(qwen, engine_fixture,
                         testing::ValuesIn(cases("engine_qwen2.5-coder-0.5b.json", "qwen2.5-coder-0.5b-instruct")));

// The context carries: without it, the second agent can't repeat the note that only the first one read.
TEST_P(engine_fixture, recall_fails_when_the_context_is_dropped) {
  const auto& expected = GetParam().data;
  if (expected["kind"] != "recall")
    return;
  auto& loaded = model(GetParam().source);
  avp::generate work;
  work.model = "main";
  work.messages = messages(expected["agents"].back());
  work.max_new_tokens = 64;
  work.sampling.temperature = 0;
  EXPECT_NE(run(loaded, work).text, expected["text"].get<std::string>());
}

} // namespace
