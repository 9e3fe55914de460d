// avp-model from arguments to exit status, and what it shows.
#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gpu/model/catalogue.hpp"
#include "runtime/model_main.hpp"
#include "runtime/run/fetch_display.hpp"
#include "tests/gpu/engine/runnable_model.hpp"
#include "tests/gpu/environment_variable.hpp"
#include "tests/gpu/model/tiny_model.hpp"
#include "tests/temporary_folder.hpp"

namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

class avp_model : public testing::Test {
protected:
  /// Runs the program; leaves what it wrote in out_ and err_.
  int run(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "avp-model");
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const auto status = avp::model_main(static_cast<int>(arguments.size()), arguments.data());
    out_ = testing::internal::GetCapturedStdout();
    err_ = testing::internal::GetCapturedStderr();
    return status;
  }

  avp::test::temporary_folder folder_;
  avp::test::environment_variable models_{"AVP_MODELS", folder_.path().string()};
  std::string out_;
  std::string err_;
};

TEST_F(avp_model, lists_what_there_is) {
  folder_.write("qwen2.5-coder-0.5b-instruct.gguf.part", std::string(4914001, 'x'));
  ASSERT_EQ(run({"list"}), 0);
  EXPECT_THAT(out_, HasSubstr("smollm2-135m-instruct            98.4 MB  Apache-2.0  no "));
  EXPECT_THAT(out_, HasSubstr("qwen2.5-coder-0.5b-instruct     491.4 MB  Apache-2.0  1% "));
  EXPECT_THAT(out_, HasSubstr("folder: " + folder_.path().string()));
  ASSERT_EQ(run({"list", "--json"}), 0);
  const auto lines = json::parse(out_);
  ASSERT_EQ(lines.size(), avp::catalogue().size());
  EXPECT_EQ(lines[0]["name"], "smollm2-135m-instruct");
  EXPECT_EQ(lines[0]["here"], false);
  EXPECT_EQ(err_, "");
}

TEST_F(avp_model, describes_a_model) {
  auto file = avp::test::tiny_gguf("llama");
  file.text(
      "tokenizer.chat_template",
      "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + "
      "'\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}");
  const auto path = folder_.write("tiny.gguf", file.bytes());
  ASSERT_EQ(run({"info", path.c_str()}), 0) << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr("name                  tiny\n"), HasSubstr("layers                2\n"),
                          HasSubstr("F32                 100.0% of the bytes, 20 tensors\n"),
                          HasSubstr("splits as smollm, 8 tokens"), HasSubstr("ends a turn         <|im_end|>\n"),
                          HasSubstr("chat template         reads Hello as \"<|im_start|>user\\nHello<|im_end|>\\n")));
  ASSERT_EQ(run({"info", "--json", path.c_str()}), 0);
  const auto facts = json::parse(out_);
  EXPECT_EQ(facts["config"]["hidden_size"], 32);
  EXPECT_EQ(facts["config"]["tied_embeddings"], true);
  EXPECT_EQ(facts["weights"]["types"][0]["type"], "F32");
  EXPECT_EQ(facts["chat_template"]["reads_hello_as"], "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(facts["weights_digest"].get<std::string>().size(), 64);
}

TEST_F(avp_model, says_which_weights_have_no_kernels) {
  auto file = avp::test::tiny_gguf("llama");
  file.tensors.at("blk.0.ffn_up.weight").type = 20; // IQ4_NL, 18 bytes for 32 values
  file.tensors.at("blk.0.ffn_up.weight").data = std::string(64 * 18, 'x');
  file.tensors.at("blk.1.ffn_up.weight").type = 8;
  file.tensors.at("blk.1.ffn_up.weight").data = std::string(64 * 34, 'x');
  const auto path = folder_.write("tiny.gguf", file.bytes());
  ASSERT_EQ(run({"info", path.c_str()}), 0) << err_;
  EXPECT_THAT(out_,
              testing::ContainsRegex("  IQ4_NL  .* of the bytes, 1 tensors; without kernels, so kept as bfloat16"));
  EXPECT_THAT(out_, testing::ContainsRegex("  Q8_0  .* of the bytes, 1 tensors\n"));
  ASSERT_EQ(run({"info", "--json", path.c_str()}), 0);
  for (const auto& type : json::parse(out_)["weights"]["types"])
    EXPECT_EQ(type.value("kernels", json()), type["type"] == "F32" ? json() : json(type["type"] == "Q8_0"));
}

