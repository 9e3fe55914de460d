// The keys by which clients are let in.
#pragma once

#include <array>
#include <filesystem>
#include <string_view>
#include <vector>

namespace avp {

/// A set of bearer keys; none lets everybody in.
class api_keys {
public:
  /// Everybody.
  api_keys() = default;

  /// Those of a file: one a line, without blanks; empty lines and lines that begin with # are left aside. Throws
  /// user_error where it can't be read, has no key, or others than its owner can read it.
  explicit api_keys(const std::filesystem::path& file);

  [[nodiscard]] bool empty() const { return digests_.empty(); }

  /// Whether the value of an Authorization header has one of the keys. The time that it takes tells nothing of them.
  [[nodiscard]] bool admit(std::string_view authorization) const;

private:
  std::vector<std::array<unsigned char, 32>> digests_;
};

} // namespace avp
