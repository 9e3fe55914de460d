// The filter, made by libseccomp for the processor that runs.
#include <array>
#include <cerrno>
#include <memory>
#include <stdexcept>
#include <string_view>

#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <avp/runtime/os/syscall_filter.hpp>

namespace avp {
namespace {

// What a program that computes has no use for. Namespaces and the lack of capabilities stop most of it already; here it
// is stopped a second time, and the kernel's rarely used code is out of reach.
constexpr std::array refused{
    // processes
    "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp",
    // sockets: a network namespace has no network, but some families (vsock) know no namespaces
    "socket", "connect", "bind", "listen", "accept", "accept4",
    // memory that RLIMIT_AS does not see
    "memfd_create", "memfd_secret", "shmget", "shmat", "shmctl", "msgget", "msgsnd", "semget", "mq_open", "vmsplice",
    // kernel interfaces with a history
    "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register", "add_key",
    "request_key", "keyctl", "fanotify_init", "inotify_init", "inotify_init1", "modify_ldt", "ioperm", "iopl",
    // namespaces and mounts
    "unshare", "setns", "mount", "umount2", "pivot_root", "chroot", "fsopen", "fsconfig", "fsmount", "fspick",
    "open_tree", "move_mount", "mount_setattr", "name_to_handle_at", "open_by_handle_at",
    // the machine
    "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "swapon", "swapoff",
    "acct", "syslog", "quotactl", "quotactl_fd", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex",
    "sethostname", "setdomainname", "vhangup"};

void expect(int outcome) {
  if (outcome < 0)
    throw std::runtime_error("libseccomp could not make the sandbox's filter of system calls (error " +
                             std::to_string(-outcome) + ")");
}

std::string exported(scmp_filter_ctx filter) {
  const int file = memfd_create("filter", MFD_CLOEXEC);
  if (file < 0)
    throw std::runtime_error("there is no memory for the sandbox's filter of system calls");
  std::string bytes;
  const int outcome = seccomp_export_bpf(filter, file);
  if (const auto size = lseek(file, 0, SEEK_END); outcome == 0 && size > 0) {
    bytes.resize(static_cast<std::size_t>(size));
    if (pread(file, bytes.data(), bytes.size(), 0) != size)
      bytes.clear();
  }
  close(file);
  expect(bytes.empty() ? (outcome < 0 ? outcome : -EIO) : 0);
  return bytes;
}

} // namespace

std::string syscall_filter() {
  const std::unique_ptr<void, decltype(&seccomp_release)> filter(seccomp_init(SCMP_ACT_ALLOW), seccomp_release);
  if (!filter)
    throw std::runtime_error("libseccomp could not begin the sandbox's filter of system calls");
  for (const auto* name : refused)
    if (const int call = seccomp_syscall_resolve_name(name); call != __NR_SCMP_ERROR)
      expect(seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), call, 0));
  // A clone that does not make a thread makes a process. What clone3 makes stands in memory, where no filter can look;
  // without it the C library takes clone.
  expect(seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                          SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0)));
  expect(seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0));
  return exported(filter.get());
}

} // namespace avp
