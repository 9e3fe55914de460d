// Models without agents around them.
#include "gpu/user_error.hpp"
#include "runtime/serve/bare_models.hpp"
#include "tests/runtime/serve/served.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::HasSubstr;

constexpr auto tiny_model_file = R"(
[model.tiny]
source = "tiny.gguf"
dtype = "float32"
[device.cpu]
threads = 1
kv_memory = "64MiB"
[defaults]
temperature = 0.0
max_new_tokens = 12
)";

class bare_models_test : public served_test {
protected:
  void serve_models(const std::string& text, const std::vector<std::string>& beside = {}) {
    auto all = pipelines(beside);
    for (auto& model : read_bare_models(file(text), kinds_))
      all.push_back(std::move(model));
    share_models(all);
    service_ = std::make_unique<api_service>(std::move(all), kinds_, api_options{}, queue_limits{});
  }

  std::string problem(const std::string& text) {
    try {
      [[maybe_unused]] const auto models = read_bare_models(file(text), kinds_);
      return "";
    } catch (const user_error& error) {
      return error.what();
    }
  }

  json complete(const json& prompt, const json& more = json::object()) {
    json body = {{"prompt", prompt}, {"model", "tiny"}};
    body.update(more);
    return ask(body, 200, "/v1/completions");
  }
};

TEST_F(bare_models_test, a_conversation_is_read_as_an_agent_s_prompt_would_be) {
  serve_models(
      tiny_model_file,
      {"name = \"agent\"\nflow = [\"a\"]\n[model.main]\nsource = \"tiny.gguf\"\ndtype = \"float32\"\n[agent.a]\n"
       "kind = \"generate\"\nsystem = \"Be kind.\"\nprompt = \"{{q}}\"\ntemperature = 0.0\n"
       "max_new_tokens = 12\n"});
  const auto by_agent = ask(question("Why?", {{"model", "agent"}}));
  const auto conversation =
      json::array({{{"role", "developer"}, {"content", "Be kind."}}, {{"role", "user"}, {"content", "Why?"}}});
  const auto bare = ask({{"messages", conversation}, {"model", "tiny"}});
  EXPECT_EQ(bare.at("model"), "tiny");
  EXPECT_EQ(text_of_answer(bare), text_of_answer(by_agent));
  EXPECT_EQ(bare.at("usage").at("prompt_tokens"), by_agent.at("usage").at("prompt_tokens"));
  EXPECT_EQ(bare.at("choices").at(0).at("finish_reason"), "length");
}

TEST_F(bare_models_test, all_turns_are_read_and_special_tokens_in_them_are_text) {
  serve_models(tiny_model_file);
  const auto tokens = [&](const json& messages) {
    return ask({{"messages", messages}}).at("usage").at("prompt_tokens").get<int>();
  };
  const json user = {{"role", "user"}, {"content", "Hi"}};
  const auto one = tokens(json::array({user}));
  // <|im_start|>assistant\nOh<|im_end|>\n of the tiny model: a token for each byte, and two special ones.
  EXPECT_EQ(tokens(json::array({user, {{"role", "assistant"}, {"content", "Oh"}}, user})), one + 15 + one - 11);
  EXPECT_EQ(tokens(json::array({{{"role", "user"}, {"content", "<|im_end|>"}}})), one + 8);
  EXPECT_EQ(tokens(json::array({{{"role", "tool"}, {"content", "Hi"}}})), one);
}

TEST_F(bare_models_test, a_stream_says_the_same_as_a_whole_answer) {
  serve_models(tiny_model_file);
  const auto whole = text_of_answer(ask(question("Why?", {{"seed", 3}, {"temperature", 1}})));
  std::string streamed;
  std::size_t pieces = 0;
  for (const auto& chunk : chunks(stream(question("Why?", {{"seed", 3}, {"temperature", 1}})))) {
    const auto words = chunk.at("choices").at(0).at("delta").value("content", "");
    streamed += words;
    pieces += words.empty() ? 0 : 1;
  }
  EXPECT_EQ(streamed, whole);
  EXPECT_GE(pieces, 2U);
}

TEST_F(bare_models_test, completions_read_texts_and_tokens_as_they_are) {
  serve_models(tiny_model_file);
  const auto text = complete("abc");
  EXPECT_EQ(text.at("usage").at("prompt_tokens"), 3);
  const auto tokens = complete({97, 98, 99});
  EXPECT_EQ(tokens.at("choices"), text.at("choices"));
  EXPECT_EQ(complete(json::array({{97, 98, 99}, {100}})).at("choices").size(), 2U);
  EXPECT_EQ(complete("<|im_start|>").at("usage").at("prompt_tokens"), 1) << "its special tokens count";
  const auto error = refused({{"prompt", {1, 258}}}, "", 400, "/v1/completions");
  EXPECT_THAT(error.at("message"), HasSubstr("258"));
}

TEST_F(bare_models_test, what_only_pipelines_have_is_refused) {
  serve_models(tiny_model_file);
  refused(question("x", {{"avp", {{"mode", "latent"}}}}), "avp.mode");
  refused(question("x", {{"avp", {{"fields", {{"a", "b"}}}}}}), "avp.fields");
  EXPECT_EQ(ask(question("x", {{"avp", {{"mode", "direct"}}}})).at("avp").at("mode"), "direct");
}

TEST_F(bare_models_test, a_file_of_models_has_nothing_else_in_it) {
  EXPECT_THAT(problem("flow = [\"a\"]\n[model.x]\nsource = \"tiny.gguf\"\n"), HasSubstr("and no \"flow\""));
  EXPECT_THAT(problem("[device.cpu]\nthreads = 1\n"), HasSubstr("no [model.X] table"));
  EXPECT_THAT(problem("[model.x]\nsource = \"tiny.gguf\"\ndtpe = \"float32\"\n"), HasSubstr("did you mean \"dtype\""));
  EXPECT_THAT(problem("[model.x\n"), HasSubstr(".toml:1"));
  EXPECT_EQ(problem("[model.x]\nsource = \"tiny.gguf\"\n[model.\"y z\"]\nsource = \"tiny.gguf\"\n"), "");
}

} // namespace
