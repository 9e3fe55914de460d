// SHA-256 against the examples of FIPS 180-4.
#include <gtest/gtest.h>

#include "transport/sha256.hpp"

namespace {

TEST(sha256, examples) {
  EXPECT_EQ(avp::sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(avp::sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(avp::sha256("abc").back(), 0xad);
}

} // namespace
