// bubblewrap, started with everything shut that it can shut.
#include "runtime/os/namespace_confinement.hpp"

#include <csignal>
#include <initializer_list>

#include <spawn.h>
#include <unistd.h>

#include "runtime/os/sandbox_error.hpp"
#include "runtime/os/syscall_filter.hpp"

namespace avp {
namespace {

constexpr auto nobody = "65534";
constexpr int filter_place = 3; // the descriptor at which bwrap finds the filter

/// bwrap's arguments, up to the program. Root gives its uid up inside, so that the process belongs to nobody; others
/// have a user namespace, in which it looks so.
std::vector<std::string> walls(const sandbox_limits& limits) {
  const auto number = [](auto value) { return std::to_string(value); };
  const bool root = geteuid() == 0;
  std::vector<std::string> line = {"bwrap",         "--unshare-ipc",        "--unshare-pid",     "--unshare-net",
                                   "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent", "--new-session",
                                   "--clearenv"};
  const auto add = [&](std::initializer_list<std::string> more) { line.insert(line.end(), more); };
  if (root)
    add({"--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"});
  else
    add({"--unshare-user", "--disable-userns", "--uid", nobody, "--gid", nobody, "--cap-drop", "ALL"});
  add({"--perms", "0755", "--dir", "/usr", "--perms", "0755", "--dir", "/dev"});
  add({"--ro-bind", "/usr/bin", "/usr/bin", "--ro-bind", "/usr/lib", "/usr/lib"});
  add({"--ro-bind-try", "/usr/lib64", "/usr/lib64", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib"});
  add({"--symlink", "usr/lib64", "/lib64", "--dev-bind", "/dev/null", "/dev/null"});
  add({"--perms", "1777", "--size", number(limits.folder), "--tmpfs", "/tmp", "--remount-ro", "/", "--chdir", "/tmp"});
  add({"--seccomp", number(filter_place), "--"});
  if (root)
    add({"/usr/bin/setpriv", "--reuid", nobody, "--regid", nobody, "--clear-groups", "--inh-caps=-all", "--"});
  // Limits are set inside: those of a user count in its own namespace there, not what else the user runs.
  add({"/usr/bin/prlimit", "--cpu=" + number(limits.cpu.count()), "--as=" + number(limits.memory),
       "--nproc=" + number(limits.threads), "--fsize=" + number(limits.folder), "--nofile=" + number(limits.files),
       "--core=0", "--msgqueue=0", "--memlock=0", "--"});
  return line;
}

/// Starts the command in a process group of its own, so that a terminal's ^C does not reach it.
pid_t spawn(std::vector<std::string> line, const descriptor& input, const descriptor& output,
            const descriptor& filter) {
  std::vector<char*> arguments;
  for (auto& word : line)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, input.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, output.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, output.get(), STDERR_FILENO);
  posix_spawn_file_actions_adddup2(&files, filter.get(), filter_place);
  posix_spawn_file_actions_addclosefrom_np(&files, filter_place + 1); // bwrap hands on what it has open
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t process = 0;
  const int error = posix_spawnp(&process, "bwrap", &files, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0)
    throw_sandbox_error("start bwrap", error);
  return process;
}

} // namespace

namespace_confinement::namespace_confinement() {
  const auto filter = syscall_filter(surroundings::of_its_own);
  filter_.assign(reinterpret_cast<const char*>(filter.data()), filter.size() * sizeof(sock_filter));
}

pid_t namespace_confinement::start(const std::vector<std::string>& program, const descriptor& input,
                                   const descriptor& output, const sandbox_limits& limits) const {
  auto line = walls(limits);
  line.insert(line.end(), program.begin(), program.end());
  return spawn(std::move(line), input, output, sealed_file(filter_));
}

} // namespace avp
