// Times in texts.
#pragma once

#include <chrono>
#include <string>

namespace avp {

/// "2 s", "0.25 s".
[[nodiscard]] std::string seconds_text(std::chrono::milliseconds time);

} // namespace avp
