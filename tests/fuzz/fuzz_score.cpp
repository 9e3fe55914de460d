// Fuzz target: the scorers of answers. The input is an answer and, behind a byte 0, what is expected.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "runtime/score/mathematics.hpp"
#include "runtime/score/score.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto middle = input.find('\0');
  // Strings of their own, so that a sanitizer sees a read beyond either.
  const std::string answer(input.substr(0, middle));
  const std::string expected(middle == std::string_view::npos ? "" : input.substr(middle + 1));
  for (const auto& name : avp::all_names<avp::score_kind>()) {
    const auto points = avp::score(*avp::value_named<avp::score_kind>(name), answer, expected);
    if (points && !(*points >= 0 && *points <= 1))
      std::abort();
  }
  if (!answer.empty() && avp::equal_mathematics(answer, answer) != avp::equal_mathematics(" " + answer, answer + " "))
    std::abort(); // blanks at the ends say nothing
  if (avp::equal_mathematics(answer, expected) != avp::equal_mathematics(expected, answer))
    std::abort(); // being equal has no direction
  return 0;
}
