// Reads the steps of a tokenizer.json: normalizer, pre_tokenizer, decoder, post_processor.
#pragma once

#include <cstdint>
#include <filesystem>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "gpu/text/text_steps.hpp"

namespace avp {

/// The parts of one tokenizer.json that say what is done before and behind its model. Each function takes the part and
/// throws model_error, naming the file and the step, for a step that can't be taken.
class tokenizer_steps_reader {
public:
  /// `path` is for messages.
  explicit tokenizer_steps_reader(std::filesystem::path path) : path_(std::move(path)) {}

  [[nodiscard]] std::vector<normalizer_step> normalizers(const nlohmann::json& part) const;
  [[nodiscard]] std::vector<splitter_step> splitters(const nlohmann::json& part) const;
  [[nodiscard]] std::vector<decoder_step> decoders(const nlohmann::json& part) const;

  /// The tokens that are put in front of a text and behind it.
  [[nodiscard]] std::pair<std::vector<std::int32_t>, std::vector<std::int32_t>>
  surroundings(const nlohmann::json& part) const;

private:
  [[noreturn]] void refuse(const std::string& part, const nlohmann::json& step, const std::string& why = {}) const;
  [[nodiscard]] step_pattern read_pattern(const nlohmann::json& step, const std::string& part) const;
  [[nodiscard]] normalizer_step read_normalizer(const nlohmann::json& step) const;
  [[nodiscard]] splitter_step read_splitter(const nlohmann::json& step) const;
  [[nodiscard]] splitter_step read_metaspace(const nlohmann::json& step) const;
  [[nodiscard]] decoder_step read_decoder(const nlohmann::json& step) const;

  std::filesystem::path path_;
};

} // namespace avp
