// Pipeline files with input and prompts: fields, agents, paths.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "runtime/pipeline/plan.hpp"
#include "tests/runtime/pipeline/pipeline_text.hpp"

namespace avp {
namespace {

using test::chain;
using test::kinds;
using test::replaced;
using test::with;
using testing::HasSubstr;

class pipeline_with_input : public testing::Test {
protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "avp_pipeline_" + testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_ + "/data");
    std::ofstream(folder_ + "/data/in.jsonl")
        << "{\"id\":1,\"question\":\"x\",\"gold\":3}\n{\"id\":2,\"question\":\"y\"}\n";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  load_result load(const std::string& text, load_options options = {.kinds = kinds}) {
    std::ofstream(folder_ + "/p.toml") << text;
    return load_pipeline_file(folder_ + "/p.toml", options);
  }
  std::string mistakes(const std::string& text, load_options options = {.kinds = kinds}) {
    return to_string(load(text, std::move(options)).mistakes);
  }

  std::string folder_;
  const std::string input_ = "[input]\nfile = \"data/in.jsonl\"\n";
};

TEST_F(pipeline_with_input, paths_are_found_from_the_pipeline_file) {
  const auto result = load(chain + input_ + "[score]\nkind = \"number\"\nexpected = \"{{gold}}\"\n");
  ASSERT_TRUE(result.pipeline) << to_string(result.mistakes);
  EXPECT_EQ(result.pipeline->input.file, std::filesystem::path(folder_ + "/data/in.jsonl").lexically_normal());
  EXPECT_EQ(result.pipeline->input.records, 2U);
}

TEST_F(pipeline_with_input, variables_must_be_fields_or_agents) {
  EXPECT_THAT(
      mistakes(replaced(chain, "Plan: {{question}}", "{{qestion}}") + input_),
      HasSubstr("p.toml:6:11: nothing gives {{qestion}}: no field of the input is called so, and no agent before "
                "\"planner\"; did you mean \"question\"?"));
  EXPECT_THAT(mistakes(replaced(chain, "{{planner}}", "{{plannr}}") + input_), HasSubstr("did you mean \"planner\"?"));
  EXPECT_THAT(
      mistakes(chain + input_ + "[score]\nkind = \"number\"\nexpected = \"{{glod}}\"\n"),
      HasSubstr("p.toml:15:13: nothing gives {{glod}}: no field of the input is called so; did you mean \"gold\"?"));
  EXPECT_THAT(mistakes(chain + input_ + "[score]\nkind = \"python\"\nexpected = \"1\"\nsetup = \"{{glod}}\"\n"),
              HasSubstr("p.toml:16:10: nothing gives {{glod}}"));
}

TEST_F(pipeline_with_input, a_conversation_s_history_may_be_named_whatever_the_records_have) {
  const auto served = replaced(chain, "Answer: {{question}}\"\ntext", "{{history}} {{question}}\"\ntext");
  EXPECT_EQ(mistakes(served + input_), "");
  const load_options one_question{.kinds = kinds, .ask = true};
  const auto asked = load(served, one_question);
  ASSERT_TRUE(asked.pipeline) << to_string(asked.mistakes);
  EXPECT_EQ(asked.pipeline->input.ask, "question");
  EXPECT_EQ(make_plan(*asked.pipeline, mode::latent, kinds).fields, std::set<std::string>{"question"});
  EXPECT_THAT(mistakes(replaced(served, "{{history}}", "{{histroy}}") + input_),
              HasSubstr("did you mean \"history\"?"));
}

TEST_F(pipeline_with_input, a_name_must_not_be_field_and_agent) {
  std::ofstream(folder_ + "/data/in.jsonl") << "{\"question\":\"x\",\"planner\":3}\n";
  EXPECT_THAT(mistakes(chain + input_), HasSubstr("p.toml:10:16: {{planner}} is both a field"));
}

TEST_F(pipeline_with_input, bad_lines_are_mistakes_with_their_place) {
  std::ofstream(folder_ + "/data/in.jsonl")
      << "{\"id\":1,\"question\":\"x\"}\nnonsense\n{\"id\":1,\"question\":\"x\"}\n";
  const auto found = mistakes("sed = 1\n" + chain + input_);
  EXPECT_THAT(found, HasSubstr("p.toml:1:1: unknown key \"sed\""));
  EXPECT_THAT(found, HasSubstr("/data/in.jsonl:2:2: not JSON"));
  EXPECT_THAT(found, HasSubstr("/data/in.jsonl:3: a second record with the id \"1\""));
  EXPECT_LT(found.find("p.toml:1:1"), found.find("in.jsonl:2"));
  EXPECT_EQ(mistakes(chain + input_, {.kinds = kinds, .limit = 1}), "");
}

TEST_F(pipeline_with_input, a_missing_input_file_is_a_mistake_where_it_is_named) {
  EXPECT_THAT(mistakes(chain + "[input]\nfile = \"none.jsonl\"\n"),
              HasSubstr("p.toml:12:1: cannot read the input file"));
  EXPECT_THAT(mistakes(chain, {.kinds = kinds, .input = "/none.jsonl"}),
              HasSubstr("--input /none.jsonl: cannot read the input file"));
}

TEST_F(pipeline_with_input, the_command_line_goes_before_the_file) {
  std::ofstream(folder_ + "/other.jsonl") << "{\"question\":\"z\"}\n";
  const auto other = load(chain + input_, {.kinds = kinds, .input = folder_ + "/other.jsonl", .limit = 7});
  ASSERT_TRUE(other.pipeline) << to_string(other.mistakes);
  EXPECT_EQ(other.pipeline->input.file, folder_ + "/other.jsonl");
  EXPECT_EQ(other.pipeline->input.limit, 7U);
  const auto from_stdin = load(chain + input_, {.kinds = kinds, .input = "-"});
  ASSERT_TRUE(from_stdin.pipeline);
  EXPECT_EQ(from_stdin.pipeline->input.file, "-");
  EXPECT_FALSE(from_stdin.pipeline->input.records);
  const auto asked = load(chain + input_, {.kinds = kinds, .ask = true});
  ASSERT_TRUE(asked.pipeline);
  EXPECT_FALSE(asked.pipeline->input.file);
  EXPECT_THAT(mistakes(chain + input_, {.kinds = kinds, .limit = 0}), HasSubstr("--limit: expected"));
}

TEST_F(pipeline_with_input, a_pipeline_file_that_cannot_be_read) {
  EXPECT_THAT(to_string(load_pipeline_file(folder_ + "/none.toml", {.kinds = kinds}).mistakes),
              HasSubstr("none.toml: cannot read the pipeline file"));
  EXPECT_THAT(to_string(load_pipeline_file(folder_, {.kinds = kinds}).mistakes), HasSubstr("this is a folder"));
}

} // namespace
} // namespace avp
