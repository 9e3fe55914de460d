// A pipeline in a program of one's own, here with agents that need no model.
#include <algorithm>
#include <coroutine>
#include <thread>

#include <gmock/gmock.h>

#include "agents/agent.hpp"
#include "gpu/user_error.hpp"
#include "runtime/loaded_pipeline.hpp"
#include "tests/runtime/journal/journal_folder.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::HasSubstr;

class shouting_agent : public agent {
public:
  eventually<output> run(avp::hop& hop) override {
    auto text = hop.messages().back().content.text();
    std::transform(text.begin(), text.end(), text.begin(), ::toupper);
    co_return output{text, {}};
  }
};

class endless_agent : public agent {
public:
  eventually<output> run(avp::hop&) override {
    co_await std::suspend_always{};
    co_return output{"never", {}};
  }
};

class loaded_pipeline_test : public testing::Test {
protected:
  temporary_folder folder_;

  std::filesystem::path file(const std::string& kind) const {
    folder_.write("p.toml", "flow = [\"a\"]\n[agent.a]\nkind = \"" + kind + "\"\nprompt = \"{{q}}\"\n");
    return folder_.path() / "p.toml";
  }

  static registry kinds() {
    registry all;
    all.add<shouting_agent>("shouting");
    all.add<endless_agent>("endless");
    return all;
  }
};

TEST_F(loaded_pipeline_test, a_record_gives_a_result) {
  const loaded_pipeline pipeline(file("shouting"), {}, kinds());
  const auto result = pipeline.run({{"id", "one"}, {"q", "hello"}});
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.task, "one");
  EXPECT_EQ(result.text, "HELLO");
  ASSERT_EQ(result.agents.size(), 1U);
  EXPECT_EQ(result.agents[0].kind, "shouting");
}

TEST_F(loaded_pipeline_test, many_threads_ask_at_a_time_also_the_same_record) {
  const loaded_pipeline pipeline(file("shouting"), {}, kinds());
  std::vector<std::thread> askers;
  std::vector<std::string> answers(32);
  for (std::size_t i = 0; i < answers.size(); ++i)
    askers.emplace_back([&, i] { answers[i] = pipeline.run({{"q", "x" + std::to_string(i / 2)}}).text; });
  for (auto& asker : askers)
    asker.join();
  for (std::size_t i = 0; i < answers.size(); ++i)
    EXPECT_EQ(answers[i], "X" + std::to_string(i / 2));
}

TEST_F(loaded_pipeline_test, what_is_wrong_with_a_record_is_its_result_s_error) {
  const loaded_pipeline pipeline(file("shouting"), {}, kinds());
  const auto lacking = pipeline.run({{"other", "x"}});
  EXPECT_THAT(lacking.error, HasSubstr("{{q}}"));
  EXPECT_EQ(lacking.error_code, error_code::bad_request);
  const auto none = pipeline.run("no object");
  EXPECT_FALSE(none.ok());
  EXPECT_EQ(none.error_code, error_code::bad_request);
  EXPECT_EQ(pipeline.run({{"q", "on"}}).text, "ON");
}

TEST_F(loaded_pipeline_test, a_task_can_be_given_up) {
  const loaded_pipeline pipeline(file("endless"), {}, kinds());
  std::stop_source source;
  task_result result;
  std::thread asker([&] { result = pipeline.run({{"q", "x"}}, {}, source.get_token()); });
  source.request_stop();
  asker.join();
  EXPECT_EQ(result.error_code, error_code::cancelled);
  EXPECT_EQ(pipeline.run({{"q", "y"}}, {}, source.get_token()).error, "it was cancelled") << "before it began";
}

TEST_F(loaded_pipeline_test, mistakes_of_the_file_are_thrown_all_at_once) {
  folder_.write("p.toml", "flow = [\"a\"]\nsed = 3\n[agent.a]\nkind = \"shuting\"\nprompt = \"{{q}}\"\n");
  try {
    const loaded_pipeline pipeline(folder_.path() / "p.toml", {}, kinds());
    FAIL() << "it was loaded";
  } catch (const user_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("sed"));
    EXPECT_THAT(error.what(), HasSubstr("shuting"));
  }
}

} // namespace
