// Copies of a GGUF model with something changed in them: to see how far a change of the weights carries, and that the
// tests against other programs notice one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "gpu/model/gguf.hpp"
#include "tests/temporary_folder.hpp"

namespace avp::test {

/// A copy of a GGUF file, in a folder of its own until the object goes. Changes are made in the file, so that whatever
/// reads it meets them.
class altered_model {
public:
  explicit altered_model(const std::filesystem::path& original);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// Every weight w of every norm becomes w·(1 + relative·g), with g from a standard normal distribution: noise on what
  /// goes into each product of each layer. The norms must be float32.
  void add_noise(float relative, std::uint64_t seed);

  /// A float of the metadata, of which the file has one under that ending of a key ("rope.freq_base").
  void scale_number(const std::string& key_ending, float factor);
  void set_number(const std::string& key_ending, float value);

  /// Exchanges the rows of a weight matrix that make two of its heads of `head_dim` rows.
  void swap_heads(const std::string& tensor, std::int64_t head_dim, std::int64_t first, std::int64_t second);

private:
  [[nodiscard]] std::uint64_t offset_of(std::span<const std::byte> part) const;
  [[nodiscard]] std::uint64_t offset_of_number(const std::string& key_ending) const;
  [[nodiscard]] std::string read(std::uint64_t offset, std::size_t size) const;
  void write(std::uint64_t offset, std::string_view bytes) const;

  temporary_folder folder_;
  std::filesystem::path path_;
  std::shared_ptr<const mapped_file> original_;
  gguf_file contents_; // of the original, whose places are the copy's
};

} // namespace avp::test
