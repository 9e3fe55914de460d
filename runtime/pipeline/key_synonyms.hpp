// What other programs call the keys of a pipeline file.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace avp {

/// The key among `known` that other programs (llama.cpp, vLLM, the OpenAI API, Transformers) call `name`; nothing where
/// there is none.
[[nodiscard]] std::optional<std::string> key_called(std::string_view name, const std::vector<std::string>& known);

} // namespace avp