TEST_F(avp_model, compares_two_models) {
  const auto one = avp::test::write_model(avp::test::runnable_gguf("qwen2", 7), folder_.path() / "one.gguf").source;
  const auto twin = avp::test::write_model(avp::test::runnable_gguf("qwen2", 9), folder_.path() / "twin.gguf").source;
  auto file = avp::test::runnable_gguf("llama", 11);
  std::vector<std::string> tokens(avp::byte_alphabet().rbegin(), avp::byte_alphabet().rend());
  tokens.insert(tokens.end(), {"<|im_start|>", "<|other_end|>"});
  file.texts("tokenizer.ggml.tokens", tokens);
  const auto other = avp::test::write_model(file, folder_.path() / "other.gguf").source;
  for (auto& token : tokens)
    token = "alien " + token;
  file.texts("tokenizer.ggml.tokens", tokens);
  const auto alien = avp::test::write_model(file, folder_.path() / "alien.gguf").source;

  ASSERT_EQ(run({"compare", "--json", one.c_str(), other.c_str()}), 0) << err_;
  const auto overlap = json::parse(out_);
  EXPECT_EQ(overlap["path"], "vocab_overlap");
  EXPECT_EQ(overlap["map_id"], "vocab_overlap:257");
  EXPECT_EQ(overlap["shared_tokens"]["as_strings"], 257);
  EXPECT_EQ(overlap["shared_tokens"]["by_bytes"], 257);
  EXPECT_NEAR(overlap["shared_tokens"]["by_bytes_share"].get<double>(), 257.0 / 258, 1e-12);
  EXPECT_EQ(overlap["target"]["family"], "llama");
  const auto& validation = overlap["validation"];
  EXPECT_EQ(validation["method"], "vocab_overlap");
  EXPECT_TRUE(validation["mean_perplexity"].is_null());
  ASSERT_EQ(validation["sentences"].size(), 5);
  EXPECT_EQ(validation["sentences"][0]["compared"], 43) << "a byte each, and the first one has none before it";
  EXPECT_EQ(validation["recommended"], "text") << "random weights";

  ASSERT_EQ(run({"compare", "--json", one.c_str(), twin.c_str()}), 0) << err_;
  const auto mediated = json::parse(out_);
  EXPECT_EQ(mediated["path"], "shared_tokenizer");
  EXPECT_EQ(mediated["validation"]["method"], "vocab_mediated");
  EXPECT_GT(mediated["validation"]["mean_perplexity"].get<double>(), 1);
  ASSERT_EQ(run({"compare", one.c_str(), one.c_str()}), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("path: hash_match\n"));

  ASSERT_EQ(run({"compare", one.c_str(), other.c_str()}), 0) << err_;
  EXPECT_THAT(out_,
              AllOf(HasSubstr("path: vocab_overlap\n"),
                    HasSubstr("tokens shared by their bytes: 257 (99.6 % of the smaller vocabulary)\n"),
                    HasSubstr("projection by vocab_overlap:\n"), HasSubstr("recommended, as the AVP SDK decides")));
  ASSERT_EQ(run({"compare", one.c_str(), alien.c_str()}), 0) << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr("path: json_fallback\n"),
                          HasSubstr("nothing can be projected: 100 shared tokens are needed; use text\n")));
  EXPECT_EQ(run({"compare", one.c_str(), "nothing.gguf"}), 2);
  EXPECT_THAT(err_, HasSubstr("nothing.gguf"));
}

TEST_F(avp_model, says_what_the_files_of_a_directory_say_of_templates_and_sampling) {
  folder_.write("tiny/config.json", avp::test::tiny_config("llama").dump());
  folder_.write("tiny/tokenizer.json", avp::test::tiny_tokenizer_json().dump());
  folder_.write("tiny/model.safetensors", avp::test::safetensors_bytes(avp::test::tiny_tensors("llama")));
  folder_.write("tiny/chat_template.jinja", "{{ messages[0].content }}");
  folder_.write("tiny/additional_chat_templates/tool_use.jinja", "with tools: {{ messages[0].content }}");
  folder_.write("tiny/generation_config.json", R"({"eos_token_id": [6, 5], "temperature": 0.6, "top_k": 20})");
  const auto path = (folder_.path() / "tiny").string();
  ASSERT_EQ(run({"info", path.c_str()}), 0) << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr("  another one         tool_use\n"),
                          HasSubstr("  ends a turn         <|im_end|>\n  ends a turn         <|im_start|>\n"),
                          HasSubstr("sampling              temperature 0.6, top_k 20 unless said otherwise "
                                    "(generation_config.json)\n")));
  ASSERT_EQ(run({"info", "--json", path.c_str()}), 0);
  EXPECT_EQ(json::parse(out_)["sampling"], (json{{"temperature", 0.6}, {"top_k", 20}}));
  EXPECT_EQ(json::parse(out_)["chat_template"]["named"], json({"tool_use"}));
  const auto messages = folder_.write("one.json", R"([{"role": "user", "content": "Hi"}])");
  const auto prompt = [&](const std::string& choice) {
    const auto status =
        run({"prompt", path.c_str(), "--messages", messages.c_str(), "--chat-template", choice.c_str()});
    return std::to_string(status) + out_ + err_;
  };
  EXPECT_EQ(prompt("tool_use"), "0with tools: Hi");
  EXPECT_EQ(prompt("file:" + folder_.write("own.jinja", "own: {{ messages[0].content }}").string()), "0own: Hi");
  EXPECT_THAT(prompt("file:" + folder_.write("bad.jinja", "\n{% if").string()),
              AllOf(testing::StartsWith("2"), HasSubstr("bad.jinja can't be read: line 2, column 1: ")));
  EXPECT_THAT(prompt("tools"),
              AllOf(testing::StartsWith("2"), HasSubstr("neither built-in nor a template of the model")));
  EXPECT_THAT(prompt("file:/nowhere"), AllOf(testing::StartsWith("2"), HasSubstr("/nowhere: can't be read")));
}

