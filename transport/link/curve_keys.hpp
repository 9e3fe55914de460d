// Keys of ZeroMQ's CURVE: every node has a pair, and a list of the public keys that it accepts.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "transport/error.hpp"

namespace avp {

/// A public and a secret key, each 40 characters of Z85.
struct key_pair {
  std::string public_key;
  std::string secret_key;
};

/// Draws a new pair. Fails with invalid_argument when ZeroMQ was built without CURVE.
[[nodiscard]] expected<key_pair> new_key_pair();

/// Writes NAME.key (the secret key, readable by its owner only) and NAME.pub (the public one), one line each. Fails
/// with io_failed when one cannot be written or is already there.
[[nodiscard]] expected<void> write_key_pair(const key_pair& pair, const std::filesystem::path& name);

/// Reads a secret key from a file that write_key_pair() wrote, and computes its public one. Fails with io_failed, or
/// with invalid_argument when the file holds no key.
[[nodiscard]] expected<key_pair> read_key_pair(const std::filesystem::path& key_file);

/// Reads public keys, one a line. Fails like read_key_pair().
[[nodiscard]] expected<std::vector<std::string>> read_public_keys(const std::filesystem::path& file);

/// Whether a text can be a key: 40 characters of Z85.
[[nodiscard]] bool is_curve_key(const std::string& text);

} // namespace avp
