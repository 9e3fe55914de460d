// Text to tokens and back. Expected pieces and ids are those of the Python package tokenizers 0.23 on the same
// vocabulary.
#include <algorithm>
#include <fstream>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gpu/model/model_error.hpp"
#include "gpu/model/open_model.hpp"
#include "gpu/text/chat_template.hpp"
#include "gpu/text/end_of_turn.hpp"
#include "gpu/text/stream_decoder.hpp"
#include "gpu/text/text_splitter.hpp"
#include "gpu/text/tokenizer.hpp"
#include "tests/gpu/model/test_models.hpp"
#include "tests/gpu/text/small_vocabulary.hpp"
#include "tests/test_data.hpp"

namespace avp {
namespace {

using ids = std::vector<std::int32_t>;
using nlohmann::json;
using test::small_vocabulary;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string streamed(const tokenizer& tokens, const ids& all, special_text special = special_text::hidden) {
  stream_decoder decoder(tokens, special);
  std::string text;
  for (const auto id : all) {
    const auto part = decoder.push(id);
    for (std::string_view rest = part; !rest.empty();) {
      const auto unit = read_utf8(rest);
      EXPECT_EQ(unit.state, utf8_state::valid) << "a character was split";
      rest.remove_prefix(unit.length);
    }
    text += part;
  }
  return text + decoder.finish();
}

std::string repeated(std::string_view unit, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes)
    text += unit;
  return text;
}

// --- splitting

using pieces = std::vector<std::string_view>;

TEST(text_splitter, gpt2) {
  const text_splitter splitter(pre_tokenizer::gpt2);
  EXPECT_EQ(splitter.split("Hello  world, it's 12345 o'clock"),
            (pieces{"Hello", " ", " world", ",", " it", "'s", " 12345", " o", "'", "clock"}));
  EXPECT_EQ(splitter.split("I'LL say\r\n\n  x  "), (pieces{"I", "'", "LL", " say", "\r\n\n ", " x", "  "}));
  EXPECT_EQ(splitter.split("a\u00a0\u3000b\t1½٣"), (pieces{"a", "\u00a0", "\u3000", "b", "\t", "1½٣"}));
  EXPECT_EQ(splitter.split("漢字 (...)\n!!"), (pieces{"漢字", " (...)", "\n", "!!"}));
  EXPECT_EQ(splitter.split("\u180e x"), (pieces{"\u180e", " x"}));
  EXPECT_EQ(splitter.split("   7  77"), (pieces{"  ", " 7", " ", " 77"}));
}

TEST(text_splitter, smollm) {
  const text_splitter splitter(pre_tokenizer::smollm);
  EXPECT_EQ(splitter.split("Hello  world, it's 12345 o'clock"),
            (pieces{"Hello", " ", " world", ",", " it", "'s", " ", "1", "2", "3", "4", "5", " o", "'", "clock"}));
  EXPECT_EQ(splitter.split("I'LL say\r\n\n  x  "), (pieces{"I", "'", "LL", " say", "\r\n\n ", " x", "  "}));
  EXPECT_EQ(splitter.split("a\u00a0\u3000b\t1½٣"), (pieces{"a", "\u00a0", "\u3000", "b", "\t", "1", "½", "٣"}));
  EXPECT_EQ(splitter.split("   7  77"), (pieces{"   ", "7", "  ", "7", "7"}));
}

TEST(text_splitter, llama_bpe) {
  const text_splitter splitter(pre_tokenizer::llama_bpe);
  EXPECT_EQ(splitter.split("Hello  world, it's 12345 o'clock"),
            (pieces{"Hello", " ", " world", ",", " it", "'s", " ", "123", "45", " o", "'clock"}));
  EXPECT_EQ(splitter.split("I'LL say\r\n\n  x  "), (pieces{"I", "'LL", " say", "\r\n\n", " ", " x", "  "}));
  EXPECT_EQ(splitter.split("a\u00a0\u3000b\t1½٣"), (pieces{"a", "\u00a0", "\u3000b", "\t", "1½٣"}));
  EXPECT_EQ(splitter.split("漢字 (...)\n!!"), (pieces{"漢字", " (...)\n", "!!"}));
  EXPECT_EQ(splitter.split("   7  77"), (pieces{"  ", " ", "7", " ", " ", "77"}));
}

TEST(text_splitter, qwen2) {
  const text_splitter splitter(pre_tokenizer::qwen2);
  EXPECT_EQ(splitter.split("Hello  world, it's 12345 o'clock"),
            (pieces{"Hello", " ", " world", ",", " it", "'s", " ", "1", "2", "3", "4", "5", " o", "'clock"}));
  EXPECT_EQ(splitter.split("a\u00a0\u3000b\t1½٣"), (pieces{"a", "\u00a0", "\u3000b", "\t", "1", "½", "٣"}));
  EXPECT_EQ(splitter.split("漢字 (...)\n!!"), (pieces{"漢字", " (...)\n", "!!"}));
  EXPECT_EQ(splitter.split("   7  77"), (pieces{"  ", " ", "7", " ", " ", "7", "7"}));
}

TEST(text_splitter, bytes_that_are_not_utf8_are_pieces_of_their_own) {
  const text_splitter splitter(pre_tokenizer::qwen2);
  EXPECT_EQ(splitter.split("ab\xff\xfe"
                           "cd\xe6\xbc"),
            (pieces{"ab", "\xff\xfe", "cd", "\xe6\xbc"}));
  EXPECT_THAT(splitter.split(""), IsEmpty());
}

// --- encoding

class tokenizer_splits : public testing::TestWithParam<pre_tokenizer> {};

TEST_P(tokenizer_splits, merges_inside_pieces) {
  const tokenizer tokens(small_vocabulary(GetParam()));
  const bool lone_digits = GetParam() == pre_tokenizer::smollm || GetParam() == pre_tokenizer::qwen2;
  EXPECT_EQ(tokens.encode("hello world"), (ids{259, 264}));
  EXPECT_EQ(tokens.encode("hello worlds"), (ids{259, 264, 115}));
  EXPECT_EQ(tokens.encode("aaaaaaa"), (ids{268, 267, 97}));
  EXPECT_EQ(tokens.encode("12345"), lone_digits ? (ids{49, 50, 51, 52, 53}) : (ids{266, 52, 53}));
  EXPECT_EQ(tokens.encode("café  x"), (ids{99, 97, 102, 270, 32, 32, 120}));
  EXPECT_EQ(tokens.encode(std::string("\0é", 3)), (ids{0, 270}));
  EXPECT_THAT(tokens.encode(""), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(all, tokenizer_splits,
                         testing::Values(pre_tokenizer::gpt2, pre_tokenizer::smollm, pre_tokenizer::llama_bpe,
                                         pre_tokenizer::qwen2));

TEST(tokenizer, ignore_merges_takes_a_whole_piece_that_is_a_token) {
  auto source = small_vocabulary(pre_tokenizer::llama_bpe);
  source.ignore_merges = true;
  const tokenizer tokens(source);
  EXPECT_EQ(tokens.encode("hello worlds"), (ids{259, 271}));
  EXPECT_EQ(tokens.encode("aaaaaaa"), (ids{268, 267, 97}));
}

TEST(tokenizer, special_and_added_tokens_are_recognised_longest_first) {
  const tokenizer tokens(small_vocabulary());
  EXPECT_EQ(tokens.encode(marked_text::trusted("<|im_start|>hello<|im_end|><tool>s<tool> <|im_")),
            (ids{273, 259, 274, 276, 275, 32, 60, 124, 105, 109, 95}));
  EXPECT_EQ(tokens.encode(marked_text::trusted("<<<|im_end|><")), (ids{60, 60, 274, 60}));
}

TEST(tokenizer, unused_tokens_are_never_produced) {
  const tokenizer tokens(small_vocabulary());
  EXPECT_EQ(tokens.encode("[PAD]"), (ids{91, 80, 65, 68, 93}));
  EXPECT_EQ(tokens.decode(ids{277}), "");
  EXPECT_FALSE(tokens.find("[PAD]"));
}

TEST(tokenizer, bytes_that_are_not_utf8_become_their_tokens) {
  const tokenizer tokens(small_vocabulary());
  const std::string broken = "a\xff\xc3(\xed\xa0\x80\xf0\x9f";
  std::string back;
  for (const auto id : tokens.encode(broken))
    back += tokens.token_bytes(id);
  EXPECT_EQ(back, broken);
}

TEST(tokenizer, a_byte_without_a_token_is_left_out) {
  auto source = small_vocabulary();
  source.tokens['z'].kind = token_kind::unused;
  EXPECT_EQ(tokenizer(source).encode("xzy"), (ids{120, 121}));
}

TEST(tokenizer, a_byte_without_a_token_is_the_unknown_one_unless_that_ends_an_answer) {
  auto source = small_vocabulary();
  source.tokens['z'].kind = token_kind::unused;
  source.unknown = 273;
  EXPECT_EQ(tokenizer(source).encode("xzzy"), (ids{120, 273, 273, 121}));
  source.fuse_unknown = true;
  EXPECT_EQ(tokenizer(source).encode("xzzy"), (ids{120, 273, 121}));
  source.unknown = 272;
  EXPECT_EQ(tokenizer(source).encode("xzzy"), (ids{120, 121}));
}

TEST(tokenizer, long_texts_without_a_break_take_no_quadratic_time) {
  for (const auto split :
       {pre_tokenizer::gpt2, pre_tokenizer::smollm, pre_tokenizer::llama_bpe, pre_tokenizer::qwen2}) {
    const tokenizer tokens(small_vocabulary(split));
    for (const char* unit : {"a", "hello", " ", "\n", " \n", "!", "1", "é", "漢", "'s", "\xff", "<"}) {
      const auto text = repeated(unit, 300'000);
      std::string back;
      for (const auto id : tokens.encode(text))
        back += tokens.token_bytes(id);
      EXPECT_TRUE(back == text) << "of " << unit;
    }
  }
}

TEST(tokenizer, is_used_from_many_threads) {
  const tokenizer tokens(small_vocabulary());
  const auto text = repeated("hello world <|im_end|> 123 ", 20'000);
  const auto expected = tokens.encode(text);
  std::vector<ids> results(4);
  {
    std::vector<std::jthread> threads;
    threads.reserve(results.size());
    for (auto& result : results)
      threads.emplace_back([&] { result = tokens.encode(text); });
  }
  for (const auto& result : results)
    EXPECT_EQ(result, expected);
}

// --- decoding

TEST(tokenizer, decodes_with_special_tokens_hidden_or_shown) {
  const tokenizer tokens(small_vocabulary());
  const ids all{273, 259, 274, 276, 264};
  EXPECT_EQ(tokens.decode(all), "hello<tool>s world");
  EXPECT_EQ(tokens.decode(all, special_text::shown), "<|im_start|>hello<|im_end|><tool>s world");
  EXPECT_EQ(streamed(tokens, all), "hello<tool>s world");
  EXPECT_EQ(streamed(tokens, all, special_text::shown), "<|im_start|>hello<|im_end|><tool>s world");
}

TEST(tokenizer, bytes_that_make_no_character_decode_to_replacement_characters) {
  const tokenizer tokens(small_vocabulary());
  const std::vector<std::pair<ids, std::string>> cases{
      {{0xE6, 0xBC, 97}, "\uFFFDa"},         {{0xF0, 0x9F, 0x98}, "\uFFFD"},  {{0xFF, 0xC3}, "\uFFFD\uFFFD"},
      {{0xE6, 260, 0xBC}, "\uFFFD w\uFFFD"}, {{0xE6, 274, 0xBC, 0xA2}, "漢"}, {{-1, 278, 97, 1 << 30}, "a"}};
  for (const auto& [all, text] : cases) {
    EXPECT_EQ(tokens.decode(all), text);
    EXPECT_EQ(streamed(tokens, all), text);
  }
}

TEST(stream_decoder, holds_the_bytes_of_a_character_back) {
  const tokenizer tokens(small_vocabulary());
  stream_decoder decoder(tokens);
  EXPECT_EQ(decoder.push(0xF0), "");
  EXPECT_EQ(decoder.push(0x9F), "");
  EXPECT_EQ(decoder.push(0x98), "");
  EXPECT_EQ(decoder.push(0x80), "😀");
  EXPECT_EQ(decoder.finish(), "");
  EXPECT_EQ(decoder.push(0xC3), "");
  EXPECT_EQ(decoder.push(97), "\uFFFDa");
  EXPECT_EQ(decoder.push(0xC3), "");
  EXPECT_EQ(decoder.finish(), "\uFFFD");
  EXPECT_EQ(decoder.push(259), "hello");
}

// --- properties and errors

TEST(tokenizer, tells_what_its_tokens_are) {
  const tokenizer tokens(small_vocabulary());
  EXPECT_EQ(tokens.size(), 278u);
  EXPECT_TRUE(tokens.is_end_of_turn(274));
  EXPECT_TRUE(tokens.is_end_of_turn(272));
  EXPECT_FALSE(tokens.is_end_of_turn(273));
  EXPECT_TRUE(tokens.is_special(273));
  EXPECT_FALSE(tokens.is_special(275));
  EXPECT_FALSE(tokens.is_special(97));
  EXPECT_FALSE(tokens.is_special(-1));
  EXPECT_FALSE(tokens.is_special(278));
  EXPECT_EQ(tokens.find("Ġworld"), 264);
  EXPECT_EQ(tokens.find("<|im_end|>"), 274);
  EXPECT_FALSE(tokens.find(" world"));
}

TEST(tokenizer, lists_its_vocabulary_sorted_by_text) {
  const auto pairs = tokenizer(small_vocabulary()).vocabulary_pairs();
  EXPECT_EQ(pairs.size(), 277u);
  EXPECT_EQ(pairs.front(), (std::pair<std::string, std::int32_t>{"!", 33}));
  EXPECT_TRUE(std::is_sorted(pairs.begin(), pairs.end()));
}

TEST(tokenizer, refuses_a_vocabulary_that_contradicts_itself) {
  const auto message = [](const vocabulary& source) -> std::string {
    try {
      const tokenizer tokens(source);
    } catch (const model_error& error) {
      return error.what();
    }
    return "no error";
  };
  auto source = small_vocabulary();
  source.merges.emplace_back("x", "y");
  EXPECT_THAT(message(source), HasSubstr("the merge \"x y\""));
  source = small_vocabulary();
  source.end_of_turn.push_back(278);
  EXPECT_THAT(message(source), HasSubstr("end-of-turn token 278 is not among the 278 tokens"));
  EXPECT_THAT(message(vocabulary{}), HasSubstr("has no tokens"));
}

TEST(end_of_turn, declared_tokens_come_first_and_none_twice) {
  const auto tokens = small_vocabulary().tokens;
  EXPECT_THAT(end_of_turn_tokens(tokens, {}), ElementsAre(274, 272));
  EXPECT_THAT(end_of_turn_tokens(tokens, ids{272, 272, 9999, -1}), ElementsAre(272, 274));
}

// --- real models, against transformers and llama.cpp

struct model_fixture {
  const char* model;
  const char* file;
};

std::ostream& operator<<(std::ostream& out, const model_fixture& fixture) { return out << fixture.model; }

class tokenizer_of_model : public testing::TestWithParam<model_fixture> {};

TEST_P(tokenizer_of_model, agrees_with_its_fixture) {
  const auto source = open_model(test_model(GetParam().model)).vocabulary;
  const tokenizer tokens(source);
  const auto fixture = json::parse(std::ifstream(test::test_data(GetParam().file)));
  ASSERT_GE(fixture.at("tokenize").size(), 60u);
  for (const auto& one : fixture.at("tokenize")) {
    const auto all = tokens.encode(marked_text::trusted(one.at("text")));
    EXPECT_EQ(all, one.at("ids").get<ids>()) << one.at("text");
    EXPECT_EQ(tokens.decode(all, special_text::shown), one.at("decoded"));
    EXPECT_EQ(streamed(tokens, all, special_text::shown), one.at("decoded"));
  }
  const auto chat = chat_template(source);
  ASSERT_GE(fixture.at("chat").size(), 3u);
  for (const auto& one : fixture.at("chat")) {
    std::vector<chat_message> messages;
    for (const auto& message : one.at("messages"))
      messages.push_back({message.at("role"), message.at("content").get<std::string>()});
    EXPECT_EQ(chat.render(messages).text(), one.at("rendered"));
  }
  EXPECT_TRUE(tokens.is_end_of_turn(tokens.find("<|im_end|>").value()));
  EXPECT_TRUE(tokens.is_end_of_turn(tokens.find("<|endoftext|>").value()));
}

INSTANTIATE_TEST_SUITE_P(real, tokenizer_of_model,
                         testing::Values(model_fixture{"smollm2-135m-instruct", "tokenizer_smollm2.json"},
                                         model_fixture{"qwen2.5-coder-0.5b-instruct",
                                                       "tokenizer_qwen2.5-coder-0.5b.json"}));

} // namespace
} // namespace avp
