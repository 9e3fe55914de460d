// The rules of Landlock, and the child that keeps to them and becomes the program.
#include "runtime/os/landlock_confinement.hpp"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "runtime/os/confined_child.hpp"
#include "runtime/os/sandbox_error.hpp"
#include "runtime/os/syscall_filter.hpp"

namespace avp {
namespace {

/// As the kernel takes it since Linux 6.12; older headers have its beginning.
struct ruleset_attributes {
  std::uint64_t files = 0;   // rights that nobody has without a rule
  std::uint64_t network = 0; // since version 4: to bind and connect TCP sockets
  std::uint64_t scoped = 0;  // since version 6: abstract sockets and signals stay inside
};

[[noreturn]] void refuse(int error) {
  const std::string reason = error == ENOSYS       ? "this kernel has no Landlock"
                             : error == EOPNOTSUPP ? "Landlock was not enabled when this kernel began"
                             : error == EPERM      ? "the container lets no Landlock through"
                                                   : "Landlock does not work";
  throw sandbox_error(reason + " (landlock_create_ruleset: " + std::strerror(error) + ")");
}

/// Lets `rights` be used on and under a place, where there is such a place.
void allow(const descriptor& rules, const char* path, std::uint64_t rights) {
  const int place = open(path, O_PATH | O_CLOEXEC);
  if (place < 0)
    return;
  landlock_path_beneath_attr rule{};
  rule.allowed_access = rights;
  rule.parent_fd = place;
  const auto outcome = syscall(SYS_landlock_add_rule, rules.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
  const int error = errno;
  close(place);
  if (outcome != 0)
    throw_sandbox_error(std::string("give a right to ") + path, error);
}

descriptor new_rules() {
  const auto version = syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 0)
    refuse(errno);
  const int rights = version >= 5 ? 16 : version >= 3 ? 15 : version == 2 ? 14 : 13; // the kernel's number of them
  ruleset_attributes attributes;
  attributes.files = (std::uint64_t{1} << rights) - 1;
  attributes.network = version >= 4 ? 3 : 0;
  attributes.scoped = version >= 6 ? 3 : 0;
  const auto created = syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
  if (created < 0)
    refuse(errno);
  descriptor rules(static_cast<int>(created), "keep Landlock's rules");
  for (const auto* path : {"/usr/bin", "/usr/lib", "/usr/lib64", "/lib", "/lib64"})
    allow(rules, path, LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR);
  allow(rules, "/dev/null", LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE);
  return rules;
}

} // namespace

landlock_confinement::landlock_confinement()
    : rules_(new_rules()),
      filter_(syscall_filter(surroundings::of_everybody_else)) {}

pid_t landlock_confinement::start(const std::vector<std::string>& program, const descriptor& input,
                                  const descriptor& output, const sandbox_limits& limits) const {
  auto filter = filter_; // the child can take no memory: another thread may hold the allocator's lock when it begins
  std::vector<char*> arguments;
  for (const auto& word : program)
    arguments.push_back(const_cast<char*>(word.c_str())); // execve's arguments, which it does not change
  arguments.push_back(nullptr);
  failed_step failed;
  const confined_child child{arguments.data(), input.get(), output.get(), rules_.get(),
                             filter,           limits,      getpid(),     failed};
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before); // until the child has said how it takes them
  // A fork would copy the page tables of a process that holds models, which takes a second for 2 GiB.
  const pid_t process = vfork();
  if (process == 0)
    child.become_program();
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (process < 0)
    throw_sandbox_error("start a process", error);
  if (failed.what) {
    waitpid(process, nullptr, 0);
    throw_sandbox_error(failed.what, failed.error);
  }
  return process;
}

} // namespace avp
