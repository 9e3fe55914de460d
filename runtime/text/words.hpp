// Numbers and lists as sentences have them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace avp {

/// "1 task", "2 tasks".
[[nodiscard]] std::string counted(std::size_t number, std::string_view what);

/// The words with ", " between them, and with `last` before the last of several.
[[nodiscard]] std::string listed(const std::vector<std::string>& words, std::string_view last = ", ");

/// Whether one of them is that.
template <class Value, class Same>
[[nodiscard]] bool contains(const std::vector<Value>& all, const Same& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

} // namespace avp
