// Hand-over between models against the AVP SDK's projection functions on transformers: float32, greedy
// (tests/data/README.md says how the numbers were made).
#include <fstream>
#include <set>

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gpu/float_text.hpp"
#include "tests/gpu/engine/fixture_run.hpp"
#include "tests/gpu/model/test_models.hpp"
#include "tests/test_data.hpp"

namespace avp::test {
namespace {

using nlohmann::json;

struct projection_case {
  int index = 0;
  json data;
};

std::ostream& operator<<(std::ostream& out, const projection_case& fixture) {
  return out << "case " << fixture.index << ", " << fixture.data["source"] << " to " << fixture.data["target"];
}

std::vector<projection_case> all_cases() {
  std::ifstream in(test_data("rosetta.json"));
  auto all = json::parse(in);
  std::vector<projection_case> result;
  for (int i = 0; auto& data : all["cases"])
    result.push_back({i++, data});
  return result;
}

std::vector<float> floats_of(const json& text) {
  const auto base64 = text.get<std::string>();
  const auto bytes = base64.size() / 4 * 3 - static_cast<std::size_t>(std::ranges::count(base64, '='));
  return floats_of_base64(base64, bytes / sizeof(float)).value();
}

// Both models of a pair stay loaded until another pair is wanted.
engine& engine_of(const json& fixture) {
  static std::set<std::string> loaded;
  static std::unique_ptr<engine> on;
  const std::set<std::string> wanted{fixture["source"].get<std::string>(), fixture["target"].get<std::string>()};
  if (loaded != wanted) {
    on.reset();
    device_config config;
    for (const auto& name : wanted) {
      auto& spec = config.models.emplace_back();
      spec.name = name;
      spec.source = test_model(name).string();
      spec.format = weight_format::float32;
    }
    config.kv_memory = std::int64_t{1} << 30;
    on = std::make_unique<engine>(config);
    loaded = wanted;
  }
  return *on;
}

class projection_fixture : public testing::TestWithParam<projection_case> {
protected:
  const json& expected_ = GetParam().data;
  std::string source_ = expected_["source"], target_ = expected_["target"];

  // With strangers beside it in every second case, of both models.
  template <class Work>
  result run(engine& on, Work work) {
    std::optional<result> answer;
    std::vector<request_id> strangers;
    const auto send_stranger = [&](const std::string& model) {
      generate stranger;
      stranger.id = next_request_id();
      stranger.model = model;
      stranger.messages = {{"user", "Tell me stories."}};
      strangers.push_back(stranger.id);
      on.submit(stranger, [](const engine::outcome&) {});
    };
    if (GetParam().index % 2 == 0)
      send_stranger(source_);
    on.submit(std::move(work), [&](engine::outcome came) { answer = std::get<result>(std::move(came)); });
    if (GetParam().index % 2 == 0)
      send_stranger(target_);
    while (!answer)
      on.step();
    for (const auto id : strangers)
      on.cancel(id);
    return std::move(*answer);
  }

