// Reads the steps of a tokenizer.json: normalizer, pre_tokenizer, decoder, post_processor.
#include "gpu/text/tokenizer_steps_json.hpp"

#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "gpu/model/model_error.hpp"
#include "gpu/text/json_file.hpp"
#include "gpu/text/text_matcher.hpp"
#include "gpu/text/unicode_class.hpp"
#include "transport/name_table.hpp"

namespace avp {

template <>
inline constexpr auto name_table<split_behavior> = std::to_array<named_value<split_behavior>>({
    {split_behavior::removed, "Removed"},
    {split_behavior::isolated, "Isolated"},
    {split_behavior::merged_with_previous, "MergedWithPrevious"},
    {split_behavior::merged_with_next, "MergedWithNext"},
    {split_behavior::contiguous, "Contiguous"},
});

template <>
inline constexpr auto name_table<prepend_scheme> = std::to_array<named_value<prepend_scheme>>({
    {prepend_scheme::never, "never"},
    {prepend_scheme::first, "first"},
    {prepend_scheme::always, "always"},
});

template <>
inline constexpr auto name_table<normalizer_kind> = std::to_array<named_value<normalizer_kind>>({
    {normalizer_kind::nfc, "NFC"},
    {normalizer_kind::nfd, "NFD"},
    {normalizer_kind::nfkc, "NFKC"},
    {normalizer_kind::nfkd, "NFKD"},
    {normalizer_kind::lowercase, "Lowercase"},
    {normalizer_kind::strip_accents, "StripAccents"},
    {normalizer_kind::strip, "Strip"},
    {normalizer_kind::prepend, "Prepend"},
    {normalizer_kind::replace, "Replace"},
});

template <>
inline constexpr auto name_table<decoder_kind> = std::to_array<named_value<decoder_kind>>({
    {decoder_kind::replace, "Replace"},
    {decoder_kind::byte_fallback, "ByteFallback"},
    {decoder_kind::fuse, "Fuse"},
    {decoder_kind::strip, "Strip"},
    {decoder_kind::metaspace, "Metaspace"},
    {decoder_kind::byte_level, "ByteLevel"},
});

namespace {

using nlohmann::json;

/// The steps of a part in one row: sequences may hold sequences.
std::vector<json> steps_of(const json& part, const char* sequence_key) {
  if (part.is_null())
    return {};
  if (type_of(part) != "Sequence")
    return {part};
  std::vector<json> steps;
  for (const json& inner : part.at(sequence_key))
    for (auto& step : steps_of(inner, sequence_key))
      steps.push_back(std::move(step));
  return steps;
}

splitter_step split_by_pattern(std::string regex, split_behavior behavior, bool invert = false) {
  splitter_step step;
  step.pattern = {std::move(regex), true};
  step.behavior = behavior;
  step.invert = invert;
  return step;
}

std::int32_t token_id(const json& id) {
  const auto number = id.get<std::int64_t>();
  return number >= 0 && number <= std::numeric_limits<std::int32_t>::max() ? static_cast<std::int32_t>(number) : -1;
}

} // namespace

void tokenizer_steps_reader::refuse(const std::string& part, const json& step, const std::string& why) const {
  throw model_error(path_.string() + ": the " + part + " step " + type_of(step) + " is not supported" +
                    (why.empty() ? "" : ": " + why + ", in " + shown(step)) + ". A GGUF file of the model may work");
}

step_pattern tokenizer_steps_reader::read_pattern(const json& step, const std::string& part) const {
  const json& pattern = step.at("pattern");
  step_pattern result;
  if (const json& text = get(pattern, "String"); text.is_string())
    result.text = text.get<std::string>();
  else
    result = {pattern.at("Regex").get<std::string>(), true};
  try {
    (void)text_matcher(result);
  } catch (const std::invalid_argument& error) {
    refuse(part, step, error.what());
  }
  return result;
}

std::vector<normalizer_step> tokenizer_steps_reader::normalizers(const json& part) const {
  std::vector<normalizer_step> steps;
  for (const json& step : steps_of(part, "normalizers"))
    steps.push_back(read_normalizer(step));
  return steps;
}

normalizer_step tokenizer_steps_reader::read_normalizer(const json& step) const {
  const auto kind = value_named<normalizer_kind>(type_of(step));
  if (!kind)
    refuse("normalizer", step);
  normalizer_step result;
  result.kind = *kind;
  if (*kind == normalizer_kind::strip) {
    result.left = get_flag(step, "strip_left", false);
    result.right = get_flag(step, "strip_right", false);
  } else if (*kind == normalizer_kind::prepend) {
    result.text = step.at("prepend").get<std::string>();
  } else if (*kind == normalizer_kind::replace) {
    result.pattern = read_pattern(step, "normalizer");
    result.text = step.at("content").get<std::string>();
  }
  return result;
}

std::vector<splitter_step> tokenizer_steps_reader::splitters(const json& part) const {
  std::vector<splitter_step> steps;
  for (const json& step : steps_of(part, "pretokenizers"))
    steps.push_back(read_splitter(step));
  return steps;
}

splitter_step tokenizer_steps_reader::read_splitter(const json& step) const {
  const auto type = type_of(step);
  const auto behavior = [&](std::optional<split_behavior> otherwise) {
    const json& name = get(step, "behavior");
    const auto found = name.is_string() ? value_named<split_behavior>(name.get<std::string>()) : otherwise;
    if (!found)
      refuse("pre_tokenizer", step, "its behavior is unknown");
    return *found;
  };
  if (type == "Split") {
    splitter_step result;
    result.pattern = read_pattern(step, "pre_tokenizer");
    result.behavior = behavior(std::nullopt);
    result.invert = get_flag(step, "invert", false);
    return result;
  }
  if (type == "Digits")
    return split_by_pattern(R"(\p{N})", get_flag(step, "individual_digits", false) ? split_behavior::isolated
                                                                                   : split_behavior::contiguous);
  if (type == "Punctuation") // of Unicode, and what ASCII has besides
    return split_by_pattern(R"([\p{P}$+<=>^`|~])", behavior(split_behavior::isolated));
  if (type == "Whitespace") {
    const std::string word = word_characters;
    return split_by_pattern("[" + word + "]+|[^" + word + R"(\s]+)", split_behavior::removed, true);
  }
  if (type == "WhitespaceSplit")
    return split_by_pattern(R"(\s)", split_behavior::removed);
  if (type == "CharDelimiterSplit") {
    splitter_step result;
    result.pattern.text = step.at("delimiter").get<std::string>();
    result.behavior = split_behavior::removed;
    return result;
  }
  if (type == "Metaspace")
    return read_metaspace(step);
  if (type != "ByteLevel")
    refuse("pre_tokenizer", step);
  splitter_step result;
  result.kind = splitter_kind::byte_level;
  result.prefix_space = get_flag(step, "add_prefix_space", true);
  result.splits = get_flag(step, "use_regex", true);
  return result;
}

splitter_step tokenizer_steps_reader::read_metaspace(const json& step) const {
  splitter_step result;
  result.kind = splitter_kind::metaspace;
  result.pattern.text = step.at("replacement").get<std::string>();
  if (result.pattern.text.empty())
    refuse("pre_tokenizer", step, "its replacement is empty");
  result.splits = get_flag(step, "split", true);
  const json& scheme = get(step, "prepend_scheme");
  const bool older_prefix = get_flag(step, "add_prefix_space", true); // before there were schemes
  const auto named = scheme.is_string() ? value_named<prepend_scheme>(scheme.get<std::string>())
                                        : std::optional(older_prefix ? prepend_scheme::always : prepend_scheme::never);
  if (!named)
    refuse("pre_tokenizer", step, "its prepend_scheme is unknown");
  result.prepend = *named;
  return result;
}

std::vector<decoder_step> tokenizer_steps_reader::decoders(const json& part) const {
  std::vector<decoder_step> steps;
  for (const json& step : steps_of(part, "decoders"))
    steps.push_back(read_decoder(step));
  return steps;
}

decoder_step tokenizer_steps_reader::read_decoder(const json& step) const {
  const auto kind = value_named<decoder_kind>(type_of(step));
  if (!kind)
    refuse("decoder", step);
  decoder_step result;
  result.kind = *kind;
  if (*kind == decoder_kind::replace) {
    result.pattern = read_pattern(step, "decoder");
    result.text = step.at("content").get<std::string>();
  } else if (*kind == decoder_kind::strip) {
    result.pattern.text = step.at("content").get<std::string>();
    const auto start = step.at("start").get<std::int64_t>();
    if (result.pattern.text.empty() || start < 0 || step.at("stop") != 0)
      refuse("decoder", step, "it has no character, or cuts the end of a text");
    result.count = static_cast<std::size_t>(start);
  } else if (*kind == decoder_kind::metaspace) {
    const auto scheme = read_metaspace(step);
    result.pattern = scheme.pattern;
    result.drops_first = scheme.prepend != prepend_scheme::never;
  }
  return result;
}

std::pair<std::vector<std::int32_t>, std::vector<std::int32_t>>
tokenizer_steps_reader::surroundings(const json& part) const {
  std::vector<std::int32_t> before, after;
  for (const json& step : steps_of(part, "processors")) {
    const auto type = type_of(step);
    if (type == "ByteLevel") // moves offsets alone
      continue;
    if (!before.empty() || !after.empty())
      refuse("post_processor", step, "the one before it puts tokens around a text already");
    if (type == "RobertaProcessing" || type == "BertProcessing") {
      before = {token_id(step.at("cls").at(1))};
      after = {token_id(step.at("sep").at(1))};
      continue;
    }
    if (type != "TemplateProcessing")
      refuse("post_processor", step);
    int texts = 0;
    for (const json& piece : step.at("single")) {
      if (const json& sequence = get(piece, "Sequence"); !sequence.is_null()) {
        texts += sequence.at("id") == "A" ? 1 : 2;
        continue;
      }
      const auto name = piece.at("SpecialToken").at("id").get<std::string>();
      for (const json& id : step.at("special_tokens").at(name).at("ids"))
        (texts == 0 ? before : after).push_back(token_id(id));
    }
    if (texts != 1)
      refuse("post_processor", step, "its template for one text does not hold it once");
  }
  return {before, after};
}

} // namespace avp
