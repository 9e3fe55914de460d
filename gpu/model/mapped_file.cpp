// A file whose bytes are memory.
#include "gpu/model/mapped_file.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gpu/model/model_error.hpp"

namespace avp {

namespace {

struct descriptor {
  int number;
  ~descriptor() {
    if (number >= 0)
      close(number);
  }
};

[[noreturn]] void fail_mapping(const std::filesystem::path& path, const std::string& what) {
  throw model_error(path.string() + ": " + what);
}

std::string reason() { return std::generic_category().message(errno); }

} // namespace

mapped_file::mapped_file(std::filesystem::path path) : path_(std::move(path)) {
  const descriptor file{open(path_.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.number < 0)
    fail_mapping(path_, "can't be opened: " + reason());
  struct stat facts {};
  if (fstat(file.number, &facts) != 0)
    fail_mapping(path_, "can't be opened: " + reason());
  if (!S_ISREG(facts.st_mode))
    fail_mapping(path_, "is not a regular file");
  if (facts.st_size == 0)
    return; // mmap refuses a length of 0.
  const auto size = static_cast<std::size_t>(facts.st_size);
  void* memory = mmap(nullptr, size, PROT_READ, MAP_SHARED, file.number, 0);
  if (memory == MAP_FAILED)
    fail_mapping(path_, "can't be mapped into memory: " + reason());
  bytes_ = {static_cast<const std::byte*>(memory), size};
}

mapped_file::~mapped_file() {
  if (!bytes_.empty())
    munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

} // namespace avp
