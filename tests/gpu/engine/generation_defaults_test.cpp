// What generation_config.json says of sampling, and that it holds where a request says nothing.
#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gpu/model/generation_config.hpp"
#include "gpu/model/model_error.hpp"
#include "tests/gpu/engine/tiny_engine.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using nlohmann::json;
using testing::HasSubstr;

class generation_defaults : public tiny_engine_test {
protected:
  /// The runnable model as a Hugging Face directory; an empty text for no generation_config.json.
  engine make_directory(const std::string& generation) {
    const auto gguf = runnable_gguf("qwen2");
    std::map<std::string, gguf_writer::tensor> tensors;
    for_tiny_tensors(*family_of_model_type("qwen2"), [&](const auto& row, std::int64_t layer, std::string_view end) {
      tensors[row.name(layer, end)] = gguf.tensors.at(row.gguf_name(layer, end));
    });
    auto config = tiny_config("qwen2");
    config["vocab_size"] = 258;
    config["max_position_embeddings"] = 512;
    config["rms_norm_eps"] = 1e-5;
    auto tokenizer = tiny_tokenizer_json();
    auto& vocabulary = tokenizer["model"]["vocab"] = json::object();
    for (std::size_t i = 0; i < 256; ++i)
      vocabulary[byte_alphabet()[i]] = i;
    tokenizer["model"]["merges"] = json::array();
    tokenizer["added_tokens"] = json::array();
    for (const auto& [id, text] : {std::pair(256, "<|im_start|>"), std::pair(257, "<|im_end|>")})
      tokenizer["added_tokens"].push_back({{"id", id}, {"content", text}, {"special", true}});
    folder_.write("model/config.json", config.dump());
    folder_.write("model/tokenizer.json", tokenizer.dump());
    folder_.write("model/model.safetensors", safetensors_bytes(tensors));
    std::filesystem::remove(folder_.path() / "model/generation_config.json");
    if (!generation.empty())
      folder_.write("model/generation_config.json", generation);
    device_config device;
    device.models.push_back({.name = "main",
                             .source = (folder_.path() / "model").string(),
                             .format = weight_format::float32,
                             .chat_template = "chatml"});
    return engine(device);
  }

  /// An answer to a request that says nothing but `said`.
  std::string answer(const std::string& generation, const said_sampling& said = {}) {
    auto on = make_directory(generation);
    auto work = generating("hello", 24);
    work.sampling = said;
    work.seed = 5;
    return run(on, std::move(work)).text;
  }

  said_sampling read(const std::string& text) const {
    folder_.write("generation_config.json", text);
    return read_generation_config(folder_.path());
  }

  std::string error(const std::string& text) const {
    try {
      (void)read(text);
    } catch (const model_error& error) {
      return error.what();
    }
    return "(no error)";
  }
};

TEST_F(generation_defaults, hold_where_a_request_says_nothing) {
  const auto greedy = answer("", {.temperature = 0.0F}), sampled = answer("", {.temperature = 1.5F, .top_p = 1.0F});
  ASSERT_NE(greedy, sampled);
  EXPECT_NE(answer(""), greedy) << "0.7 unless anybody says otherwise";
  EXPECT_EQ(answer(""), answer("", {.temperature = 0.7F, .top_p = 0.95F}));
  EXPECT_EQ(answer(R"({"do_sample": false, "temperature": 1.5})"), greedy);
  EXPECT_EQ(answer(R"({"temperature": 1.5, "top_p": 1.0})"), sampled);
  EXPECT_EQ(answer(R"({"temperature": 1.5, "top_p": 0.9})", {.top_p = 1.0F}), sampled);
  EXPECT_EQ(answer(R"({"temperature": 1.5, "top_p": 1.0})", {.temperature = 0.0F}), greedy);
  EXPECT_EQ(answer(R"({"top_k": 1, "temperature": 1.5})"), greedy);
}

TEST_F(generation_defaults, all_its_end_tokens_end_an_answer) {
  const auto greedy = answer("", {.temperature = 0.0F});
  const auto plain = std::ranges::find_if(greedy, [](unsigned char c) { return c > ' ' && c < 0x7f; });
  ASSERT_NE(plain, greedy.end()) << "a byte that is its own letter, and so its own token";
  const std::size_t id = std::ranges::find(byte_alphabet(), std::string(1, *plain)) - byte_alphabet().begin();
  EXPECT_EQ(answer("{\"eos_token_id\": [257, " + std::to_string(id) + "]}", {.temperature = 0.0F}),
            greedy.substr(0, greedy.find(*plain)));
}

TEST_F(generation_defaults, are_read_as_they_are_meant) {
  EXPECT_EQ(read_generation_config(folder_.path()), said_sampling()) << "no such file";
  EXPECT_EQ(read_generation_config(folder_.path() / "x.gguf"), said_sampling());
  EXPECT_EQ(read(R"({"eos_token_id": [1, 2], "max_length": 20})"), said_sampling());
  const said_sampling all{.temperature = 0.6F, .top_p = 0.9F, .top_k = 20, .min_p = 0.05F, .repetition_penalty = 1.05F};
  const std::string text =
      R"("temperature": 0.6, "top_p": 0.9, "top_k": 20, "min_p": 0.05, "repetition_penalty": 1.05)";
  EXPECT_EQ(read("{" + text + "}"), all);
  EXPECT_EQ(read("{\"do_sample\": true, " + text + "}"), all);
  auto greedy = all;
  greedy.temperature = 0.0F;
  EXPECT_EQ(read("{\"do_sample\": false, " + text + "}"), greedy);
  EXPECT_EQ(read(R"({"temperature": null, "top_k": 0, "top_p": 1})"), (said_sampling{.top_p = 1.0F, .top_k = 0}));
}

TEST_F(generation_defaults, that_cannot_be_are_refused_by_name) {
  EXPECT_THAT(error(R"({"temperature": -1})"),
              HasSubstr("generation_config.json: \"temperature\" is -1, expected a number, 0 or more"));
  EXPECT_THAT(error(R"({"top_p": 0})"), HasSubstr("\"top_p\" is 0, expected a number above 0, at most 1"));
  EXPECT_THAT(error(R"({"top_k": 1.5})"), HasSubstr("\"top_k\" is 1.5, expected a whole number, 0 or more"));
  EXPECT_THAT(error(R"({"min_p": "x"})"), HasSubstr("\"min_p\" is \"x\", expected a number from 0 to 1"));
  EXPECT_THAT(error(R"({"repetition_penalty": 0})"),
              HasSubstr("\"repetition_penalty\" is 0, expected a number above 0"));
  EXPECT_THAT(error("[]"), HasSubstr("generation_config.json"));
}

} // namespace
