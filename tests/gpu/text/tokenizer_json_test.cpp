// Tokenizers of Hugging Face directories: the kinds that work, and every way in which one can be wrong.
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gpu/model/model_error.hpp"
#include "gpu/text/tokenizer.hpp"
#include "gpu/text/tokenizer_json.hpp"
#include "tests/gpu/text/small_vocabulary.hpp"
#include "tests/temporary_folder.hpp"

namespace avp {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

const json byte_level = {
    {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}};

json split_by(const std::string& pattern) {
  auto bytes = byte_level;
  bytes["use_regex"] = false;
  return {
      {"type", "Sequence"},
      {"pretokenizers",
       {{{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}, {"invert", false}}, bytes}}};
}

json digits_first(bool individual) {
  return {{"type", "Sequence"},
          {"pretokenizers", {{{"type", "Digits"}, {"individual_digits", individual}}, byte_level}}};
}

const std::string llama3_pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
const std::string qwen2_pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

/// The small vocabulary as a tokenizer.json.
json small_tokenizer_json() {
  const auto small = test::small_vocabulary();
  json vocab = json::object();
  json added = json::array();
  for (std::size_t id = 0; id < small.tokens.size(); ++id) {
    const auto& token = small.tokens[id];
    if (token.kind == token_kind::normal)
      vocab[token.text] = id;
    else if (token.kind != token_kind::unused)
      added.push_back({{"id", id}, {"content", token.text}, {"special", token.kind == token_kind::special}});
  }
  json merges = json::array();
  for (const auto& [left, right] : small.merges)
    merges.push_back(std::string(left).append(" ").append(right));
  return {{"added_tokens", added},
          {"normalizer", nullptr},
          {"pre_tokenizer", byte_level},
          {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", merges}}}};
}

class tokenizer_json : public testing::Test {
protected:
  void write(const std::string& name, const std::string& text) const { (void)folder_.write(name, text); }

  vocabulary read(const json& root) const {
    write("tokenizer.json", root.dump());
    return read_tokenizer_json(directory_);
  }

  /// What reading says is wrong.
  std::string error() const {
    try {
      (void)read_tokenizer_json(directory_);
    } catch (const model_error& found) {
      return found.what();
    }
    return "no error";
  }

  std::string error_of(const json& root) const {
    write("tokenizer.json", root.dump());
    return error();
  }

  test::temporary_folder folder_;
  const fs::path& directory_ = folder_.path();
};

TEST_F(tokenizer_json, gives_the_vocabulary) {
  const auto expected = test::small_vocabulary();
  const auto read_back = read(small_tokenizer_json());
  ASSERT_EQ(read_back.tokens.size(), 277u);
  for (std::size_t id = 0; id < read_back.tokens.size(); ++id) {
    EXPECT_EQ(read_back.tokens[id].text, expected.tokens[id].text);
    EXPECT_EQ(read_back.tokens[id].kind, expected.tokens[id].kind);
  }
  EXPECT_EQ(read_back.merges, expected.merges);
  EXPECT_EQ(read_back.split, pre_tokenizer::gpt2);
  EXPECT_FALSE(read_back.ignore_merges);
  EXPECT_FALSE(read_back.bos);
  EXPECT_EQ(read_back.chat_template, "");
  EXPECT_THAT(read_back.end_of_turn, ElementsAre(274, 272));
  EXPECT_EQ(tokenizer(read_back).encode(marked_text::trusted("hello world<tool>")),
            (std::vector<std::int32_t>{259, 264, 275}));
}

TEST_F(tokenizer_json, knows_the_pre_tokenizers) {
  auto root = small_tokenizer_json();
  root["pre_tokenizer"] = digits_first(true);
  EXPECT_EQ(read(root).split, pre_tokenizer::smollm);
  root["pre_tokenizer"] = split_by(llama3_pattern);
  EXPECT_EQ(read(root).split, pre_tokenizer::llama_bpe);
  root["pre_tokenizer"] = split_by(qwen2_pattern);
  EXPECT_EQ(read(root).split, pre_tokenizer::qwen2);
  root["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", {byte_level}}};
  EXPECT_EQ(read(root).split, pre_tokenizer::gpt2);
  root["pre_tokenizer"] = digits_first(false);
  EXPECT_EQ(read(root).split, pre_tokenizer::steps);
  EXPECT_EQ(read(root).splitters.size(), 2U);
}

TEST_F(tokenizer_json, reads_the_forms_of_other_versions) {
  auto root = small_tokenizer_json();
  root["model"].erase("type");
  root["model"]["ignore_merges"] = true;
  root["model"]["merges"][0] = {"h", "e"};
  root["normalizer"] = {{"type", "Sequence"}, {"normalizers", {{{"type", "NFC"}}}}};
  root["model"]["vocab"]["<tool>"] = 275; // Also in added_tokens.
  root["pre_tokenizer"] = {{"type", "ByteLevel"}, {"add_prefix_space", false}};
  const auto read_back = read(root);
  EXPECT_TRUE(read_back.ignore_merges);
  EXPECT_EQ(read_back.merges, test::small_vocabulary().merges);
  EXPECT_EQ(read_back.tokens[275].kind, token_kind::added);
}

TEST_F(tokenizer_json, leaves_gaps_between_ids_unused) {
  auto root = small_tokenizer_json();
  root["added_tokens"].push_back({{"id", 300}, {"content", "<far>"}, {"special", true}});
  const auto read_back = read(root);
  ASSERT_EQ(read_back.tokens.size(), 301u);
  EXPECT_EQ(read_back.tokens[299].kind, token_kind::unused);
  EXPECT_EQ(read_back.tokens[300].text, "<far>");
}

TEST_F(tokenizer_json, reads_the_files_beside_it) {
  write("tokenizer_config.json", json{{"bos_token", {{"content", "<|im_start|>"}}},
                                      {"eos_token", "<|endoftext|>"},
                                      {"chat_template", "from the config"}}
                                     .dump());
  write("generation_config.json", R"({"eos_token_id": [274, 65]})");
  write("config.json", R"({"eos_token_id": 66})");
  auto read_back = read(small_tokenizer_json());
  EXPECT_EQ(read_back.bos, 273);
  EXPECT_THAT(read_back.end_of_turn, ElementsAre(272, 274, 65, 66));
  EXPECT_EQ(read_back.chat_template, "from the config");

  write(
      "tokenizer_config.json",
      R"({"bos_token": null, "chat_template": [{"name": "tool_use", "template": "T"}, {"name": "default", "template": "D"}]})");
  read_back = read(small_tokenizer_json());
  EXPECT_FALSE(read_back.bos);
  EXPECT_EQ(read_back.chat_template, "D");
  EXPECT_THAT(read_back.named_templates, testing::ElementsAre(testing::Pair("tool_use", "T")));
  fs::create_directory(directory_ / "additional_chat_templates");
  write("additional_chat_templates/rag.jinja", "R");
  write("additional_chat_templates/README.md", "no template");
  EXPECT_THAT(read(small_tokenizer_json()).named_templates,
              testing::ElementsAre(testing::Pair("rag", "R"), testing::Pair("tool_use", "T")));
  write("chat_template.json", R"({"chat_template": "from the JSON file"})");
  EXPECT_EQ(read(small_tokenizer_json()).chat_template, "from the JSON file");
  write("chat_template.jinja", "from the file");
  EXPECT_EQ(read(small_tokenizer_json()).chat_template, "from the file");
}

TEST_F(tokenizer_json, names_a_missing_file) {
  EXPECT_THAT(error(), HasSubstr((directory_ / "tokenizer.json").string() + ": is missing"));
  write("tokenizer.model", "x");
  EXPECT_THAT(error(), HasSubstr("SentencePiece"));
  fs::remove(directory_ / "tokenizer.model");
  write("merges.txt", "x");
  EXPECT_THAT(error(), HasSubstr("merges.txt"));
  fs::create_directory(directory_ / "tokenizer.json");
  EXPECT_THAT(error(), HasSubstr("can't be read"));
}

TEST_F(tokenizer_json, names_a_damaged_file) {
  const std::string damaged = (directory_ / "tokenizer.json").string() + ": is damaged";
  const std::string whole = small_tokenizer_json().dump();
  for (const std::size_t length : {std::size_t{0}, std::size_t{1}, whole.size() / 2, whole.size() - 1}) {
    write("tokenizer.json", whole.substr(0, length));
    EXPECT_THAT(error(), HasSubstr(length == 0 ? "tokenizer.json: is empty" : damaged)) << length;
  }
  EXPECT_THAT(error_of(json::array()), HasSubstr("should hold a JSON object, but holds a JSON array"));
  EXPECT_THAT(error_of(json::object()), HasSubstr(damaged));
  write("tokenizer.json", std::string(1'000'000, '['));
  EXPECT_THAT(error(), HasSubstr("deeper than 64"));
  write("tokenizer.json", whole);
  write("tokenizer_config.json", "{");
  EXPECT_THAT(error(), HasSubstr((directory_ / "tokenizer_config.json").string() + ": is damaged"));
}

TEST_F(tokenizer_json, refuses_what_it_cannot_do_exactly_by_name) {
  const auto refused = [&](const char* pointer, const json& value, const std::string& found) {
    auto root = small_tokenizer_json();
    root[json::json_pointer(pointer)] = value;
    EXPECT_THAT(error_of(root), AllOf(HasSubstr("tokenizer.json: "), HasSubstr(found), HasSubstr("GGUF file")));
  };
  refused("/model/type", "WordPiece", "of type \"WordPiece\"");
  refused("/model", "x", "of type");
  refused("/model/byte_fallback", true, "byte_fallback");
  refused("/model/end_of_word_suffix", "</w>", "end_of_word_suffix");
  refused("/model/dropout", 0.1, "dropout");
  refused("/model/unk_token", "<nowhere>", "\"<nowhere>\" is not in the vocabulary");
  refused("/model/vocab", json::array(), "vocabulary is a JSON array");
  refused("/normalizer", {{"type", "Precompiled"}}, "the normalizer step Precompiled is not supported");
  refused("/normalizer", {{"type", "Replace"}, {"pattern", {{"Regex", "^a"}}}, {"content", ""}}, "anchor \"^\"");
  refused("/pre_tokenizer", nullptr, "there is no decoder");
  refused("/pre_tokenizer", {{"type", "BertPreTokenizer"}}, "pre_tokenizer step");
  refused("/pre_tokenizer", {{"type", "Metaspace"}, {"replacement", "_"}, {"prepend_scheme", "last"}},
          "prepend_scheme");
  refused("/pre_tokenizer", split_by("[a-z&&[aeiou]]"), "\"&&\" in a class");
  refused("/pre_tokenizer", split_by("a\\b"), "\"\\b\"");
  refused("/pre_tokenizer", split_by("("), "the pattern is none");
  refused("/decoder", {{"type", "WordPiece"}}, "decoder step");
  refused("/decoder", {{"type", "Strip"}, {"content", " "}, {"start", 0}, {"stop", 1}}, "cuts the end");
  refused("/post_processor", {{"type", "Template"}}, "post_processor step");
}

TEST_F(tokenizer_json, refuses_tokens_and_merges_that_contradict_each_other) {
  auto root = small_tokenizer_json();
  for (const json& id : {json(-1), json(1'000'000'000'000), json(1e30), json("7"), json(nullptr)}) {
    root["model"]["vocab"]["hello"] = id;
    EXPECT_THAT(error_of(root), HasSubstr("the token \"hello\" has the id " + id.dump()));
  }
  root["model"]["vocab"]["hello"] = 1;
  EXPECT_THAT(error_of(root), HasSubstr("have the same id 1"));
  for (const json& merge : {json("ab"), json("a b c"), json(3), json::array({"a"})}) {
    root = small_tokenizer_json();
    root["model"]["merges"][2] = merge;
    EXPECT_THAT(error_of(root), HasSubstr("merge 2 should be \"left right\"")) << merge;
  }
}

TEST_F(tokenizer_json, needs_a_token_that_ends_answers) {
  auto root = small_tokenizer_json();
  root["added_tokens"] = json::array();
  EXPECT_THAT(error_of(root), HasSubstr("no token ends an answer"));
}

} // namespace
} // namespace avp
