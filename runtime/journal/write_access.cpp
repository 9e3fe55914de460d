// Asking the system before SQLite does.
#include "runtime/journal/write_access.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/os/write_error.hpp"

namespace avp {

namespace {

// ", it belongs to the user NAME", where that is another one.
std::string owner_text(const std::filesystem::path& path) {
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0 || facts.st_uid == geteuid())
    return "";
  const auto* owner = getpwuid(facts.st_uid);
  return ", it belongs to the user " + (owner != nullptr ? owner->pw_name : std::to_string(facts.st_uid));
}

} // namespace

void check_write_access(const std::filesystem::path& folder) {
  // WAL keeps two more files beside the database.
  constexpr std::array names{"run.db", "run.db-wal", "run.db-shm", "results.jsonl", ""};
  for (const auto* name : names) {
    const auto path = *name == '\0' ? folder : folder / name;
    if (faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0 || errno == ENOENT)
      continue;
    const int why = errno;
    throw write_error("'" + path.string() + "' can't be written: " + std::strerror(why) +
                      (why == EACCES ? owner_text(path) : "") + "; a run goes on in its folder, so copy '" +
                      folder.string() + "' to where you may write, and resume the copy");
  }
}

} // namespace avp
