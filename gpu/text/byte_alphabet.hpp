// The alphabet in which byte-level BPE vocabularies write bytes: one printable character for each.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace avp {

/// The character (UTF-8) that stands for each byte. From GPT-2: printable Latin-1 characters stand for themselves, the
/// other 68 bytes are numbered from U+0100 on.
[[nodiscard]] const std::array<std::string, 256>& byte_alphabet();

/// The bytes that `text` stands for, or nothing when a character is not in the alphabet.
[[nodiscard]] std::optional<std::string> bytes_of_alphabet(std::string_view text);

} // namespace avp
