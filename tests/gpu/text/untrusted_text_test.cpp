// Special tokens that are spelled out in data: text like any other, whatever stands beside them.
#include <algorithm>
#include <fstream>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gpu/model/open_model.hpp"
#include "gpu/text/tokenizer.hpp"
#include "tests/gpu/model/test_models.hpp"
#include "tests/gpu/text/small_vocabulary.hpp"
#include "tests/test_data.hpp"

namespace avp {
namespace {

using ids = std::vector<std::int32_t>;
using nlohmann::json;
using test::small_vocabulary;

marked_text trusted(const std::string& text) { return marked_text::trusted(text); }

bool is_whole(const vocabulary_token& token) {
  return token.kind == token_kind::special || token.kind == token_kind::added;
}

vocabulary without_whole_tokens(vocabulary source) {
  source.end_of_turn.clear();
  for (auto& token : source.tokens)
    if (is_whole(token))
      token.kind = token_kind::unused;
  return source;
}

/// What marked text must come to, found the slow way: at each place every special and added token is tried, and what
/// lies between those that fit is read by a tokenizer which does not know any.
class slow_tokenizer {
public:
  explicit slow_tokenizer(const vocabulary& source) : plain_(without_whole_tokens(source)) {
    for (std::size_t id = 0; id < source.tokens.size(); ++id)
      if (is_whole(source.tokens[id]) && !source.tokens[id].text.empty())
        whole_.emplace_back(source.tokens[id].text, static_cast<std::int32_t>(id));
    std::stable_sort(whole_.begin(), whole_.end(),
                     [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
  }

  [[nodiscard]] const std::vector<std::pair<std::string, std::int32_t>>& whole() const { return whole_; }

  [[nodiscard]] ids encode(const marked_text& text) const {
    ids all;
    std::string between;
    const auto flush = [&] {
      const auto some = plain_.encode(std::exchange(between, {}));
      all.insert(all.end(), some.begin(), some.end());
    };
    for (std::size_t at = 0; at < text.text().size();) {
      const auto fits = std::find_if(whole_.begin(), whole_.end(), [&](const auto& token) {
        return text.text().compare(at, token.first.size(), token.first) == 0 &&
               std::all_of(text.data().begin(), text.data().end(), [&](const text_range& data) {
                 return data.end <= at || data.begin >= at + token.first.size();
               });
      });
      if (fits == whole_.end()) {
        between += text.text()[at++];
        continue;
      }
      flush();
      all.push_back(fits->second);
      at += fits->first.size();
    }
    flush();
    return all;
  }

private:
  tokenizer plain_;
  std::vector<std::pair<std::string, std::int32_t>> whole_; // the longest first
};

void expect_data_is_text(const vocabulary& source) {
  const tokenizer tokens(source);
  const slow_tokenizer slow(source);
  ASSERT_FALSE(slow.whole().empty());
  for (const auto& [token, id] : slow.whole()) {
    SCOPED_TRACE(token);
    EXPECT_EQ(tokens.encode(trusted(token)), ids{id});
    const auto as_text = tokens.encode(token);
    for (const auto one : as_text)
      EXPECT_EQ(source.tokens[static_cast<std::size_t>(one)].kind, token_kind::normal) << one;
    EXPECT_EQ(as_text, slow.encode(token));
    EXPECT_EQ(tokens.decode(as_text), token);

    auto three = ids{id};
    three.insert(three.end(), as_text.begin(), as_text.end());
    three.push_back(id);
    EXPECT_EQ(tokens.encode(trusted(token) + token + trusted(token)), three) << "beside each other";

    for (const auto& [before, after] : std::vector<std::pair<std::string, std::string>>{
             {"", ""}, {"Hello ", " there"}, {"a\n", "\nb"}, {"x", "y"}, {"  ", ""}, {"1", "2"}, {"<|", "|>"}}) {
      const auto all = before + token + after;
      const auto plain = slow.encode(all);
      EXPECT_EQ(tokens.encode(all), plain) << before;
      EXPECT_EQ(tokens.encode(trusted(before) + token + trusted(after)),
                slow.encode(trusted(before) + token + trusted(after)));
      EXPECT_EQ(tokens.encode(before + trusted(token) + after), slow.encode(before + trusted(token) + after));
      for (std::size_t cut = 1; cut < token.size(); ++cut) {
        const auto head = token.substr(0, cut), tail = token.substr(cut);
        for (const auto& mixed :
             {trusted(before + head) + (tail + after), before + head + trusted(tail + after),
              trusted(before + head) + tail + trusted(after), trusted(before + head) + "" + trusted(tail + after),
              trusted(before + head.substr(0, cut - 1)) + head.substr(cut - 1) + trusted(tail + after)})
          EXPECT_EQ(tokens.encode(mixed), slow.encode(mixed)) << before << " cut at " << cut;
      }
    }
  }
}

class untrusted_text_splits : public testing::TestWithParam<pre_tokenizer> {};

TEST_P(untrusted_text_splits, has_no_special_tokens_wherever_it_begins_and_ends) {
  auto source = small_vocabulary(GetParam());
  expect_data_is_text(source);
  source.ignore_merges = true;
  expect_data_is_text(source);
}

INSTANTIATE_TEST_SUITE_P(all, untrusted_text_splits,
                         testing::Values(pre_tokenizer::gpt2, pre_tokenizer::smollm, pre_tokenizer::llama_bpe,
                                         pre_tokenizer::qwen2));

TEST(untrusted_text, moves_no_merges_at_its_edges) {
  const tokenizer tokens(small_vocabulary());
  EXPECT_EQ(tokens.encode(trusted("hel") + "lo w" + trusted("orld")), (ids{259, 264}));
  EXPECT_EQ(tokens.encode(trusted("caf\xc3") + "\xa9"), (ids{99, 97, 102, 270})) << "a character cut in two";
  EXPECT_EQ(tokens.encode(trusted("<|im_end|>hel") + "lo" + trusted("<|im_end|>")), (ids{274, 259, 274}));
}

TEST(untrusted_text, special_tokens_made_of_both_are_none) {
  const tokenizer tokens(small_vocabulary());
  const ids spelled = tokens.encode("<|im_end|>");
  EXPECT_EQ(spelled, (ids{60, 124, 105, 109, 95, 101, 110, 100, 124, 62}));
  EXPECT_EQ(tokens.encode(trusted("<|im_") + "end|>"), spelled);
  EXPECT_EQ(tokens.encode("<|im_" + trusted("end|>")), spelled);
  EXPECT_EQ(tokens.encode(trusted("<|im_") + "end" + trusted("|>")), spelled);
  EXPECT_EQ(tokens.encode(trusted("<|im_") + "" + trusted("end|>")), spelled) << "an empty field";
  EXPECT_EQ(tokens.encode(trusted("<|im_") + trusted("end|>")), ids{274});
}

TEST(untrusted_text, a_shorter_token_in_front_of_it_counts) {
  const tokenizer tokens(small_vocabulary());
  EXPECT_EQ(tokens.encode(trusted("<tool>s")), ids{276});
  EXPECT_EQ(tokens.encode(trusted("<tool>") + "s"), (ids{275, 115}));
  EXPECT_EQ(tokens.encode(trusted("<tool>") + "" + trusted("s")), (ids{275, 115}));
}

// Vocabularies in which plain text could come to a special token.
TEST(untrusted_text, neither_merges_nor_whole_pieces_make_a_special_token) {
  auto source = small_vocabulary(pre_tokenizer::llama_bpe);
  source.tokens[259].kind = token_kind::special; // "hello", which merges make
  source.tokens[271].kind = token_kind::special; // "Ġworlds", a whole piece
  source.tokens[271].text = "worlds";
  source.ignore_merges = true;
  const tokenizer tokens(source);
  EXPECT_EQ(tokens.encode(trusted("hello")), ids{259});
  EXPECT_EQ(tokens.encode("hello"), (ids{258, 111}));
  EXPECT_EQ(tokens.encode(trusted("worlds")), ids{271});
  EXPECT_EQ(tokens.encode("worlds"), (ids{119, 261, 263, 115}));
}

// --- real models

struct untrusted_text_fixture {
  const char* model;
  const char* file;
};

std::ostream& operator<<(std::ostream& out, const untrusted_text_fixture& fixture) { return out << fixture.model; }

class untrusted_text_of_model : public testing::TestWithParam<untrusted_text_fixture> {};

TEST_P(untrusted_text_of_model, has_no_special_tokens_wherever_it_begins_and_ends) {
  expect_data_is_text(open_model(test_model(GetParam().model)).vocabulary);
}

TEST_P(untrusted_text_of_model, agrees_with_its_fixture) {
  const tokenizer tokens(open_model(test_model(GetParam().model)).vocabulary);
  const auto fixture = json::parse(std::ifstream(test::test_data(GetParam().file)));
  ASSERT_GE(fixture.at("untrusted").size(), 20u);
  for (const auto& one : fixture.at("untrusted"))
    EXPECT_EQ(tokens.encode(one.at("text").get<std::string>()), one.at("ids").get<ids>()) << one.at("text");
  for (const auto& one : fixture.at("tokenize")) { // a text without special tokens is the same as data
    const auto text = one.at("text").get<std::string>();
    if (text.find("<") == std::string::npos) {
      EXPECT_EQ(tokens.encode(text), one.at("ids").get<ids>()) << text;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(real, untrusted_text_of_model,
                         testing::Values(untrusted_text_fixture{"smollm2-135m-instruct", "tokenizer_smollm2.json"},
                                         untrusted_text_fixture{"qwen2.5-coder-0.5b-instruct",
                                                                "tokenizer_qwen2.5-coder-0.5b.json"}));

} // namespace
} // namespace avp
