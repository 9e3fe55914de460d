// A byte-level BPE vocabulary small enough to be followed by hand.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "gpu/text/byte_alphabet.hpp"
#include "gpu/text/vocabulary.hpp"

namespace avp::test {

/// Ids: 0 to 255 the bytes, 256 to 270 what the merges make, 271 "Ġworlds" that no merge makes, 272 `<|endoftext|>`,
/// 273
/// `<|im_start|>`, 274 `<|im_end|>`, 275 `<tool>` and 276 `<tool>s` (both added, not special), 277 unused.
inline vocabulary small_vocabulary(pre_tokenizer split = pre_tokenizer::gpt2) {
  vocabulary small;
  small.split = split;
  small.merges = {{"h", "e"},  {"l", "l"},   {"he", "ll"}, {"hell", "o"},  {"Ġ", "w"},
                  {"o", "r"},  {"Ġw", "or"}, {"l", "d"},   {"Ġwor", "ld"}, {"1", "2"},
                  {"12", "3"}, {"a", "a"},   {"aa", "aa"}, {"Ġ", "Ġ"},     {"Ã", "©"}};
  for (const std::string& letter : byte_alphabet())
    small.tokens.push_back({letter, token_kind::normal});
  for (const auto& [left, right] : small.merges)
    small.tokens.push_back({left + right, token_kind::normal});
  small.tokens.push_back({"Ġworlds", token_kind::normal});
  for (const char* text : {"<|endoftext|>", "<|im_start|>", "<|im_end|>"})
    small.tokens.push_back({text, token_kind::special});
  for (const char* text : {"<tool>", "<tool>s"})
    small.tokens.push_back({text, token_kind::added});
  small.tokens.push_back({"[PAD]", token_kind::unused});
  small.bos = 272;
  small.end_of_turn = {274, 272};
  return small;
}

} // namespace avp::test
