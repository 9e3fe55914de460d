// Unicode's normalisation form NFC.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace avp {

/// `text` with its characters decomposed, ordered and composed (Unicode Standard Annex 15); nothing where it has no
/// character that this could change. Bytes that are not UTF-8 stay as they are, and what stands before and behind them
/// is brought into the form for itself.
[[nodiscard]] std::optional<std::string> nfc(std::string_view text);

} // namespace avp
