// A file whose bytes are memory.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

namespace avp {

/// A regular file, mapped read-only. Pages are read when they are touched.
/// Whoever shortens the file while it is mapped kills this process (SIGBUS): replace model files by renaming.
class mapped_file {
public:
  /// Maps the whole file. Throws model_error when it is not there, is no regular file or can't be read.
  explicit mapped_file(std::filesystem::path path);
  ~mapped_file();

  mapped_file(const mapped_file&) = delete;
  mapped_file& operator=(const mapped_file&) = delete;

  /// The path it was opened by.
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// All bytes of the file; valid for as long as this object lives.
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

private:
  std::filesystem::path path_;
  std::span<const std::byte> bytes_;
};

} // namespace avp
