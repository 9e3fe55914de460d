// tokenizer.model, the file of SentencePiece, as the tests write it: a protocol buffer.
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/model/model_error.hpp"
#include "gpu/text/sentencepiece_model.hpp"
#include "gpu/text/tokenizer.hpp"
#include "gpu/text/tokenizer_json.hpp"
#include "tests/temporary_folder.hpp"

namespace avp {
namespace {

using ids = std::vector<std::int32_t>;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7U)
    bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}

std::string number_field(int field, std::uint64_t value) {
  return varint(static_cast<std::uint64_t>(field) << 3U) + varint(value);
}

std::string bytes_field(int field, const std::string& bytes) {
  return varint(static_cast<std::uint64_t>(field) << 3U | 2) + varint(bytes.size()) + bytes;
}

std::string piece_message(const std::string& text, float score, int type = 1) {
  std::string bits(sizeof score, '\0');
  std::memcpy(bits.data(), &score, sizeof score);
  return bytes_field(1, bytes_field(1, text) + varint(2U << 3U | 5) + bits + (type == 1 ? "" : number_field(3, type)));
}

constexpr int unigram = 1, bpe = 2, word = 3;

std::string trained_as(int kind, const std::string& more = {}) { return bytes_field(2, number_field(3, kind) + more); }

// No blanks taken out, unless `more` says otherwise; the last of a field counts.
std::string normalized_by(const std::string& more = {}) {
  return bytes_field(3, bytes_field(1, "identity") + number_field(4, 0) + more);
}

/// Ids: 0 `<unk>`, 1 `<s>`, 2 `</s>`, then ▁ a b ab ▁a.
std::string small_model() {
  return piece_message("<unk>", 0, 2) + piece_message("<s>", 0, 3) + piece_message("</s>", 0, 3) +
         piece_message("\u2581", -4) + piece_message("a", -5) + piece_message("b", -6) + piece_message("ab", -2) +
         piece_message("\u2581a", -1);
}

class sentencepiece_model : public testing::Test {
protected:
  [[nodiscard]] vocabulary read(const std::string& bytes) const {
    return read_sentencepiece_model(folder_.write("tokenizer.model", bytes));
  }

  [[nodiscard]] std::string error(const std::string& bytes) const {
    try {
      (void)read(bytes);
    } catch (const model_error& error) {
      return error.what();
    }
    return "(no error)";
  }

  static ids encoded(const vocabulary& of, const std::string& text) { return tokenizer(of).encode(text); }

  test::temporary_folder folder_;
};

TEST_F(sentencepiece_model, of_both_kinds_is_read) {
  const auto merged = read(small_model() + trained_as(bpe) + normalized_by());
  EXPECT_EQ(merged.model, subword_kind::scored_bpe);
  EXPECT_EQ(merged.unknown, 0);
  EXPECT_EQ(merged.bos, 1);
  EXPECT_THAT(merged.end_of_turn, ElementsAre(2));
  EXPECT_EQ(merged.tokens[1].kind, token_kind::special);
  EXPECT_EQ(merged.tokens[7].score, -1);
  EXPECT_EQ(encoded(merged, "ab a"), (ids{7, 5, 7})) << "the better pair first";
  EXPECT_EQ(encoded(merged, "abx"), (ids{7, 5, 0}));
  const auto likely = read(small_model() + trained_as(unigram) + normalized_by());
  EXPECT_EQ(likely.model, subword_kind::unigram);
  EXPECT_EQ(encoded(likely, "ab a"), (ids{3, 6, 7})) << "the greatest sum";
  const auto plain = read(small_model() + piece_message("<tool>", 0, 4) + piece_message("\u2581\u2581", 0, 4) +
                          trained_as(bpe) + normalized_by(number_field(3, 0)));
  EXPECT_EQ(plain.tokens[8].kind, token_kind::added);
  EXPECT_EQ(tokenizer(plain).encode(marked_text::trusted("a<tool>b  a")), (ids{4, 8, 5, 9, 4}));
  EXPECT_EQ(encoded(plain, "ab a"), (ids{6, 7})) << "no blank in front";
  EXPECT_EQ(tokenizer(plain).decode(ids{6, 7}, special_text::hidden), "ab a");
  EXPECT_EQ(tokenizer(merged).decode(ids{7, 5, 7}, special_text::hidden), "ab a");
}

TEST_F(sentencepiece_model, falls_back_to_bytes_where_it_has_them) {
  auto bytes = small_model();
  for (int byte = 0; byte < 256; ++byte) {
    constexpr const char* digits = "0123456789ABCDEF";
    bytes += piece_message(std::string("<0x") + digits[byte / 16] + digits[byte % 16] + ">", 0, 6);
  }
  const auto model = read(bytes + trained_as(bpe, number_field(35, 1)) + normalized_by());
  EXPECT_EQ(encoded(model, "aé"), (ids{7, 8 + 0xC3, 8 + 0xA9}));
  EXPECT_EQ(tokenizer(model).decode(ids{7, 8 + 0xC3, 8 + 0xA9}, special_text::hidden), "aé");
  EXPECT_EQ(encoded(read(bytes + trained_as(bpe) + normalized_by()), "aé"), (ids{7, 0}));
}

