// Which tokens vocabularies have in common: small ones by hand, real ones by their number.
#include <algorithm>
#include <map>
#include <ostream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/model/open_model.hpp"
#include "gpu/text/shared_tokens.hpp"
#include "tests/gpu/model/test_models.hpp"
#include "tests/gpu/text/small_vocabulary.hpp"

namespace avp::test {
namespace {

using text_pairs = std::map<std::string, std::string>;

vocabulary byte_level(std::vector<vocabulary_token> more) {
  vocabulary made;
  made.tokens = std::move(more);
  return made;
}

/// As SentencePiece has it: marks of blanks, tokens of bytes; and an unknown token at the end.
vocabulary with_marks(std::vector<vocabulary_token> tokens) {
  vocabulary made;
  made.model = subword_kind::scored_bpe;
  made.split = pre_tokenizer::steps;
  made.byte_fallback = true;
  made.tokens = std::move(tokens);
  made.unknown = static_cast<std::int32_t>(made.tokens.size());
  made.tokens.push_back({"<unk>", token_kind::special});
  return made;
}

/// As both vocabularies write them.
text_pairs shared_texts(const vocabulary& source, const vocabulary& target, pairing by = pairing::bytes) {
  const auto found = shared_between(tokenizer(source), tokenizer(target), by);
  EXPECT_TRUE(std::ranges::is_sorted(found.ids));
  text_pairs texts;
  for (const auto& [from, to] : found.ids)
    texts[source.tokens[static_cast<std::size_t>(from)].text] = target.tokens[static_cast<std::size_t>(to)].text;
  EXPECT_EQ(texts.size(), found.ids.size());
  return texts;
}

TEST(shared_tokens, are_found_by_what_they_stand_for) {
  const auto bytes = byte_level({{"Ġthe"}, {"Ċ"}, {"Ã©"}, {"Ã"}, {"é"}, {"only"}});
  const auto marks =
      with_marks({{"▁the"}, {"é"}, {"<0x0A>", token_kind::byte}, {"<0xC3>", token_kind::byte}, {"other"}});
  const text_pairs expected{{"Ġthe", "▁the"}, {"Ċ", "<0x0A>"}, {"Ã©", "é"}, {"Ã", "<0xC3>"}};
  EXPECT_EQ(shared_texts(bytes, marks), expected);
  text_pairs back;
  for (const auto& [ours, theirs] : expected)
    back[theirs] = ours;
  EXPECT_EQ(shared_texts(marks, bytes), back);
  // The reference takes a letter of the alphabet of bytes for the letter that it looks like.
  EXPECT_EQ(shared_texts(bytes, marks, pairing::reference), (text_pairs{{"é", "é"}}));
}

TEST(shared_tokens, the_plainest_of_several_counts) {
  const auto marks = with_marks({{"<0x0A>", token_kind::byte}, {"\n", token_kind::added}, {"  ", token_kind::added}});
  EXPECT_EQ(shared_texts(byte_level({{"Ċ"}, {"ĠĠ"}}), marks), (text_pairs{{"Ċ", "\n"}, {"ĠĠ", "  "}}));
  const auto normal = with_marks({{"\n", token_kind::added}, {"\n"}, {"<0x0A>", token_kind::byte}});
  const auto found = shared_between(tokenizer(byte_level({{"Ċ"}})), tokenizer(normal));
  EXPECT_EQ(found.ids, (std::vector<std::pair<std::int32_t, std::int32_t>>{{0, 1}}));
}

TEST(shared_tokens, special_ones_pair_by_name_within_a_kind) {
  const std::vector<vocabulary_token> tokens{
      {"a"}, {"<|im_start|>", token_kind::special}, {"<tool>", token_kind::added}, {"[PAD]", token_kind::unused}};
  EXPECT_EQ(shared_texts(byte_level(tokens), byte_level({{"<tool>", token_kind::added},
                                                         {"<|im_start|>", token_kind::special},
                                                         {"[PAD]", token_kind::unused}})),
            (text_pairs{{"<|im_start|>", "<|im_start|>"}, {"<tool>", "<tool>"}}));
  EXPECT_EQ(shared_texts(byte_level(tokens), with_marks(tokens)), (text_pairs{{"a", "a"}, {"<tool>", "<tool>"}}));
}

TEST(shared_tokens, one_vocabulary_is_known_as_one) {
  const tokenizer one(small_vocabulary()), again(small_vocabulary(pre_tokenizer::qwen2));
  for (const auto by : {pairing::bytes, pairing::reference}) {
    const auto found = shared_between(one, again, by);
    EXPECT_TRUE(found.are_all);
    EXPECT_EQ(found.ids.size(), small_vocabulary().tokens.size() - 1); // without the unused one
    EXPECT_TRUE(std::ranges::all_of(found.ids, [](const auto& pair) { return pair.first == pair.second; }));
  }
  auto swapped = small_vocabulary();
  std::swap(swapped.tokens[0], swapped.tokens[1]);
  EXPECT_FALSE(shared_between(one, tokenizer(swapped)).are_all);
}

TEST(shared_tokens, may_be_none) {
  EXPECT_TRUE(shared_texts(byte_level({{"a"}}), byte_level({{"b"}})).empty());
  EXPECT_TRUE(shared_texts(byte_level({{"a"}}), byte_level({{"b"}}), pairing::reference).empty());
}

/// Counts of pairs: of two vocabularies of the catalogue, as the AVP SDK pairs them and by bytes.
struct real_pair {
  const char *source, *target;
  std::size_t raw, by_bytes;
};

std::ostream& operator<<(std::ostream& out, const real_pair& pair) {
  return out << pair.source << " and " << pair.target;
}

class shared_tokens_of_models : public testing::TestWithParam<real_pair> {};

TEST_P(shared_tokens_of_models, are_as_many_as_were_counted) {
  const auto& [source, target, raw, by_bytes] = GetParam();
  const tokenizer ours(open_model(test_model(source)).vocabulary), theirs(open_model(test_model(target)).vocabulary);
  const auto as_written = shared_between(ours, theirs, pairing::reference), found = shared_between(ours, theirs);
  EXPECT_EQ(as_written.ids.size(), raw);
  EXPECT_EQ(found.ids.size(), by_bytes);
  EXPECT_EQ(shared_between(theirs, ours).ids.size(), by_bytes);
  if (raw == by_bytes) { // two byte-level vocabularies
    EXPECT_EQ(found.ids, as_written.ids);
  }
}

INSTANTIATE_TEST_SUITE_P(qwen, shared_tokens_of_models,
                         testing::Values(real_pair{"qwen2.5-coder-0.5b-instruct", "smollm2-135m-instruct", 39237,
                                                   39237},
                                         real_pair{"qwen2.5-coder-0.5b-instruct", "gemma-3-270m", 24520, 95968},
                                         real_pair{"smollm2-135m-instruct", "gemma-3-270m", 14837, 46145}));

} // namespace
} // namespace avp::test
