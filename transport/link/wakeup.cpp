// Wake-ups by eventfd.
#include "transport/link/wakeup.hpp"

#include <cerrno>
#include <system_error>

#include <sys/eventfd.h>
#include <unistd.h>

namespace avp {

wakeup::wakeup() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (fd_ < 0)
    throw std::system_error(errno, std::generic_category(), "eventfd");
}

wakeup::~wakeup() { close(fd_); }

void wakeup::signal() noexcept { eventfd_write(fd_, 1); }

void wakeup::clear() noexcept {
  eventfd_t ignored;
  eventfd_read(fd_, &ignored);
}

} // namespace avp
