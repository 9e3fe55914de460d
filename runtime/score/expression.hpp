// The value of a mathematical expression.
#pragma once

#include <complex>
#include <optional>
#include <string_view>

namespace avp {

/// The value of an expression in the spelling of plain_latex: numbers, `+ - * /`, powers, factorials, absolute values,
/// `\frac`, `\sqrt`, `\binom`, the usual functions, π, e, i, mixed numbers (`1\frac{1}{2}`), and products without a
/// sign. A variable has a value that depends on its name and on `sample` only, so that two expressions that agree in
/// several samples are equal but for an accident. Nothing where the text is no expression or has no finite value.
[[nodiscard]] std::optional<std::complex<double>> evaluate(std::string_view plain, unsigned sample);

} // namespace avp
