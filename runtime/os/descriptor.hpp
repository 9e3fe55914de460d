// A file descriptor with an owner.
#pragma once

#include <string_view>
#include <utility>

#include <unistd.h>

namespace avp {

/// A file descriptor that is closed with its owner and in programs that are started.
class descriptor {
public:
  /// Takes `fd` over, moved out of the way of the first few, which a program finds its own things at. Throws
  /// sandbox_error where it is none: errno and `what`, as in "make a pipe", say why.
  descriptor(int fd, const char* what);
  descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  descriptor& operator=(descriptor&&) = delete;
  ~descriptor() { reset(); }

  void reset() {
    if (fd_ >= 0)
      close(std::exchange(fd_, -1));
  }
  [[nodiscard]] int get() const { return fd_; }

private:
  int fd_ = -1;
};

/// A file in memory with this content, which nobody can change any more, read from its beginning. Throws sandbox_error.
[[nodiscard]] descriptor sealed_file(std::string_view content);

/// A pipe's two ends.
struct pipe_ends {
  descriptor from;
  descriptor to;
};

/// Throws sandbox_error.
[[nodiscard]] pipe_ends new_pipe();

} // namespace avp
