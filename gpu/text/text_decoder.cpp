// Turns the texts of tokens into the text that they stand for, as they come.
#include "gpu/text/text_decoder.hpp"

#include <stdexcept>
#include <utility>

#include "gpu/text/byte_alphabet.hpp"
#include "gpu/text/subword_model.hpp"
#include "gpu/text/utf8.hpp"
#include "transport/utf8.hpp"

namespace avp {

namespace {

std::string with_replaced_text(std::string_view text, const text_matcher& matcher, std::string_view by) {
  std::string result;
  std::size_t done = 0;
  for (const auto& [begin, end] : matcher.find_all(text)) {
    result += text.substr(done, begin - done);
    result += by;
    done = end;
  }
  return result += text.substr(done);
}

bool is_one_character(std::string_view text) { return !text.empty() && read_utf8(text).length == text.size(); }

} // namespace

text_decoder::text_decoder(std::span<const decoder_step> steps) {
  bool is_fused = false;
  for (const auto& step : steps) {
    ready_decoder ready{step, {}, is_fused};
    if (step.kind == decoder_kind::replace || step.kind == decoder_kind::metaspace) {
      ready.matcher.emplace_back(step.pattern);
      if (is_fused && (step.pattern.is_regex || !is_one_character(step.pattern.text)))
        throw std::invalid_argument("a decoder behind Fuse looks for more than one character");
    }
    if (is_fused && (step.kind == decoder_kind::byte_fallback || step.kind == decoder_kind::byte_level))
      throw std::invalid_argument("the decoders ByteFallback and ByteLevel come too late, behind Fuse or each other");
    is_fused |= step.kind == decoder_kind::fuse || step.kind == decoder_kind::byte_level;
    steps_.push_back(std::move(ready));
  }
}

text_decoder::run::run(const text_decoder& decoder) : decoder_(&decoder), states_(decoder.steps_.size()) {}

std::string text_decoder::run::push(std::string_view token) {
  std::string out;
  take(0, token, out);
  return out;
}

std::string text_decoder::run::finish() {
  std::string out;
  for (std::size_t step = 0; step < states_.size(); ++step)
    flush_bytes(step, out);
  states_.assign(states_.size(), {});
  return out;
}

/// Hands a token through the steps from `step` on.
void text_decoder::run::take(std::size_t step, std::string_view token, std::string& out) {
  if (step == states_.size()) {
    out += token;
    return;
  }
  const auto& [what, matcher, is_fused] = decoder_->steps_[step];
  auto& state = states_[step];
  const bool is_first = !std::exchange(state.has_begun, true);
  switch (what.kind) {
  case decoder_kind::replace:
    return take(step + 1, with_replaced_text(token, matcher.front(), what.text), out);
  case decoder_kind::byte_fallback:
    return take_byte(step, token, out);
  case decoder_kind::fuse:
    return take(step + 1, token, out);
  case decoder_kind::strip:
    if (!is_fused)
      state = {};
    return take(step + 1, stripped(step, token), out);
  case decoder_kind::metaspace:
    return take(step + 1,
                with_replaced_text(token, matcher.front(), (is_first || is_fused) && what.drops_first ? "" : " "), out);
  case decoder_kind::byte_level: {
    state.held += bytes_of_alphabet(token).value_or(std::string(token));
    std::string whole;
    drain_utf8(state.held, whole, false);
    return take(step + 1, whole, out);
  }
  }
}

void text_decoder::run::take_byte(std::size_t step, std::string_view token, std::string& out) {
  if (const auto byte = byte_of_token(token)) {
    states_[step].held += static_cast<char>(*byte);
    return;
  }
  flush_bytes(step, out);
  take(step + 1, token, out);
}

/// A run of bytes is UTF-8 as a whole, or else each byte of it is a replacement character, as in the library.
void text_decoder::run::flush_bytes(std::size_t step, std::string& out) {
  const auto bytes = std::exchange(states_[step].held, {});
  if (bytes.empty())
    return;
  std::string text, rest = bytes;
  if (decoder_->steps_[step].step.kind == decoder_kind::byte_level) {
    drain_utf8(rest, text, true);
    return take(step + 1, text, out);
  }
  if (is_utf8(bytes))
    return take(step + 1, bytes, out);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    take(step + 1, replacement_character, out);
}

std::string text_decoder::run::stripped(std::size_t step, std::string_view token) {
  const auto& what = decoder_->steps_[step].step;
  auto& state = states_[step];
  while (!state.is_cut && !token.empty()) {
    if (state.stripped < what.count && token.starts_with(what.pattern.text)) {
      token.remove_prefix(what.pattern.text.size());
      ++state.stripped;
    } else {
      state.is_cut = true;
    }
  }
  return std::string(token);
}

} // namespace avp
