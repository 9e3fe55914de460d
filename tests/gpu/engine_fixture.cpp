// The engine against the numbers of the AVP SDK on transformers: float32, greedy (tests/data/README.md says how they
// were made). The tests; engine_fixture_test.cpp and hf_directory_test.cpp say on which models they run.
#include "engine_fixture.hpp"

#include <cmath>
#include <cstring>
#include <fstream>

#include <ATen/ATen.h>

#include <avp/gpu/engine/engine.hpp>

namespace avp::test {

using nlohmann::json;

namespace {

// Requests that run beside each request of a fixture, as many sent before it as after it: in every third case, since
// they cost time.
int strangers_of(const fixture_case& fixture) { return fixture.index % 3 == 0 ? 1 : 0; }

// One engine stays loaded at a time: the larger model needs 2.5 GB in float32.
class fixture_engine {
public:
  static fixture_engine& of(const fixture_case& fixture) {
    static std::string loaded_path;
    static std::unique_ptr<fixture_engine> loaded;
    const auto path = fixture.find_model().string();
    if (loaded_path != path) {
      loaded.reset();
      loaded = std::make_unique<fixture_engine>(path);
      loaded_path = path;
    }
    return *loaded;
  }

  explicit fixture_engine(const std::string& path) : engine_(config_of(path)) {}

  /// Runs a request among strangers, of which `each` arrive before and `each` after it.
  template <class Work>
  result run(const Work& work, int each) {
    std::optional<result> answer;
    for (int i = 0; i < each; ++i)
      send_stranger(i);
    engine_.submit(work, [&](engine::outcome outcome) { answer = std::get<result>(std::move(outcome)); });
    for (int i = 0; i < each; ++i)
      send_stranger(i + each);
    while (!answer)
      engine_.step();
    for (auto id : strangers_)
      engine_.cancel(id);
    strangers_.clear();
    return *answer;
  }

  [[nodiscard]] const loaded_model& model() const { return engine_.model("main"); }

private:
  static device_config config_of(const std::string& path) {
    device_config config;
    config.models.resize(1);
    config.models[0].name = "main";
    config.models[0].source = path;
    config.models[0].format = weight_format::float32;
    return config;
  }

  void send_stranger(int number) {
    generate work;
    work.id = next_request_id();
    work.model = "main";
    work.messages = {{"user", "Tell me " + std::to_string(number) + " stories."}};
    work.seed = static_cast<std::uint64_t>(number);
    work.max_new_tokens = 60;
    strangers_.push_back(work.id);
    engine_.submit(work, [](const engine::outcome&) {});
  }

