// The scorer that tests use to see what becomes of bad ones.
#pragma once

#include <string>

namespace avp::test {

/// The path of the program of tests/scorers/misbehaving_scorer.cpp.
[[nodiscard]] std::string misbehaving_scorer();

} // namespace avp::test
