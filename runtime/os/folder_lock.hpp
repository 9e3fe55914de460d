// One run at a time in a folder.
#pragma once

#include <filesystem>

namespace avp {

/// Keeps other runs out of a folder for as long as it lives. Ends with the process, however that ends.
class folder_lock {
public:
  /// Throws write_error when another process has it, or the folder can't be opened. A file system that knows no locks
  /// has none.
  explicit folder_lock(const std::filesystem::path& folder);
  folder_lock(const folder_lock&) = delete;
  folder_lock& operator=(const folder_lock&) = delete;
  ~folder_lock();

private:
  int descriptor_ = -1;
};

} // namespace avp
