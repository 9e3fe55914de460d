// Form NFC, as the Python package `tokenizers` has it.
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gpu/text/byte_alphabet.hpp"
#include "gpu/text/normalizer.hpp"
#include "gpu/text/tokenizer.hpp"
#include "gpu/text/tokenizer_json.hpp"
#include "tests/gpu/model/tiny_model.hpp"
#include "tests/temporary_folder.hpp"
#include "tests/test_data.hpp"

namespace {

using nlohmann::json;

json fixture() {
  std::ifstream in(avp::test::test_data("nfc.json"));
  return json::parse(in);
}

std::string composed(const std::string& text) {
  const std::vector<avp::normalizer_step> steps{{.kind = avp::normalizer_kind::nfc}};
  return avp::normalizer(steps).apply(text).text;
}

/// The bytes and `<|im_start|>` (256).
avp::vocabulary bytes(bool is_nfc) {
  avp::vocabulary result;
  for (const auto& letter : avp::byte_alphabet())
    result.tokens.push_back({letter, avp::token_kind::normal});
  result.tokens.push_back({"<|im_start|>", avp::token_kind::special});
  result.end_of_turn = {256};
  if (is_nfc)
    result.normalizers = {{.kind = avp::normalizer_kind::nfc}};
  return result;
}

TEST(nfc, texts_become_what_tokenizers_makes_of_them) {
  const auto texts = fixture().at("texts");
  ASSERT_GT(texts.size(), 1000U);
  for (const auto& pair : texts)
    EXPECT_EQ(composed(pair[0]), pair[1].get<std::string>()) << pair.dump(-1, ' ', true);
}

TEST(nfc, bytes_that_are_no_characters_stay_and_part_what_is_around_them) {
  EXPECT_EQ(composed("e\u0301\xff\u0301"), "é\xff\u0301");
  EXPECT_EQ(composed("e\xcc"), "e\xcc");
  EXPECT_EQ(composed("\xed\xa0\x80"
                     "e\u0301"),
            "\xed\xa0\x80é");
}

TEST(nfc, text_between_special_tokens_is_normalised_piece_by_piece) {
  const avp::tokenizer with(bytes(true)), without(bytes(false));
  for (const auto& pair : fixture().at("tokens"))
    EXPECT_EQ(with.encode(pair[0].get<std::string>()), pair[1].get<std::vector<std::int32_t>>()) << pair.dump();
  EXPECT_EQ(without.encode("e\u0301"), (std::vector<std::int32_t>{'e', 0xCC, 0x81})) << "of a GGUF file";
}

TEST(nfc, a_tokenizer_json_says_whether_text_is_normalised) {
  const avp::test::temporary_folder folder;
  auto root = avp::test::tiny_tokenizer_json();
  const auto read = [&](const json& normalizer) {
    root["normalizer"] = normalizer;
    folder.write("tokenizer.json", root.dump());
    return avp::read_tokenizer_json(folder.path()).normalizers;
  };
  const std::vector<avp::normalizer_step> nfc{{.kind = avp::normalizer_kind::nfc}};
  EXPECT_TRUE(read(nullptr).empty());
  EXPECT_TRUE(read({{"type", "Sequence"}, {"normalizers", json::array()}}).empty());
  EXPECT_EQ(read({{"type", "NFC"}}), nfc);
  EXPECT_EQ(read({{"type", "Sequence"}, {"normalizers", {{{"type", "NFC"}}}}}), nfc);
}

} // namespace
