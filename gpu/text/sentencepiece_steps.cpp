// What SentencePiece does around its models.
#include "gpu/text/sentencepiece_steps.hpp"

#include <string>

namespace avp {

void add_sentencepiece_steps(bool adds_prefix, vocabulary& to) {
  const std::string mark = "\u2581";
  const auto add_normalizer = [&](normalizer_kind kind, const char* pattern) {
    auto& step = to.normalizers.emplace_back();
    step.kind = kind;
    step.pattern.text = pattern;
    step.text = mark;
  };
  const auto add_decoder = [&](decoder_kind kind, const std::string& pattern, const char* text) -> decoder_step& {
    auto& step = to.decoders.emplace_back();
    step.kind = kind;
    step.pattern.text = pattern;
    step.text = text;
    return step;
  };
  if (adds_prefix)
    add_normalizer(normalizer_kind::prepend, "");
  add_normalizer(normalizer_kind::replace, " ");
  to.split = pre_tokenizer::steps;
  to.byte_fallback = true;
  add_decoder(decoder_kind::replace, mark, " ");
  add_decoder(decoder_kind::byte_fallback, "", "");
  add_decoder(decoder_kind::fuse, "", "");
  if (adds_prefix)
    add_decoder(decoder_kind::strip, " ", "").count = 1;
}

} // namespace avp
