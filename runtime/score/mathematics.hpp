// Mathematical answers: found, and compared by what they mean.
#pragma once

#include <string>
#include <string_view>

namespace avp {

/// The answer of a text: what its last `\boxed{…}` encloses, else what stands behind the last `####`, else behind the
/// last "answer is" or "answer:", else the last formula between dollar signs, else the last number, else the whole
/// text.
[[nodiscard]] std::string final_mathematics(std::string_view text);

/// Whether two answers mean the same: equal as expressions (in their variables too), or as lists and sets in any order,
/// tuples, intervals and inequalities, unions, matrices, equations (`x = 5` and `5` too), or words. Percentages equal
/// both the number in front of the sign and its hundredth. `\pm` stands for two answers. Rational numbers are compared
/// exactly, others to 90 digits; what takes more than a second or two is unequal unless it is written alike.
[[nodiscard]] bool equal_mathematics(std::string_view given, std::string_view expected);

} // namespace avp
