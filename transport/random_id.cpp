// Identifiers from the operating system's random numbers.
#include "transport/random_id.hpp"

#include <random>

#include <fmt/format.h>

namespace avp {

namespace {

std::uint64_t random_bits() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

} // namespace

std::string random_id() { return fmt::format("{:016x}{:016x}", random_bits(), random_bits()); }

std::uint64_t random_number() {
  const auto bits = random_bits();
  return bits == 0 ? 1 : bits;
}

} // namespace avp
