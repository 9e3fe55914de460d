// A download that is not complete yet.
#include "gpu/model/part_file.hpp"

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gpu/model/mapped_file.hpp"
#include "gpu/model/model_error.hpp"
#include "transport/sha256.hpp"

namespace avp {

part_file::part_file(std::filesystem::path path) : path_(std::move(path)) {
  descriptor_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor_ < 0)
    fail("can't be made");
  struct stat facts {};
  if (flock(descriptor_, LOCK_EX | LOCK_NB) != 0 || fstat(descriptor_, &facts) != 0) {
    const auto error = errno;
    close(descriptor_);
    if (error == EWOULDBLOCK)
      throw model_error(path_.string() + ": another process is fetching this model right now");
    errno = error;
    fail("can't be locked");
  }
  size_ = static_cast<std::uint64_t>(facts.st_size);
}

part_file::~part_file() { close(descriptor_); }

void part_file::append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto written = pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      fail("can't be written");
    size_ += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void part_file::clear() {
  if (ftruncate(descriptor_, 0) != 0)
    fail("can't be emptied");
  size_ = 0;
}

std::string part_file::sha256() const {
  const mapped_file file(path_);
  return sha256_hex({reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()});
}

void part_file::rename_to(const std::filesystem::path& path) {
  if (fsync(descriptor_) != 0)
    fail("can't be written");
  if (std::rename(path_.c_str(), path.c_str()) != 0)
    fail("can't be renamed to " + path.string());
}

void part_file::remove() {
  if (unlink(path_.c_str()) != 0)
    fail("can't be removed");
}

void part_file::fail(const std::string& what) const {
  throw model_error(path_.string() + ": " + what + ": " + std::generic_category().message(errno));
}

} // namespace avp
