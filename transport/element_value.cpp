// Conversion of single tensor elements.
#include "transport/element_value.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "transport/little_endian.hpp"

namespace avp {

namespace {

/// IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits.
double half_value(std::uint16_t bits) {
  const int exponent = bits >> 10 & 0x1f;
  const int fraction = bits & 0x3ff;
  const double sign = bits & 0x8000 ? -1 : 1;
  if (exponent == 0x1f)
    return fraction ? std::numeric_limits<double>::quiet_NaN() : sign * std::numeric_limits<double>::infinity();
  return exponent == 0 ? sign * std::ldexp(fraction, -24) : sign * std::ldexp(fraction + 0x400, exponent - 25);
}

} // namespace

double element_value(data_type dtype, const std::byte* from) {
  switch (dtype) {
  case data_type::float32:
    return std::bit_cast<float>(load_little_endian<std::uint32_t>(from));
  case data_type::float16:
    return half_value(load_little_endian<std::uint16_t>(from));
  case data_type::bfloat16:
    return std::bit_cast<float>(std::uint32_t{load_little_endian<std::uint16_t>(from)} << 16);
  case data_type::int8:
    return std::to_integer<std::int8_t>(*from);
  }
  return 0;
}

} // namespace avp
