// Plain English plurals are all that messages need.
#include "runtime/text/words.hpp"

namespace avp {

std::string counted(std::size_t number, std::string_view what) {
  return std::to_string(number) + " " + std::string(what) + (number == 1 ? "" : "s");
}

std::string listed(const std::vector<std::string>& words, std::string_view last) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0)
      text += i + 1 == words.size() ? last : ", ";
    text += words[i];
  }
  return text;
}

} // namespace avp
