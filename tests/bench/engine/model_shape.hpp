// What a model weighs and computes, from its file.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace avp::bench {

/// Bytes of keys and values for one position. Throws model_error.
[[nodiscard]] std::int64_t kv_bytes_per_token(const std::string& model, const std::string& format);

/// The shape of a model, and values and bytes in the file of its three parts: "layers" (the matrices of all layers),
/// "embedding" and "output" (absent where both are one tensor), each with "values" and "file_bytes". Throws
/// model_error.
[[nodiscard]] nlohmann::ordered_json model_shape(const std::string& model);

} // namespace avp::bench
