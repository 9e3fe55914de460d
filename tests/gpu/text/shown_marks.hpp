// Marked texts as tests compare them.
#pragma once

#include <string>

#include "gpu/text/marked_text.hpp"

namespace avp::test {

/// The text with every part that is data between « and ».
inline std::string shown_marks(const marked_text& text) {
  std::string shown = text.text();
  for (auto range = text.data().rbegin(); range != text.data().rend(); ++range)
    shown.insert(range->end, "»").insert(range->begin, "«");
  return shown;
}

} // namespace avp::test
