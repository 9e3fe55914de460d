// Which walls hold here, and programs followed to their ends behind them.
#include "runtime/os/sandbox.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/os/landlock_confinement.hpp"
#include "runtime/os/namespace_confinement.hpp"

namespace avp {
namespace {

constexpr int killed = 128 + SIGKILL;

/// A started program. With it dies all that it began.
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
bool read_some(const descriptor& pipe, std::string& output, std::size_t most, bool& too_much) {
  std::array<char, 65536> buffer{};
  const auto count = read(pipe.get(), buffer.data(), buffer.size());
  if (count < 0)
    return errno == EINTR;
  const auto room = most - output.size();
  too_much = static_cast<std::size_t>(count) > room;
  output.append(buffer.data(), std::min(static_cast<std::size_t>(count), room));
  return count > 0;
}

/// Follows a program to its end or to a limit.
sandbox_result follow(pid_t process, const descriptor& pipe, const sandbox_limits& limits) {
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
    std::array<pollfd, 2> events{{{ended.get(), POLLIN, 0}, {open ? pipe.get() : -1, POLLIN, 0}}};
    poll(events.data(), events.size(), static_cast<int>(std::min<std::int64_t>(left, 1000)));
    if (events[1].revents != 0)
      open = read_some(pipe, result.output, limits.output, too_much);
    else if (events[0].revents != 0) // and the pipe is empty
      break;
  }
  result.status = program.wait();
  return result;
}

sandbox_result run_behind(const confinement& walls, const std::vector<std::string>& program, std::string_view input,
                          const sandbox_limits& limits) {
  const auto input_file = sealed_file(input);
  auto output = new_pipe();
  const auto process = walls.start(program, input_file, output.to, limits);
  output.to.reset();
  return follow(process, output.from, limits);
}

/// Walls that a program was run behind. Throws sandbox_error with the reason where none can be.
std::shared_ptr<const confinement> tried(sandbox::way way) {
  try {
    std::shared_ptr<const confinement> walls;
    if (way == sandbox::way::namespaces)
      walls = std::make_shared<namespace_confinement>();
    else
      walls = std::make_shared<landlock_confinement>();
    const auto trial = run_behind(*walls, {"/usr/bin/true"}, "", {});
    if (trial.how == sandbox_result::ending::exited && trial.status == 0)
      return walls;
    const auto line = trial.output.substr(0, trial.output.find('\n'));
    throw sandbox_error(line.empty() ? "an easy program ended with status " + std::to_string(trial.status) : line);
  } catch (const sandbox_error&) {
    throw;
  } catch (const std::runtime_error& error) {
    throw sandbox_error(error.what());
  }
}

constexpr auto what_to_do =
    ". Without a sandbox no program of an answer is run. Either of the two will do. Namespaces need bubblewrap 0.8 and "
    "util-linux (apt install bubblewrap util-linux) and the right to make them: in a container, run it with "
    "--privileged; where AppArmor keeps users from it, run as root or set "
    "kernel.apparmor_restrict_unprivileged_userns=0. Landlock needs Linux 5.13 with landlock among its lsm=, and a "
    "container that lets its system calls through, as Docker does from version 23 on";

} // namespace

sandbox::sandbox(way only) : way_(only), walls_(tried(only)) {}

sandbox::sandbox() : way_(way::namespaces) {
  try {
    walls_ = tried(way_);
    return;
  } catch (const sandbox_error& error) {
    refused_ = error.what();
  }
  way_ = way::landlock;
  try {
    walls_ = tried(way_);
  } catch (const sandbox_error& error) {
    throw sandbox_error("no sandbox works on this machine. By namespaces: " + refused_ +
                        "; by Landlock: " + error.what() + what_to_do);
  }
}

std::string sandbox::description() const {
  if (way_ == way::namespaces)
    return "by namespaces (bubblewrap)";
  auto text = std::string("by Landlock and a filter of system calls, without a temporary folder");
  return refused_.empty() ? text : text + "; not by namespaces: " + refused_;
}

sandbox_result sandbox::run(const std::vector<std::string>& program, std::string_view input,
                            const sandbox_limits& limits) const {
  return run_behind(*walls_, program, input, limits);
}

} // namespace avp
