// Unicode's normalisation forms.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace avp {

/// A normalisation form of Unicode Standard Annex 15.
enum class unicode_form : std::uint8_t { nfc, nfd, nfkc, nfkd };

/// `valid`, which must be UTF-8, in a form, as the library tokenizers has it.
[[nodiscard]] std::string normalized(std::string_view valid, unicode_form form);

/// The length in bytes of the first part of `valid`, which must be UTF-8 and not be empty, that each form takes by
/// itself: what stands behind does not change how it is written.
[[nodiscard]] std::size_t normalized_apart(std::string_view valid);

} // namespace avp
