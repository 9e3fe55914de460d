// Descriptors that are kept from programs.
#include "runtime/os/descriptor.hpp"

#include <array>

#include <fcntl.h>
#include <sys/mman.h>

#include "runtime/os/sandbox_error.hpp"

namespace avp {

descriptor::descriptor(int fd, const char* what) {
  constexpr int first = 10;
  if (fd >= 0) {
    fd_ = fcntl(fd, F_DUPFD_CLOEXEC, first);
    close(fd);
  }
  if (fd_ < 0)
    throw_sandbox_error(what);
}

descriptor sealed_file(std::string_view content) {
  descriptor file(memfd_create("input", MFD_CLOEXEC | MFD_ALLOW_SEALING), "get memory for a program's input");
  while (!content.empty()) {
    const auto written = write(file.get(), content.data(), content.size());
    if (written < 0)
      throw_sandbox_error("write a program's input");
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  if (lseek(file.get(), 0, SEEK_SET) != 0 ||
      fcntl(file.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
    throw_sandbox_error("seal a program's input");
  return file;
}

pipe_ends new_pipe() {
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    throw_sandbox_error("make a pipe");
  descriptor from(ends[0], "make a pipe");
  return {std::move(from), descriptor(ends[1], "make a pipe")};
}

} // namespace avp
