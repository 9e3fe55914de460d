// Reading the JSON files of a Hugging Face directory.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include <nlohmann/json.hpp>

namespace avp {

/// Whether there is something at `path`.
[[nodiscard]] bool is_there(const std::filesystem::path& path);

/// The bytes of a file. Throws model_error when it can't be read.
[[nodiscard]] std::string read_whole_file(const std::filesystem::path& path);

/// Runs `read` on the JSON object in a file. What is wrong with the JSON, or of another type than `read` expects, is a
/// model_error with the file's path.
void with_json(const std::filesystem::path& path, const std::function<void(const nlohmann::json&)>& read);

/// Likewise of the text of such a file; `path` is for messages.
void with_json(const std::string& text, const std::filesystem::path& path,
               const std::function<void(const nlohmann::json&)>& read);

/// The value of a key, or null when it is missing.
[[nodiscard]] const nlohmann::json& get(const nlohmann::json& object, const char* key);

/// The value of a truth key, or `otherwise` when it is missing or null.
[[nodiscard]] bool get_flag(const nlohmann::json& object, const char* key, bool otherwise);

/// The beginning of a part of a file, for messages.
[[nodiscard]] std::string shown(const nlohmann::json& part);

/// What a part of tokenizer.json is called there, for messages.
[[nodiscard]] std::string type_of(const nlohmann::json& part);

} // namespace avp
