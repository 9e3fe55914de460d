// bubblewrap, started with everything shut that it can shut.
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <avp/runtime/os/sandbox.hpp>
#include <avp/runtime/os/syscall_filter.hpp>

namespace avp {
namespace {

constexpr auto nobody = "65534";
constexpr int filter_place = 3; // the descriptor at which bwrap finds the filter
constexpr int killed = 128 + SIGKILL;

[[noreturn]] void fail(const std::string& what) {
  throw sandbox_error("the sandbox could not " + what + ": " + std::strerror(errno));
}

/// A file descriptor that is closed with its owner and in programs that are started.
class descriptor {
public:
  /// Takes `fd` over, moved out of the way of the first few, which a program finds its own things at.
  descriptor(int fd, const char* what) {
    constexpr int first = 10;
    if (fd >= 0) {
      fd_ = fcntl(fd, F_DUPFD_CLOEXEC, first);
      close(fd);
    }
    if (fd_ < 0)
      fail(what);
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() { reset(); }

  void reset() {
    if (fd_ >= 0)
      close(std::exchange(fd_, -1));
  }
  [[nodiscard]] int get() const { return fd_; }

private:
  int fd_ = -1;
};

/// A file in memory that nobody can change any more, read from its beginning.
class sealed_file : public descriptor {
public:
  explicit sealed_file(std::string_view content)
      : descriptor(memfd_create("input", MFD_CLOEXEC | MFD_ALLOW_SEALING), "get memory for a program's input") {
    while (!content.empty()) {
      const auto written = write(get(), content.data(), content.size());
      if (written < 0)
        fail("write a program's input");
      content.remove_prefix(static_cast<std::size_t>(written));
    }
    if (lseek(get(), 0, SEEK_SET) != 0 ||
        fcntl(get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
      fail("seal a program's input");
  }
};

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
       "--nproc=" + number(limits.threads), "--fsize=" + number(limits.folder), "--nofile=64", "--core=0",
       "--msgqueue=0", "--memlock=0", "--"});
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
  if (error != 0) {
    errno = error;
    fail("start bwrap");
  }
  return process;
}

/// A started bwrap. With it dies the namespace and all that is in it.
class running_program {
public:
  explicit running_program(pid_t process) : process_(process) {}
  running_program(const running_program&) = delete;
  running_program& operator=(const running_program&) = delete;
  ~running_program() {
    if (process_ > 0)
      stop();
  }

  void stop() {
    kill(process_, SIGKILL);
    wait();
  }

  /// Its exit status as a shell tells it.
  int wait() {
    int status = 0;
    while (waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
    process_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

private:
  pid_t process_;
};

/// Reads what is there, up to `most` bytes in all. Says whether more may come.
bool read_some(int pipe, std::string& output, std::size_t most, bool& too_much) {
  std::array<char, 65536> buffer{};
  const auto count = read(pipe, buffer.data(), buffer.size());
  if (count < 0)
    return errno == EINTR;
  const auto room = most - output.size();
  too_much = static_cast<std::size_t>(count) > room;
  output.append(buffer.data(), std::min(static_cast<std::size_t>(count), room));
  return count > 0;
}

/// Follows a program to its end or to a limit.
sandbox_result follow(pid_t process, int pipe, const sandbox_limits& limits) {
  using clock = std::chrono::steady_clock;
  sandbox_result result;
  running_program program(process);
  const descriptor ended(static_cast<int>(syscall(SYS_pidfd_open, process, 0)), "watch a program");
  const auto deadline = clock::now() + limits.wall;
  bool open = true;
  bool too_much = false;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now()).count();
    if (left <= 0 || too_much) {
      program.stop();
      result.how = too_much ? sandbox_result::ending::too_much_output : sandbox_result::ending::timed_out;
      result.status = killed;
      return result;
    }
    std::array<pollfd, 2> events{{{ended.get(), POLLIN, 0}, {open ? pipe : -1, POLLIN, 0}}};
    poll(events.data(), events.size(), static_cast<int>(std::min<std::int64_t>(left, 1000)));
    if (events[1].revents != 0)
      open = read_some(pipe, result.output, limits.output, too_much);
    else if (events[0].revents != 0) // and the pipe is empty
      break;
  }
  result.status = program.wait();
  return result;
}

constexpr auto what_to_do = ". Without a sandbox no program of an answer is run. It needs bubblewrap 0.8 and "
                            "util-linux (apt install bubblewrap "
                            "util-linux), and the right to make namespaces: in a container, run it with --privileged; "
                            "where AppArmor keeps users "
                            "from it, run as root or set kernel.apparmor_restrict_unprivileged_userns=0";

} // namespace

sandbox::sandbox() {
  try {
    filter_ = syscall_filter();
    const auto tried = run({"/usr/bin/true"}, "", {});
    if (tried.how != sandbox_result::ending::exited || tried.status != 0) {
      const auto line = tried.output.substr(0, tried.output.find('\n'));
      throw sandbox_error("the sandbox does not work on this machine (" +
                          (line.empty() ? "status " + std::to_string(tried.status) : line) + ")");
    }
  } catch (const std::runtime_error& error) {
    throw sandbox_error(error.what() + std::string(what_to_do));
  }
}

sandbox_result sandbox::run(const std::vector<std::string>& program, std::string_view input,
                            const sandbox_limits& limits) const {
  const sealed_file input_file(input);
  const sealed_file filter(filter_);
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    fail("make a pipe");
  const descriptor from(ends[0], "make a pipe");
  descriptor to(ends[1], "make a pipe");
  auto line = walls(limits);
  line.insert(line.end(), program.begin(), program.end());
  const auto process = spawn(std::move(line), input_file, to, filter);
  to.reset();
  return follow(process, from.get(), limits);
}

} // namespace avp
