// What stands in a file that is not what it should be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace avp {

/// What a file of a model is expected to be.
enum class file_kind : std::uint8_t { gguf, safetensors, json };

/// What a file seems to be that lies in the place of an `expected` one and can't be read as such, and what to do about
/// it: "is a Git LFS pointer …". Nothing where its first bytes don't tell.
[[nodiscard]] std::optional<std::string> kind_of_wrong_file(std::span<const std::byte> bytes, file_kind expected);

} // namespace avp
