// As many places as there are.
#include "agents/text/seconds_text.hpp"

namespace avp {

std::string seconds_text(std::chrono::milliseconds time) {
  auto text = std::to_string(static_cast<double>(time.count()) / 1000);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.')
    text.pop_back();
  return text + " s";
}

} // namespace avp
