// A lock on the folder itself, so that nothing lies around.
#include "runtime/os/folder_lock.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "runtime/os/write_error.hpp"

namespace avp {

folder_lock::folder_lock(const std::filesystem::path& folder)
    : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (descriptor_ < 0)
    throw write_error("cannot open the folder '" + folder.string() + "': " + std::strerror(errno));
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
    return;
  ::close(descriptor_);
  throw write_error("another avp-run is at work in '" + folder.string() + "'; wait for its end, or stop it");
}

folder_lock::~folder_lock() { ::close(descriptor_); }

} // namespace avp