  void expect_metrics(const projection_facts& facts) {
    const auto& metrics = expected_["metrics"];
    EXPECT_EQ(name_of(facts.method), expected_["method"].get<std::string>());
    EXPECT_NEAR(facts.entropy, metrics["entropy"].get<double>(), 1e-3);
    EXPECT_NEAR(facts.max_prob, metrics["max_prob"].get<double>(), 1e-3);
    EXPECT_NEAR(facts.logit_gap, metrics["logit_gap"].get<double>(), 1e-3);
    EXPECT_NEAR(facts.nearest_cos_sim, metrics["nearest_cos_sim"].get<double>(), 1e-3);
    const auto norm = metrics["hidden_state_norm"].get<double>();
    EXPECT_NEAR(facts.hidden_state_norm, norm, 1e-3 * norm);
    if (!expected_["shared_tokens"].is_null()) {
      EXPECT_EQ(facts.shared_tokens, expected_["shared_tokens"].get<std::int64_t>());
    }
  }
};

double relative_error(const std::vector<float>& ours, const std::vector<float>& theirs) {
  const auto expected = at::tensor(theirs);
  return (at::tensor(ours) - expected).norm().item<double>() / expected.norm().item<double>();
}

// From the very state that the SDK's functions got.
TEST_P(projection_fixture, embeddings_and_metrics_are_those_of_the_sdk) {
  const c10::InferenceMode no_gradients;
  const auto state = floats_of(expected_["hidden_b64"]);
  auto& on = engine_of(expected_);
  const auto logits = on.model(source_).network.logits(at::tensor(state).unsqueeze(0)).contiguous();
  const auto onto = on.model(target_).network.projector_onto();
  EXPECT_NEAR(onto.target_norm(), expected_["target_norm"].get<double>(), 1e-5 * onto.target_norm());
  for (const auto by : {pairing::bytes, pairing::reference}) {
    const auto shared = shared_between(on.model(source_).tokenizer, on.model(target_).tokenizer, by);
    const source_scores scores{{logits.const_data_ptr<float>(), static_cast<std::size_t>(logits.numel())},
                               &shared,
                               by,
                               1,
                               at::tensor(state).norm().item<double>()};
    const auto made = onto.project({&scores, 1}).front();
    EXPECT_LT(relative_error(made.embedding, floats_of(expected_["embedding_b64"])), 1e-3);
    expect_metrics(made.facts);
  }
}

// The whole way: the source thinks, the target answers. Latent steps feed rounding back, so after them the vector is
// compared by what comes of it.
TEST_P(projection_fixture, answers_are_those_of_the_reference) {
  auto& on = engine_of(expected_);
  think thinking;
  thinking.model = source_;
  thinking.messages = messages_of(expected_["think_messages"]);
  thinking.steps = expected_["steps"];
  const auto thought = run(on, thinking);
  EXPECT_EQ(dynamic_cast<const context&>(*thought.context.body).history()->prompt,
            expected_["think_ids"].get<std::vector<std::int32_t>>());
  score_next scoring;
  scoring.model = source_;
  scoring.context = thought.context;
  project projecting;
  projecting.model = target_;
  projecting.scores = run(on, scoring).scores;
  const auto projected = run(on, projecting);
  const auto& injected = dynamic_cast<const context&>(*projected.context.body).history()->injected;
  const auto error = relative_error(injected.vectors.front(), floats_of(expected_["embedding_b64"]));
  EXPECT_LT(error, thinking.steps == 0 ? 1e-3 : 2e-2);
  if (thinking.steps == 0)
    expect_metrics(injected.facts);

  think reading;
  reading.model = target_;
  reading.context = projected.context;
  reading.messages = messages_of(expected_["answer_messages"]);
  const auto read = run(on, reading);
  {
    const c10::InferenceMode no_gradients;
    const auto state = at::tensor(dynamic_cast<const context&>(*read.context.body).last_hidden_state());
    const auto logits = on.model(target_).network.logits(state.unsqueeze(0))[0];
    const auto& first = expected_["first_logits"];
    for (std::size_t i = 0; i < first["ids"].size(); ++i)
      EXPECT_NEAR(logits[first["ids"][i].get<std::int64_t>()].item<double>(), first["logits"][i].get<double>(), 0.05);
  }

  generate answering;
  answering.model = target_;
  answering.context = projected.context;
  answering.messages = reading.messages;
  answering.max_new_tokens = 40;
  answering.sampling.temperature = 0;
  const auto answer = run(on, answering);
  const auto& history = *dynamic_cast<const context&>(*answer.context.body).history();
  EXPECT_EQ(history.prompt, expected_["answer_ids"].get<std::vector<std::int32_t>>());
  auto tokens = history.generated, theirs = expected_["tokens"].get<std::vector<std::int32_t>>();
  if (on.model(target_).tokenizer.is_end_of_turn(theirs.back()))
    theirs.pop_back();
  const auto robust = std::min(expected_["robust_tokens"].get<std::size_t>(), theirs.size());
  ASSERT_GE(tokens.size(), robust);
  tokens.resize(robust);
  theirs.resize(robust);
  EXPECT_EQ(tokens, theirs);
}

INSTANTIATE_TEST_SUITE_P(qwen, projection_fixture, testing::ValuesIn(all_cases()));

} // namespace
} // namespace avp::test
