// Writes GGUF files for tests, wrong ones included.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace avp::test {

/// The bytes of a plain value, little-endian.
template <class Value>
std::string bytes_of(Value value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

/// A GGUF string.
inline std::string gguf_text(std::string_view text) { return bytes_of(std::uint64_t{text.size()}) + std::string(text); }

/// A GGUF file in the making. Every part may be set to what it should not be.
struct gguf_writer {
  struct tensor {
    std::vector<std::uint64_t> shape; ///< Outermost first; the file has it the other way round.
    std::uint32_t type = 0;           ///< Number in ggml.
    std::string data;
  };

  std::string magic = "GGUF";
  std::uint32_t version = 3;
  std::uint64_t alignment = 32;
  std::map<std::string, std::string> metadata; ///< Key: type and value as in the file.
  std::map<std::string, tensor> tensors;

  void text(const std::string& key, std::string_view value) { metadata[key] = bytes_of(8U) + gguf_text(value); }
  void u32(const std::string& key, std::uint32_t value) { metadata[key] = bytes_of(4U) + bytes_of(value); }
  void f32(const std::string& key, float value) { metadata[key] = bytes_of(6U) + bytes_of(value); }
  void boolean(const std::string& key, bool value) { metadata[key] = bytes_of(7U) + bytes_of(value); }
  void texts(const std::string& key, const std::vector<std::string>& values) {
    auto& bytes = metadata[key] = bytes_of(9U) + bytes_of(8U) + bytes_of(std::uint64_t{values.size()});
    for (const auto& value : values)
      bytes += gguf_text(value);
  }
  void integers(const std::string& key, const std::vector<std::int32_t>& values) {
    auto& bytes = metadata[key] = bytes_of(9U) + bytes_of(5U) + bytes_of(std::uint64_t{values.size()});
    for (const auto value : values)
      bytes += bytes_of(value);
  }

  /// The table of contents alone.
  [[nodiscard]] std::string header() const {
    auto bytes =
        magic + bytes_of(version) + bytes_of(std::uint64_t{tensors.size()}) + bytes_of(std::uint64_t{metadata.size()});
    for (const auto& [key, value] : metadata)
      bytes += gguf_text(key) + value;
    std::uint64_t offset = 0;
    for (const auto& [name, one] : tensors) {
      bytes += gguf_text(name) + bytes_of(static_cast<std::uint32_t>(one.shape.size()));
      for (auto size = one.shape.rbegin(); size != one.shape.rend(); ++size)
        bytes += bytes_of(*size);
      bytes += bytes_of(one.type) + bytes_of(offset);
      offset += padded(one.data.size());
    }
    return bytes;
  }

  /// The whole file.
  [[nodiscard]] std::string bytes() const {
    auto bytes = header();
    bytes.resize(padded(bytes.size()));
    const auto start = bytes.size();
    std::uint64_t offset = 0;
    for (const auto& [name, one] : tensors) {
      bytes.resize(start + offset);
      bytes += one.data;
      offset += padded(one.data.size());
    }
    return bytes;
  }

  [[nodiscard]] std::uint64_t padded(std::uint64_t size) const {
    return (size + alignment - 1) / alignment * alignment;
  }
};

} // namespace avp::test