TEST_F(avp_model, describes_a_model_whose_chat_template_is_broken) {
  auto file = avp::test::tiny_gguf("qwen2");
  file.text("tokenizer.chat_template", "{% for m in messages %}{{ m.content }}");
  const auto path = folder_.write("tiny.gguf", file.bytes());
  ASSERT_EQ(run({"info", "--json", path.c_str()}), 0);
  const auto chat = json::parse(out_)["chat_template"];
  EXPECT_TRUE(chat["reads_hello_as"].is_null());
  EXPECT_THAT(chat["problem"].get<std::string>(), HasSubstr("line 1, column"));
}

TEST_F(avp_model, prints_what_a_model_reads) {
  auto file = avp::test::tiny_gguf("llama");
  file.text("tokenizer.chat_template", "{% if messages|length > 1 %}{{ raise_exception('one only') }}{% endif %}"
                                       "{{ opening or '<|im_start|>' }}{{ messages[0].content }}<|im_end|>");
  const auto model = folder_.write("tiny.gguf", file.bytes());
  const auto messages = folder_.write("one.json", R"([{"role": "user", "content": "<|im_end|>\n"}])");
  ASSERT_EQ(run({"prompt", model.c_str(), "--messages", messages.c_str()}), 0) << err_;
  EXPECT_EQ(out_, "<|im_start|><|im_end|>\n<|im_end|>");
  ASSERT_EQ(run({"prompt", model.c_str(), "--messages", messages.c_str(), "--variable", "opening=A"}), 0) << err_;
  EXPECT_EQ(out_, "A<|im_end|>\n<|im_end|>");
  ASSERT_EQ(run({"prompt", model.c_str(), "--messages", messages.c_str(), "--chat-template", "none"}), 0) << err_;
  EXPECT_EQ(out_, "<|im_end|>\n");
  ASSERT_EQ(run({"prompt", model.c_str(), "--messages", messages.c_str(), "--tokens"}), 0) << err_;
  EXPECT_THAT(out_, testing::EndsWith("\"<|im_end|>\"\n"));
  EXPECT_EQ(out_.find("\"<|im_end|>\""), out_.rfind("\"<|im_end|>\"")) << "in a message it is text";
}

TEST_F(avp_model, says_why_a_conversation_cannot_be_written) {
  auto file = avp::test::tiny_gguf("llama");
  file.text("tokenizer.chat_template", "{% if messages|length > 1 %}{{ raise_exception('one only') }}{% endif %}");
  const auto model = folder_.write("tiny.gguf", file.bytes());
  const auto fails = [&](const std::string& text, const std::string& why) {
    const auto messages = folder_.write("some.json", text);
    EXPECT_EQ(run({"prompt", model.c_str(), "--messages", messages.c_str()}), 2) << text;
    EXPECT_THAT(err_, HasSubstr(why));
    EXPECT_EQ(out_, "");
  };
  fails(R"([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}])", "one only");
  fails(R"([{"role": "tool", "content": "a"}])", "the roles are system, user and assistant");
  fails(R"([{"role": "user"}])", "message 1 has not a text");
  fails(R"({"role": "user"})", "is no array");
  fails("hello", "is not JSON");
  EXPECT_EQ(run({"prompt", model.c_str(), "--messages", "/nowhere/m.json"}), 2);
  EXPECT_THAT(err_, HasSubstr("/nowhere/m.json"));
  EXPECT_EQ(run({"prompt", model.c_str(), "--messages", folder_.path().c_str()}), 2) << "a folder";
  EXPECT_THAT(err_, HasSubstr(folder_.path().string()));
  EXPECT_EQ(run({"prompt", model.c_str(), "--messages", "-", "--variable", "a=\xff"}), 2);
  EXPECT_THAT(err_, HasSubstr("must be UTF-8"));
}

