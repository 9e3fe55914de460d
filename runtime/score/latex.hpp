// Mathematical answers in one spelling.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace avp {

/// The answer without what says nothing about its value: blanks, `$`, `\left` and `\right`, sizes and fonts, degree
/// signs, currency, units (in `\text{…}` or as words behind a number), and a full stop at the end. Fractions become
/// `\frac`, signs of Unicode the commands of TeX, "and" and "or" commas. With `thousands`, the commas within 12,345 are
/// gone too.
[[nodiscard]] std::string plain_latex(std::string_view answer, bool thousands);

/// The parts of `plain` between separators that stand in no bracket and no environment; one part where there is none.
/// A separator is one of `separators`, each a character or a command such as `\cup`.
[[nodiscard]] std::vector<std::string> split_latex(std::string_view plain,
                                                   const std::vector<std::string_view>& separators);

} // namespace avp
