// A download that is not complete yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace avp {

/// The file NAME.part, in which the bytes of a download gather from the first one on. Only one process has it at a
/// time.
class part_file {
public:
  /// Opens or makes it. Throws model_error when that fails or another process has it.
  explicit part_file(std::filesystem::path path);
  ~part_file();

  part_file(const part_file&) = delete;
  part_file& operator=(const part_file&) = delete;

  /// Bytes that are there.
  [[nodiscard]] std::uint64_t size() const { return size_; }

  /// Where it lies.
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// Adds bytes at the end. Throws model_error, a full disk included.
  void append(std::span<const std::byte> bytes);

  /// Starts anew.
  void clear();

  /// SHA-256 of all bytes, hexadecimal.
  [[nodiscard]] std::string sha256() const;

  /// Writes all to disk and gives the file its final name, in one step; what had that name is gone.
  void rename_to(const std::filesystem::path& path);

  /// Takes the file away.
  void remove();

private:
  [[noreturn]] void fail(const std::string& what) const;

  std::filesystem::path path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

} // namespace avp
