// Several pipelines on one set of devices.
#include "gpu/user_error.hpp"
#include "tests/runtime/serve/served.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::HasSubstr;

class served_pipeline_test : public served_test {
protected:
  static std::string named(const std::string& name, const std::string& dtype = "float32",
                           const std::string& device = "") {
    return "name = \"" + name + "\"\nflow = [\"a\"]\n[model.main]\nsource = \"tiny.gguf\"\ndtype = \"" + dtype +
           "\"\n" + device + "[agent.a]\nkind = \"generate\"\nprompt = \"{{q}}\"\nmax_new_tokens = 3\n";
  }

  std::string problem(const std::vector<std::string>& texts) {
    try {
      [[maybe_unused]] const auto devices = devices_of(pipelines(texts));
      return "";
    } catch (const user_error& error) {
      return error.what();
    }
  }
};

TEST_F(served_pipeline_test, equal_models_are_one_and_others_get_names_of_their_own) {
  const auto all = pipelines({named("x"), named("y"), named("z", "bfloat16")});
  const auto devices = devices_of(all);
  ASSERT_EQ(devices.size(), 1U);
  std::vector<std::string> names;
  for (const auto& model : devices[0].models)
    names.push_back(model.name);
  EXPECT_EQ(names, (std::vector<std::string>{"main", "z/main"}));
  EXPECT_EQ(all[1].whole->agents[0].model, "main");
  EXPECT_EQ(all[2].whole->agents[0].model, "z/main");
  serve({named("x"), named("y"), named("z", "bfloat16")});
  for (const auto* model : {"x", "y", "z"})
    EXPECT_EQ(ask(question("q", {{"model", model}})).at("usage").at("completion_tokens"), 3);
}

TEST_F(served_pipeline_test, what_pipelines_say_of_a_device_must_agree) {
  const auto threads = [](int n) { return "[device.cpu]\nthreads = " + std::to_string(n) + "\n"; };
  EXPECT_EQ(problem({named("x", "float32", threads(1)), named("y"), named("z", "float32", threads(1))}), "");
  EXPECT_THAT(problem({named("x", "float32", threads(1)), named("y", "float32", threads(2))}),
              testing::AllOf(HasSubstr("[device.cpu] threads is 2"), HasSubstr("says 1")));
}

TEST_F(served_pipeline_test, two_of_one_name_are_refused) {
  EXPECT_THAT(problem({named("x"), named("x")}), HasSubstr("\"x\" already"));
}

TEST_F(served_pipeline_test, a_file_must_say_which_field_a_message_fills) {
  const std::string two = "flow = [\"a\"]\n[agent.a]\nkind = \"echo\"\nprompt = \"{{b}} {{c}}\"\n";
  EXPECT_THAT(problem({two}), testing::AllOf(HasSubstr("{{b}}, {{c}}"), HasSubstr("[input] ask = \"b\"")));
  EXPECT_EQ(problem({two + "[input]\nask = \"c\"\n"}), "");
  EXPECT_THAT(problem({"flow = [\"a\"]\n[agent.a]\nkind = \"echo\"\nprompt = \"always\"\n"}),
              HasSubstr("a message could fill"));
}

TEST_F(served_pipeline_test, mistakes_of_a_file_are_told_all_at_once) {
  const auto text = problem({"flow = [\"a\"]\nsed = 3\n[agent.a]\nkind = \"eko\"\nprompt = \"{{q}}\"\n"});
  EXPECT_THAT(text, testing::AllOf(HasSubstr("sed"), HasSubstr("eko")));
}

TEST_F(served_pipeline_test, history_is_no_field_that_a_record_needs) {
  const auto all = pipelines({pipeline_of("echo", "{{history}} {{q}}")});
  EXPECT_EQ(all[0].plans.at(mode::latent).fields, std::set<std::string>{"q"});
}

} // namespace