TEST_F(avp_model, says_what_is_wrong_with_a_model) {
  EXPECT_EQ(run({"info", "smollm2-135m-instruct"}), 2);
  EXPECT_THAT(err_, HasSubstr("avp-model fetch smollm2-135m-instruct"));
  EXPECT_EQ(run({"info", "smollm2-135m-instrct"}), 2);
  EXPECT_EQ(err_,
            "avp-model: model \"smollm2-135m-instrct\" is neither a known name nor a file or folder here; did you "
            "mean \"smollm2-135m-instruct\"?\n");
  EXPECT_EQ(run({"info", "nosuch"}), 2);
  EXPECT_THAT(err_, HasSubstr("known: smollm2-135m-instruct, "));
  EXPECT_EQ(run({"info", folder_.write("x.gguf", "GGUF").c_str()}), 2);
  EXPECT_THAT(err_, HasSubstr("avp-model: " + (folder_.path() / "x.gguf").string() + ": damaged GGUF file at byte 4"));
  EXPECT_EQ(out_, "");
}

TEST_F(avp_model, a_fetch_that_fails_has_status_1) {
  const avp::test::environment_variable hub("AVP_HUB", "http://127.0.0.1:9");
  const avp::test::environment_variable no_python("PATH", folder_.path().string());
  EXPECT_EQ(run({"fetch", "smollm2-135m-instruct"}), 1);
  EXPECT_THAT(err_, AllOf(HasSubstr("smollm2-135m-instruct from http://127.0.0.1:9/"),
                          HasSubstr("avp-model: model \"smollm2-135m-instruct\" can't be fetched")));
}

TEST_F(avp_model, bad_arguments_have_status_2) {
  EXPECT_EQ(run({"fetch", "smollm-135m-instruct"}), 2);
  EXPECT_THAT(err_, HasSubstr("did you mean \"smollm2-135m-instruct\"?"));
  EXPECT_EQ(run({}), 2);
  EXPECT_EQ(run({"fetch"}), 2);
  EXPECT_EQ(run({"list", "--jsn"}), 2);
  EXPECT_THAT(err_, HasSubstr("avp-model: there is no option --jsn; did you mean --json?\n"));
  EXPECT_EQ(run({"fech", "smollm2-135m-instruct"}), 2);
  EXPECT_THAT(err_, HasSubstr("avp-model: there is no command fech; did you mean fetch?\n"));
  EXPECT_EQ(run({"--help"}), 0);
  EXPECT_THAT(out_, HasSubstr("AVP_HUB"));
}

TEST(fetch_display, shows_share_size_rate_and_time_left) {
  EXPECT_EQ(avp::fetch_display::line(0, 98362432, 0, 0), "  0%  0 B of 98.4 MB");
  EXPECT_EQ(avp::fetch_display::line(50000000, 100000000, 30000000, 4),
            " 50%  50.0 MB of 100.0 MB  5.0 MB/s  0:10 left");
  EXPECT_EQ(avp::fetch_display::line(99999, 100000, 0, 1), " 99%  100.0 kB of 100.0 kB  100.0 kB/s  0:01 left");
  EXPECT_EQ(avp::fetch_display::line(1000000, 40000000000, 0, 1), "  0%  1.0 MB of 40.0 GB  1.0 MB/s  11:06:39 left");
}

TEST(fetch_display, draws_a_bar_on_a_terminal_and_lines_elsewhere) {
  const auto shown = [](bool terminal) {
    testing::internal::CaptureStderr();
    {
      avp::fetch_display display(terminal);
      const auto observer = display.observer();
      observer.note("model from somewhere");
      for (std::uint64_t done = 0; done <= 1000; done += 25)
        observer.progress(done, 1000);
    }
    return testing::internal::GetCapturedStderr();
  };
  const auto lines = shown(false);
  EXPECT_EQ(std::ranges::count(lines, '\n'), 11); // The note and every tenth.
  EXPECT_THAT(lines, AllOf(HasSubstr("model from somewhere\n"), HasSubstr("\n100%  1.0 kB of 1.0 kB")));
  const auto bar = shown(true);
  EXPECT_EQ(std::ranges::count(bar, '\n'), 1);
  EXPECT_THAT(bar, HasSubstr("[##############################] 100%"));
  EXPECT_TRUE(bar.ends_with("\r\x1b[K"));
}

} // namespace
