// From logits to text.
#include "gpu/engine/answer_decoder.hpp"

#include <utility>
#include <vector>

#include "gpu/kernels/row_kernels.hpp"

namespace avp {

answer_decoder::answer_decoder(answer_settings settings, const tokenizer& tokens)
    : settings_(std::move(settings)),
      tokenizer_(tokens),
      sampler_(settings_.sampling, settings_.seed, settings_.fed),
      stop_(settings_.stop),
      stream_(tokens) {}

// The penalty for repetition changes logits, and certainty is that of the model.
std::int32_t answer_decoder::choose(std::span<float> logits) {
  if (!settings_.wants_certainty)
    return sampler_.next(logits);
  const auto described = cpu_row_kernels().distribution_of(logits.data(), static_cast<std::int64_t>(logits.size()));
  std::vector<float> unchanged;
  if (settings_.sampling.repetition_penalty != 1)
    unchanged.assign(logits.begin(), logits.end());
  const auto token = sampler_.next(logits);
  sums_.log_probability += (unchanged.empty() ? logits[token] : unchanged[token]) - described.log_sum;
  sums_.entropy += described.entropy;
  return token;
}

bool answer_decoder::take(std::int32_t token) {
  ++tokens_;
  if (tokenizer_.is_end_of_turn(token)) {
    end(finish_reason::end_of_turn);
    return false;
  }
  show(stop_.feed(stream_.push(token)));
  if (stop_.stopped())
    end(finish_reason::stop_string);
  else if (tokens_ >= settings_.max_new_tokens)
    end(finish_reason::length);
  return true;
}

void answer_decoder::end(finish_reason reason) {
  is_through_ = true;
  finish_ = reason;
  if (reason != finish_reason::stop_string)
    show(stop_.feed(stream_.finish()) + stop_.finish());
}

void answer_decoder::show(const std::string& text) {
  if (text.empty())
    return;
  text_ += text;
  if (settings_.on_text)
    settings_.on_text(text);
}

std::optional<certainty> answer_decoder::how_certain() const {
  if (!settings_.wants_certainty)
    return std::nullopt;
  const auto count = static_cast<double>(tokens_);
  return certainty{sums_.log_probability / count, sums_.entropy / count};
}

} // namespace avp