  engine engine_;
  std::vector<request_id> strangers_;
};

std::vector<chat_message> messages(const json& agent) {
  std::vector<chat_message> list;
  for (const auto& message : agent)
    list.push_back({message["role"], message["content"]});
  return list;
}

result run_think(fixture_engine& on, const json& agent, const payload& context, int steps, int strangers) {
  think work;
  work.model = "main";
  work.messages = messages(agent);
  work.context = context;
  work.steps = steps;
  return on.run(work, strangers);
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

void compare_context(const result& ours, const json& theirs, std::size_t agent) {
  const auto& context = dynamic_cast<const kv_context&>(*ours.context.body);
  EXPECT_EQ(context.history()->prompt, theirs["prompt_ids"].get<std::vector<std::int32_t>>());
  ASSERT_EQ(context.tokens(), theirs["kv_len"].get<std::int64_t>());
  auto hidden = decode_base64_floats(theirs["hidden_b64"]);
  ASSERT_EQ(context.last_hidden_state().size(), hidden.size());
  EXPECT_GE(cosine(context.last_hidden_state(), hidden), agent < 2 ? 0.9999 : 0.999);
  for (std::int64_t layer = 0; layer < context.model().config.num_layers; ++layer) {
    const auto keys = context.keys(layer).norm().item<double>();
    const auto values = context.values(layer).norm().item<double>();
    EXPECT_NEAR(keys, theirs["key_norm"][layer].get<double>(), 0.01 * keys);
    EXPECT_NEAR(values, theirs["value_norm"][layer].get<double>(), 0.01 * values);
  }
  for (const auto& sample : theirs["samples"]) {
    const std::int64_t layer = sample["layer"], head = sample["head"], position = sample["position"];
    // Latent positions feed rounding back: transformers' own two attentions (sdpa, eager) differ by 1.5e-3 there.
    const bool latent = position >= static_cast<std::int64_t>(theirs["prompt_ids"].size());
    const double allowed = agent > 0 ? 2e-2 : latent ? 5e-3 : 1e-3;
    EXPECT_LE(relative_error(context.keys(layer)[head][position], sample["key"]), allowed);
    EXPECT_LE(relative_error(context.values(layer)[head][position], sample["value"]), allowed);
  }
}

void compare_first_logits(const loaded_model& model, const result& read, const json& theirs, double allowed) {
  const c10::InferenceMode no_gradients;
  auto hidden = at::tensor(dynamic_cast<const avp::context&>(*read.context.body).last_hidden_state(), at::kFloat);
  auto logits = model.network.logits(hidden.unsqueeze(0))[0];
  for (std::size_t i = 0; i < theirs["ids"].size(); ++i)
    EXPECT_NEAR(logits[theirs["ids"][i].get<std::int64_t>()].item<double>(), theirs["logits"][i].get<double>(),
                allowed);
  EXPECT_NEAR(logits.logsumexp(0).item<double>(), theirs["logsumexp"].get<double>(), allowed);
}

} // namespace

std::ostream& operator<<(std::ostream& out, const fixture_case& fixture) {
  return out << fixture.model << " case " << fixture.index;
}

std::vector<fixture_case> fixture_cases(const std::string& file, const std::string& model,
                                        const std::function<std::filesystem::path()>& find_model) {
  std::ifstream in(std::string(AVP_TEST_DATA) + "/" + file);
  auto all = json::parse(in);
  std::vector<fixture_case> result;
  for (int i = 0; auto& data : all["cases"])
    result.push_back({model, find_model, i++, data});
  return result;
}

std::vector<fixture_case> recall_cases(std::vector<fixture_case> all) {
  std::erase_if(all, [](const fixture_case& fixture) { return fixture.data["kind"] != "recall"; });
  return all;
}

TEST_P(engine_fixture, gives_the_same_numbers_and_tokens) {
  const auto& expected = GetParam().data;
  auto& loaded = fixture_engine::of(GetParam());
  const int strangers = strangers_of(GetParam());
  payload context;
  for (std::size_t agent = 0; agent < expected["think"].size(); ++agent) {
    auto thought = run_think(loaded, expected["agents"][agent], context, expected["steps"], strangers);
    EXPECT_EQ(thought.counts.latent_steps, expected["steps"].get<int>());
    compare_context(thought, expected["think"][agent], agent);
    context = thought.context;
  }
  const auto& last = expected["agents"].back();
  const bool chain = expected["think"].size() > 1;
  compare_first_logits(loaded.model(), run_think(loaded, last, context, 0, strangers), expected["first_logits"],
                       chain ? 0.1 : 0.02);

  generate work;
  work.model = "main";
  work.messages = messages(last);
  work.context = context;
  work.max_new_tokens = 64;
  work.sampling.temperature = 0;
  auto answer = loaded.run(work, strangers);
  const auto& history = *dynamic_cast<const avp::context&>(*answer.context.body).history();
  EXPECT_EQ(history.prompt, expected["final_prompt_ids"].get<std::vector<std::int32_t>>());
  auto tokens = history.generated;
  auto expected_tokens = expected["tokens"].get<std::vector<std::int32_t>>();
  if (loaded.model().tokenizer.is_end_of_turn(expected_tokens.back()))
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

// The context carries: without it, the second agent can't repeat the note that only the first one read.
TEST_P(engine_recall_fixture, fails_when_the_context_is_dropped) {
  const auto& expected = GetParam().data;
  auto& loaded = fixture_engine::of(GetParam());
  const int strangers = strangers_of(GetParam());
  generate work;
  work.model = "main";
  work.messages = messages(expected["agents"].back());
  work.max_new_tokens = 64;
  work.sampling.temperature = 0;
  EXPECT_NE(loaded.run(work, strangers).text, expected["text"].get<std::string>());
}

} // namespace avp::test