TEST_F(sentencepiece_model, what_cannot_be_done_exactly_is_refused_by_name) {
  EXPECT_THAT(error(small_model() + trained_as(word) + normalized_by()), HasSubstr("type WORD or CHAR"));
  EXPECT_THAT(
      error(small_model() + trained_as(bpe) + bytes_field(3, bytes_field(1, "nmt_nfkc") + bytes_field(2, "table"))),
      HasSubstr("replaces characters by the table \"nmt_nfkc\" (precompiled_charsmap)"));
  EXPECT_THAT(error(small_model() + trained_as(bpe) + normalized_by(number_field(4, 1))),
              HasSubstr("remove_extra_whitespaces"));
  EXPECT_THAT(error(small_model() + trained_as(bpe)), HasSubstr("remove_extra_whitespaces")) << "unless said";
  EXPECT_THAT(error(small_model() + trained_as(bpe) + normalized_by(number_field(5, 0))),
              HasSubstr("escape_whitespaces"));
  EXPECT_THAT(error(small_model() + trained_as(bpe, number_field(24, 1)) + normalized_by()),
              HasSubstr("treat_whitespace_as_suffix"));
  EXPECT_THAT(error(small_model() + piece_message("<tool>", 0, 4) + trained_as(bpe) + normalized_by()),
              HasSubstr("(add_dummy_prefix) and has pieces of its user (\"<tool>\")"));
  EXPECT_THAT(error(""), HasSubstr("is damaged or no model of SentencePiece"));
  const auto whole = small_model() + trained_as(bpe) + normalized_by();
  EXPECT_THAT(error(whole.substr(0, whole.size() - 3)), HasSubstr("is damaged"));
  EXPECT_THAT(error("IQ== 0\nIg== 1\n"),
              AllOf(HasSubstr("tokenizer.model: "), HasSubstr("tokenizer.json of the model")));
}

// Whatever stands in a file, it is read or refused.
TEST_F(sentencepiece_model, no_damage_is_fatal) {
  const auto whole = small_model() + trained_as(bpe, number_field(35, 1)) + normalized_by();
  const auto read_or_refuse = [](const std::string& bytes) {
    try {
      const tokenizer tokens(parse_sentencepiece_model(bytes, "damaged"));
      return tokens.encode("ab a").size();
    } catch (const model_error&) {
      return std::size_t{0};
    }
  };
  ASSERT_GT(read_or_refuse(small_model() + trained_as(bpe) + normalized_by()), 0U);
  for (std::size_t length = 0; length < whole.size(); ++length)
    (void)read_or_refuse(whole.substr(0, length));
  for (std::size_t i = 0; i < whole.size(); ++i)
    for (const int bit : {1, 2, 4, 8, 16, 32, 64, 128}) {
      auto damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ bit);
      (void)read_or_refuse(damaged);
    }
}

TEST_F(sentencepiece_model, is_completed_by_the_files_beside_it) {
  const auto model = small_model() + trained_as(bpe) + normalized_by();
  folder_.write("tokenizer.model", model);
  auto read_all = [&] { return read_tokenizer_json(folder_.path()); };
  EXPECT_THAT(read_all().before, ElementsAre(1));
  EXPECT_THAT(read_all().after, ElementsAre());
  EXPECT_THAT(read_all().end_of_turn, ElementsAre(2));
  folder_.write("added_tokens.json", R"({"<|im_end|>": 8, "<pad>": 10})");
  folder_.write("tokenizer_config.json", R"({"add_bos_token": false, "add_eos_token": true, "eos_token": "<|im_end|>",
    "chat_template": "{{ messages }}",
    "added_tokens_decoder": {"0": {"content": "<unk>", "special": true}, "9": {"content": "<|user|>", "special": true,
                             "rstrip": true}}})");
  const auto all = read_all();
  ASSERT_EQ(all.tokens.size(), 11);
  EXPECT_EQ(all.tokens[8].kind, token_kind::added);
  EXPECT_EQ(all.tokens[9].text, "<|user|>");
  EXPECT_EQ(all.tokens[9].kind, token_kind::special);
  EXPECT_TRUE(all.tokens[9].takes_right_blanks);
  EXPECT_EQ(all.tokens[10].text, "<pad>");
  EXPECT_THAT(all.before, ElementsAre());
  EXPECT_THAT(all.after, ElementsAre(8));
  EXPECT_THAT(all.end_of_turn, ElementsAre(8, 2));
  EXPECT_EQ(all.chat_template, "{{ messages }}");
  EXPECT_EQ(encoded(all, "a"), ids{7});
  const auto error_with = [&](const std::string& added) -> std::string {
    folder_.write("added_tokens.json", added);
    try {
      (void)read_all();
    } catch (const model_error& error) {
      return error.what();
    }
    return "(no error)";
  };
  EXPECT_THAT(error_with(R"({"x": 4})"), HasSubstr("\"x\" has the id 4 of \"a\" in tokenizer.model"));
  EXPECT_THAT(error_with(R"({"x": 4000000000})"), HasSubstr("far from the"));
  EXPECT_THAT(error_with(R"({"x": "4"})"), HasSubstr("added_tokens.json"));
}

TEST_F(sentencepiece_model, tokenizer_json_goes_before_it) {
  folder_.write("tokenizer.model", "damaged");
  folder_.write("tokenizer.json", R"({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}, "pre_tokenizer": null,
    "decoder": {"type": "Fuse"}, "added_tokens": [{"id": 1, "content": "</s>", "special": true}]})");
  folder_.write("tokenizer_config.json", R"({"eos_token": "</s>"})");
  EXPECT_EQ(read_tokenizer_json(folder_.path()).tokens.size(), 2);
}

} // namespace
} // namespace avp
