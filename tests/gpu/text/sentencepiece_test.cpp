// Vocabularies of SentencePiece's kinds, small enough to be followed by hand.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/model/model_error.hpp"
#include "gpu/text/stream_decoder.hpp"
#include "gpu/text/tokenizer.hpp"

namespace avp {
namespace {

using ids = std::vector<std::int32_t>;
using testing::HasSubstr;

const std::string mark = "\u2581";

marked_text from_author(const std::string& text) { return marked_text::trusted(text); }

std::string in_pieces(const tokenizer& tokens, const ids& all) {
  stream_decoder decoder(tokens);
  std::string text;
  for (const auto id : all)
    text += decoder.push(id);
  return text + decoder.finish();
}

/// Ids: 0 `<unk>`, 1 `<s>`, 2 `</s>`, 3 to 258 the bytes, then from 259 on: ▁ a b c ab ▁a abc bc, 267 `<tool>`, 268 two
/// line ends.
vocabulary sentencepiece_vocabulary(subword_kind model) {
  vocabulary made;
  made.model = model;
  made.split = pre_tokenizer::steps;
  made.byte_fallback = true;
  made.unknown = 0;
  for (const char* text : {"<unk>", "<s>", "</s>"})
    made.tokens.push_back({text, token_kind::special});
  for (int byte = 0; byte < 256; ++byte) {
    constexpr const char* digits = "0123456789ABCDEF";
    made.tokens.push_back({std::string("<0x") + digits[byte / 16] + digits[byte % 16] + ">", token_kind::byte, -50});
  }
  const std::vector<std::pair<std::string, double>> pieces{{mark, -4}, {"a", -5},        {"b", -5},   {"c", -5},
                                                           {"ab", -2}, {mark + "a", -1}, {"abc", -6}, {"bc", -3}};
  for (const auto& [text, score] : pieces)
    made.tokens.push_back({text, token_kind::normal, score});
  made.tokens.push_back({"<tool>", token_kind::added});
  made.tokens.push_back({"\n\n", token_kind::added});
  made.normalizers = {{.kind = normalizer_kind::prepend, .text = mark},
                      {.kind = normalizer_kind::replace, .pattern = {" "}, .text = mark}};
  made.decoders = {{.kind = decoder_kind::replace, .pattern = {mark}, .text = " "},
                   {.kind = decoder_kind::byte_fallback},
                   {.kind = decoder_kind::fuse},
                   {.kind = decoder_kind::strip, .pattern = {" "}, .count = 1}};
  made.before = {1};
  made.end_of_turn = {2};
  return made;
}

TEST(scored_bpe, merges_the_highest_score_first) {
  const tokenizer tokens(sentencepiece_vocabulary(subword_kind::scored_bpe));
  EXPECT_EQ(tokens.encode("abc"), (ids{264, 266})) << "▁a (-1) before ab (-2), then bc (-3)";
  EXPECT_EQ(tokens.encode("bab"), (ids{259, 261, 263})) << "no merge of ▁ and b";
  EXPECT_EQ(tokens.encode("babc"), (ids{259, 261, 265})) << "ab (-2), then abc (-6)";
  EXPECT_EQ(tokens.encode("bb aa"), (ids{259, 261, 261, 264, 260}));
}

TEST(unigram, takes_the_greatest_sum) {
  const tokenizer tokens(sentencepiece_vocabulary(subword_kind::unigram));
  EXPECT_EQ(tokens.encode("abc"), (ids{264, 266})) << "-1 - 3 against -4 - 6 and -4 - 2 - 5";
  EXPECT_EQ(tokens.encode("babc"), (ids{259, 261, 265})) << "abc (-6) against ab c (-7) and a bc (-8)";
  EXPECT_EQ(tokens.encode("aé"), (ids{264, 3 + 0xC3, 3 + 0xA9})) << "an unknown character is its bytes";
}

TEST(unigram, what_is_unknown_is_one_token_without_bytes) {
  auto source = sentencepiece_vocabulary(subword_kind::unigram);
  source.byte_fallback = false;
  EXPECT_EQ(tokenizer(source).encode("a漢字a"), (ids{264, 0, 260}));
  source.unknown.reset();
  EXPECT_THROW(tokenizer{source}, model_error);
}

class sentencepiece : public testing::TestWithParam<subword_kind> {};

TEST_P(sentencepiece, puts_a_blank_in_front_behind_each_whole_token) {
  const tokenizer tokens(sentencepiece_vocabulary(GetParam()));
  EXPECT_EQ(tokens.encode(from_author("a</s>a")), (ids{264, 2, 264}));
  EXPECT_EQ(tokens.encode(from_author(" a")), (ids{259, 264}));
  EXPECT_TRUE(tokens.encode("").empty());
}

TEST_P(sentencepiece, has_no_special_tokens_in_data) {
  const auto source = sentencepiece_vocabulary(GetParam());
  const tokenizer tokens(source);
  for (const std::string name : {"<unk>", "<s>", "</s>", "<tool>", "<0x0A>"}) {
    const auto all = tokens.encode(name);
    for (const auto id : all)
      EXPECT_TRUE(id == 259 || id > 259 ? source.tokens[static_cast<std::size_t>(id)].kind == token_kind::normal
                                        : id >= 3 && id < 259)
          << name << " gave " << id;
    EXPECT_EQ(tokens.decode(all), name);
    EXPECT_EQ(tokens.encode(from_author(name.substr(0, 2)) + name.substr(2)), all);
  }
  EXPECT_EQ(tokens.encode(from_author("<tool>")), ids{267});
}

TEST_P(sentencepiece, an_added_token_of_blanks_counts_in_data_too) {
  const tokenizer tokens(sentencepiece_vocabulary(GetParam()));
  EXPECT_EQ(tokens.encode("a\n\na"), (ids{264, 268, 264}));
  EXPECT_EQ(tokens.encode(from_author("a\n") + "\na"), (ids{264, 268, 264})) << "where data begins changes nothing";
}

TEST_P(sentencepiece, puts_bos_in_front_once) {
  const tokenizer tokens(sentencepiece_vocabulary(GetParam()));
  EXPECT_EQ(tokens.encode_whole("a"), (ids{1, 264}));
  EXPECT_EQ(tokens.encode_whole(from_author("<s>a")), (ids{1, 264}));
  EXPECT_EQ(tokens.encode_whole(from_author("<s>") + "<s>").size(), 5U)
      << "one of the template, and three bytes and a mark";
}

TEST_P(sentencepiece, decodes_runs_of_bytes_as_a_whole) {
  const tokenizer tokens(sentencepiece_vocabulary(GetParam()));
  const auto byte = [](int value) { return 3 + value; };
  const std::vector<std::pair<ids, std::string>> cases{
      {{264, 264}, "a a"},
      {{byte(0xC3), byte(0xA9)}, "é"},
      {{byte(0xC3), 260, byte(0xA9)}, "\uFFFDa\uFFFD"},
      {{byte(0xC3), byte(0xA9), byte(0xFF)}, "\uFFFD\uFFFD\uFFFD"}, // as the library: all of a run or none
      {{byte(0xC3), 1, byte(0xA9)}, "é"},
      {{259, 259, 260}, " a"},
      {{byte(0x20), 260}, "a"}};
  for (const auto& [all, text] : cases) {
    EXPECT_EQ(tokens.decode(all), text);
    EXPECT_EQ(in_pieces(tokens, all), text);
  }
}

TEST_P(sentencepiece, long_texts_take_no_quadratic_time) {
  const tokenizer tokens(sentencepiece_vocabulary(GetParam()));
  for (const std::string unit : {"a", "abc", " ", "é", "\n"}) {
    std::string text;
    while (text.size() < 300'000)
      text += unit;
    EXPECT_TRUE(tokens.decode(tokens.encode(text)) == text) << "of " << unit;
  }
}

TEST_P(sentencepiece, bytes_that_are_not_utf8_become_their_tokens) {
  const tokenizer tokens(sentencepiece_vocabulary(GetParam()));
  EXPECT_EQ(tokens.encode("a\xff\xc3"), (ids{264, 3 + 0xFF, 3 + 0xC3}));
}

INSTANTIATE_TEST_SUITE_P(all, sentencepiece, testing::Values(subword_kind::scored_bpe, subword_kind::unigram));

TEST(scored_bpe, needs_bytes_or_an_unknown_token) {
  auto source = sentencepiece_vocabulary(subword_kind::scored_bpe);
  source.byte_fallback = false;
  EXPECT_EQ(tokenizer(source).encode("a漢字a"), (ids{264, 0, 260}));
  source.unknown.reset();
  try {
    const tokenizer tokens(source);
    FAIL();
  } catch (const model_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("<0x00> to <0xFF>"));
  }
}

// --- tokens recognised as a whole

TEST(whole_tokens, take_blanks_and_stand_alone_as_their_flags_say) {
  auto source = sentencepiece_vocabulary(subword_kind::scored_bpe);
  source.normalizers.clear();
  const auto with = [&](auto change) {
    auto changed = source;
    change(changed.tokens[267]);
    return tokenizer(changed);
  };
  const auto text = from_author("a <tool> b");
  EXPECT_EQ(tokenizer(source).encode(text), (ids{260, 35, 267, 35, 261}));
  EXPECT_EQ(with([](auto& token) { token.takes_left_blanks = true; }).encode(text), (ids{260, 267, 35, 261}));
  EXPECT_EQ(with([](auto& token) { token.takes_right_blanks = true; }).encode(text), (ids{260, 35, 267, 261}));
  const auto alone = with([](auto& token) { token.is_word = true; });
  EXPECT_EQ(alone.encode(text), (ids{260, 35, 267, 35, 261}));
  EXPECT_EQ(alone.encode(from_author("a<tool>")).size(), 1 + std::string("<tool>").size());
  EXPECT_EQ(alone.encode(from_author("\u00e9<tool>")).size(), 2 + std::string("<tool>").size());
  EXPECT_EQ(alone.encode(from_author("-<tool>.")), (ids{3 + '-', 267, 3 + '.'}));
}

TEST(whole_tokens, are_looked_for_in_normalised_text_and_not_in_data) {
  auto source = sentencepiece_vocabulary(subword_kind::scored_bpe);
  source.normalizers = {{.kind = normalizer_kind::lowercase}};
  source.tokens[267].is_normalized = true;
  const tokenizer tokens(source);
  EXPECT_EQ(tokens.encode(from_author("<TOOL>")), ids{267});
  EXPECT_EQ(tokens.encode("<TOOL>").size(), 6U);
  EXPECT_EQ(tokens.encode(from_author("<TO") + "OL" + from_author(">")).size(), 6U);
  EXPECT_EQ(tokens.encode(from_author("<TO") + "" + from_author("OL>")).size(), 6U) << "an empty field";
  EXPECT_EQ(tokens.encode("\u0130" + from_author("<TOOL>")), (ids{3 + 'i', 3 + 0xCC, 3 + 0x87, 267}));
}

} // namespace
} // namespace avp
