// The engine against the numbers of the AVP SDK on transformers: float32, greedy (tests/data/README.md says how they
// were made). The tests; engine_fixture_test.cpp and hf_directory_test.cpp say on which models they run.
#include "tests/gpu/engine/engine_fixture.hpp"

#include <fstream>

#include <gmock/gmock.h>

#include "tests/gpu/engine/fixture_run.hpp"
#include "tests/gpu/engine/rounding.hpp"
#include "tests/test_data.hpp"

namespace avp::test {

using nlohmann::json;

namespace {

// Requests that run beside each request of a fixture, as many sent before it as after it: in every third case, since
// they cost time.
int strangers_of(const fixture_case& fixture) { return fixture.index % 3 == 0 ? 1 : 0; }

// One engine stays loaded at a time: the larger model needs 2.5 GB in float32.
fixture_engine& engine_of(const fixture_case& fixture) {
  static std::filesystem::path loaded_path;
  static std::unique_ptr<fixture_engine> loaded;
  const auto path = fixture.find_model();
  if (loaded_path != path) {
    loaded.reset();
    loaded = std::make_unique<fixture_engine>(path);
    loaded_path = path;
  }
  return *loaded;
}

void expect_no_more_than_rounding(const fixture_case& fixture, const std::vector<reading>& ours) {
  const auto theirs = expected_readings(fixture.data);
  auto beyond = beyond_rounding(ours, theirs, {});
  if (!beyond.empty())
    beyond = beyond_rounding(ours, theirs, noise_scale(fixture.find_gguf(), fixture.data));
  EXPECT_THAT(beyond, testing::IsEmpty());
}

} // namespace

std::ostream& operator<<(std::ostream& out, const fixture_case& fixture) {
  return out << fixture.model << " case " << fixture.index;
}

std::vector<fixture_case> fixture_cases(const std::string& file, const std::string& model,
                                        const std::function<std::filesystem::path()>& find_model,
                                        const std::function<std::filesystem::path()>& find_gguf) {
  std::ifstream in(test_data(file));
  auto all = json::parse(in);
  std::vector<fixture_case> result;
  for (int i = 0; auto& data : all["cases"])
    result.push_back({model, find_model, find_gguf, i++, data});
  return result;
}

std::vector<fixture_case> recall_cases(std::vector<fixture_case> all) {
  std::erase_if(all, [](const fixture_case& fixture) { return fixture.data["kind"] != "recall"; });
  return all;
}

TEST_P(engine_fixture, gives_the_same_numbers_and_tokens) {
  const auto& expected = GetParam().data;
  auto& loaded = engine_of(GetParam());
  const int strangers = strangers_of(GetParam());
  const auto run = run_case(loaded, expected, strangers);
  payload context;
  for (std::size_t agent = 0; agent < run.thoughts.size(); ++agent) {
    const auto& thought = run.thoughts[agent];
    const auto& theirs = expected["think"][agent];
    context = thought.context;
    EXPECT_EQ(thought.counts.latent_steps, expected["steps"].get<int>());
    EXPECT_EQ(dynamic_cast<const avp::context&>(*context.body).history()->prompt,
              theirs["prompt_ids"].get<std::vector<std::int32_t>>());
    EXPECT_EQ(thought.context_tokens, theirs["kv_len"].get<std::int64_t>());
  }
  expect_no_more_than_rounding(GetParam(), run.readings);

  generate work;
  work.model = "main";
  work.messages = messages_of(expected["agents"].back());
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
  auto& loaded = engine_of(GetParam());
  const int strangers = strangers_of(GetParam());
  generate work;
  work.model = "main";
  work.messages = messages_of(expected["agents"].back());
  work.max_new_tokens = 64;
  work.sampling.temperature = 0;
  EXPECT_NE(loaded.run(work, strangers).text, expected["text"].get<std::string>());
}

} // namespace avp::test
