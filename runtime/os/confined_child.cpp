// One thing after another is given up; the order matters, since each step needs what later ones take.
#include "runtime/os/confined_child.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/os/syscall_filter.hpp"

namespace avp {
namespace {

void take_signals_as_new_programs_do() {
  struct sigaction usual {};
  usual.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number)
    sigaction(number, &usual, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool set_limit(int what, rlim_t most) {
  rlimit limit{};
  if (getrlimit(static_cast<__rlimit_resource>(what), &limit) != 0)
    return false;
  limit.rlim_cur = limit.rlim_max = std::min(limit.rlim_max, most);
  return setrlimit(static_cast<__rlimit_resource>(what), &limit) == 0;
}

using capabilities = std::array<__user_cap_data_struct, 2>;

/// Whether this process may become another user, and its parent, which has the same capabilities, may end it then.
bool may_change_user() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  capabilities mine{};
  constexpr std::uint32_t needed = 1U << CAP_SETUID | 1U << CAP_SETGID | 1U << CAP_KILL;
  return geteuid() == 0 && syscall(SYS_capget, &header, mine.data()) == 0 && (mine[0].effective & needed) == needed;
}

/// Read before the first program begins: while one of another thread changes its user, the parent has it not.
const int dumpable_at_start = prctl(PR_GET_DUMPABLE);

/// Becomes a user that nobody else is. False where it stays who it was, as where a container has no such user. These
/// are the kernel's calls: the C library's change all threads of the parent.
bool become_nobody_else() {
  constexpr uid_t unused = 0x70000000; // above those that containers get, below those that are negative for some
  const auto own = unused + static_cast<uid_t>(getpid());
  const bool became = may_change_user() && syscall(SYS_setgroups, 0, nullptr) == 0 &&
                      syscall(SYS_setresgid, own, own, own) == 0 && syscall(SYS_setresuid, own, own, own) == 0;
  // The kernel takes it from the memory, which is the parent's. Nobody of this uid is there to look into it.
  if (dumpable_at_start == 1)
    prctl(PR_SET_DUMPABLE, 1);
  return became;
}

bool give_up_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const capabilities none{};
  return syscall(SYS_capset, &header, none.data()) == 0;
}

/// Whether this user may have one more process when it may have `most`.
bool may_begin_process(rlim_t most) {
  rlimit limit{};
  getrlimit(RLIMIT_NPROC, &limit);
  limit.rlim_cur = most;
  setrlimit(RLIMIT_NPROC, &limit);
  const pid_t process = vfork();
  if (process == 0)
    _exit(0);
  if (process < 0)
    return false;
  waitpid(process, nullptr, 0);
  return true;
}

/// The limit at which this user could begin one more process. The kernel counts those of a user in all containers, so
/// it is asked: /proc shows a part of them.
rlim_t first_free_place() {
  rlimit limit{};
  getrlimit(RLIMIT_NPROC, &limit);
  rlim_t too_low = 0;
  rlim_t enough = 64;
  while (enough < limit.rlim_max && !may_begin_process(enough)) {
    too_low = enough;
    enough *= 2;
  }
  enough = std::min(enough, limit.rlim_max);
  while (too_low + 1 < enough) {
    const auto middle = too_low + (enough - too_low) / 2;
    (may_begin_process(middle) ? enough : too_low) = middle;
  }
  return enough;
}

} // namespace

void confined_child::expect(bool good, const char* what) const {
  if (good)
    return;
  failed = {what, errno};
  _exit(127);
}

void confined_child::take_descriptors() const {
  expect(dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 && dup2(output, STDERR_FILENO) >= 0,
         "give a program its input and output");
  expect(close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0, "close the runner's files");
}

void confined_child::set_limits(bool own_user) const {
  // Threads count as processes, of which there is one. For a user that has others, too, those that it has, and some
  // that it may begin meanwhile, are left out of the count.
  constexpr rlim_t meanwhile = 256;
  const auto threads = static_cast<rlim_t>(limits.threads);
  errno = EPERM;
  expect(own_user || !may_begin_process(0),
         "become another user than root, whose threads have no limit: it needs CAP_SETUID, CAP_SETGID and CAP_KILL");
  expect(set_limit(RLIMIT_NPROC, own_user ? threads : first_free_place() + threads + meanwhile),
         "limit a program's threads");
  expect(set_limit(RLIMIT_CPU, static_cast<rlim_t>(limits.cpu.count())) &&
             set_limit(RLIMIT_NOFILE, static_cast<rlim_t>(limits.files)) && set_limit(RLIMIT_FSIZE, 0) &&
             set_limit(RLIMIT_CORE, 0) && set_limit(RLIMIT_MSGQUEUE, 0) && set_limit(RLIMIT_MEMLOCK, 0),
         "limit what a program uses");
}

void confined_child::shut_walls() const {
  expect(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "keep a program from new rights");
  expect(syscall(SYS_landlock_restrict_self, rules, 0) == 0, "apply Landlock's rules");
  filter[own_pid_place].k = static_cast<std::uint32_t>(getpid());
  const sock_fprog calls{static_cast<unsigned short>(filter.size()), filter.data()};
  expect(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &calls, 0, 0) == 0, "apply a filter of system calls");
}

void confined_child::become_program() const {
  expect(setsid() >= 0, "begin a session"); // first: a terminal's ^C is for its parent
  take_signals_as_new_programs_do();
  expect(chdir("/") == 0, "leave the runner's folder");
  umask(S_IRWXG | S_IRWXO);
  take_descriptors();
  const bool own_user = become_nobody_else();
  expect(give_up_capabilities(), "give up a program's capabilities");
  set_limits(own_user);
  // A change of the user would undo it, so it comes after that.
  expect(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid() == runner, "bind a program to the runner's life");
  shut_walls();
  // Last: what this process has of its parent's memory is more than that, so it could not even grow its stack.
  expect(set_limit(RLIMIT_AS, static_cast<rlim_t>(limits.memory)), "limit a program's memory");
  std::array<char*, 1> no_environment{nullptr};
  execve(program[0], program, no_environment.data());
  expect(false, "start the program");
  _exit(127);
}

} // namespace avp
