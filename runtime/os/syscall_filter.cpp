// The filter, made by libseccomp for the processor that runs, behind a few instructions that libseccomp can't make.
#include "runtime/os/syscall_filter.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace avp {
namespace {

// What a program that computes has no use for. Namespaces or Landlock and the lack of capabilities stop most of it
// already; here it is stopped a second time, and the kernel's rarely used code is out of reach.
constexpr std::array refused{
    // processes
    "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease", "kcmp",
    "pidfd_open", "pidfd_getfd", "pidfd_send_signal", "tkill", "setpriority", "ioprio_set", "migrate_pages",
    "move_pages",
    // sockets: a network namespace has no network, but some families (vsock) know no namespaces
    "socket", "connect", "bind", "listen", "accept", "accept4",
    // memory that RLIMIT_AS does not see, and queues that outlive the process
    "memfd_create", "memfd_secret", "shmget", "shmat", "shmctl", "msgget", "msgsnd", "msgrcv", "msgctl", "semget",
    "semop", "semtimedop", "semctl", "mq_open", "mq_unlink", "vmsplice",
    // kernel interfaces with a history
    "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register", "io_setup",
    "add_key", "request_key", "keyctl", "fanotify_init", "fanotify_mark", "inotify_init", "inotify_init1", "modify_ldt",
    "ioperm", "iopl", "uselib", "sysfs", "_sysctl", "nfsservctl", "lookup_dcookie", "create_module",
    // namespaces and mounts
    "unshare", "setns", "mount", "umount", "umount2", "pivot_root", "chroot", "fsopen", "fsconfig", "fsmount", "fspick",
    "open_tree", "move_mount", "mount_setattr", "name_to_handle_at", "open_by_handle_at",
    // the machine
    "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "swapon", "swapoff",
    "acct", "syslog", "quotactl", "quotactl_fd", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex",
    "sethostname", "setdomainname", "vhangup", "sync", "syncfs"};

// What Landlock lets a process do to files by their names, wherever they are; truncate only before Linux 6.2.
constexpr std::array changing_files{"chmod",        "fchmod",       "fchmodat",  "chown",     "fchown",
                                    "lchown",       "fchownat",     "utime",     "utimes",    "futimesat",
                                    "utimensat",    "setxattr",     "lsetxattr", "fsetxattr", "removexattr",
                                    "lremovexattr", "fremovexattr", "truncate"};

void expect(int outcome) {
  if (outcome < 0)
    throw std::runtime_error("libseccomp could not make the sandbox's filter of system calls (error " +
                             std::to_string(-outcome) + ")");
}

using filter_context = std::unique_ptr<void, decltype(&seccomp_release)>;

void refuse(const filter_context& filter, std::span<const char* const> names) {
  for (const auto* name : names)
    if (const int call = seccomp_syscall_resolve_name(name); call != __NR_SCMP_ERROR)
      expect(seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), call, 0));
}

void refuse_if(const filter_context& filter, int call, const scmp_arg_cmp& condition) {
  expect(seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), call, 1, condition));
}

/// The kernel looks at the low 32 bits of a command alone.
void refuse_commands(const filter_context& filter, int call, unsigned place, std::initializer_list<std::uint32_t> all) {
  for (const auto command : all)
    refuse_if(filter, call, SCMP_CMP(place, SCMP_CMP_MASKED_EQ, 0xFFFFFFFFU, command));
}

/// Calls that are harmless with other arguments.
void refuse_arguments(const filter_context& filter) {
  // A clone that does not make a thread makes a process. What clone3 makes stands in memory, where no filter can look;
  // without it the C library takes clone.
  refuse_if(filter, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
  for (const std::uint64_t space :
       {CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET})
    refuse_if(filter, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, space, space));
  expect(seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0));
  // Another process of the same user could be given limits and priorities, or a signal when a pipe is ready.
  for (const int call : {SCMP_SYS(prlimit64), SCMP_SYS(sched_setaffinity), SCMP_SYS(sched_setattr),
                         SCMP_SYS(sched_setparam), SCMP_SYS(sched_setscheduler)})
    refuse_if(filter, call, SCMP_A0(SCMP_CMP_NE, 0));
  refuse_commands(filter, SCMP_SYS(fcntl), 1, {F_SETOWN, F_SETOWN_EX, F_SETSIG, F_NOTIFY, F_SETLEASE});
  // The signal that comes with the runner's death.
  refuse_commands(filter, SCMP_SYS(prctl), 0, {PR_SET_PDEATHSIG});
  // Words put into a terminal's input, devices that send signals, and a file's flags, for which it need not be open
  // for writing.
  refuse_commands(filter, SCMP_SYS(ioctl), 1,
                  {TIOCSTI, TIOCLINUX, TIOCSCTTY, TIOCSPGRP, TIOCCONS, TIOCSETD, FIOASYNC, FIOSETOWN, SIOCSPGRP,
                   FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR});
  // A pair of sockets is a pipe; but one that takes datagrams can send them to any address.
  refuse_if(filter, SCMP_SYS(socketpair), SCMP_A0(SCMP_CMP_NE, AF_UNIX));
  constexpr std::uint64_t type = 0xF;
  for (std::uint64_t other = 0; other <= type; ++other)
    if (other != SOCK_STREAM)
      refuse_if(filter, SCMP_SYS(socketpair), SCMP_A1(SCMP_CMP_MASKED_EQ, type, other));
}

std::vector<sock_filter> exported(const filter_context& filter) {
  const int file = memfd_create("filter", MFD_CLOEXEC);
  if (file < 0)
    throw std::runtime_error("there is no memory for the sandbox's filter of system calls");
  std::vector<sock_filter> program;
  const int outcome = seccomp_export_bpf(filter.get(), file);
  if (const auto size = lseek(file, 0, SEEK_END); outcome == 0 && size > 0) {
    program.resize(static_cast<std::size_t>(size) / sizeof(sock_filter));
    if (pread(file, program.data(), static_cast<std::size_t>(size), 0) != size)
      program.clear();
  }
  close(file);
  expect(program.empty() ? (outcome < 0 ? outcome : -EIO) : 0);
  return program;
}

/// What comes before the filter that knows names: calls too new to have one here, and the signals of this process.
/// Jumps count the instructions that they leave out.
std::vector<sock_filter> beginning(surroundings around) {
  constexpr std::uint32_t newest = 450; // set_mempolicy_home_node, Linux 5.17; since 2019 the same for all processors
  constexpr std::uint32_t call = offsetof(seccomp_data, nr);
  constexpr std::uint32_t first_argument = offsetof(seccomp_data, args); // its low half, on these processors
  const sock_filter unknown = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
  if (around == surroundings::of_its_own)
    return {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, call), BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, newest, 0, 1), unknown};
  return {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, call),
          BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, newest, 8, 0),
          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_kill, 4, 0),
          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 3, 0),
          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigqueueinfo, 2, 0),
          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_tgsigqueueinfo, 1, 0),
          BPF_STMT(BPF_JMP | BPF_JA, 4),
          BPF_STMT(BPF_LD | BPF_W | BPF_ABS, first_argument),
          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 2, 0), // own_pid_place
          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
          unknown};
}

} // namespace

std::vector<sock_filter> syscall_filter(surroundings around) {
  const filter_context filter(seccomp_init(SCMP_ACT_ALLOW), seccomp_release);
  if (!filter)
    throw std::runtime_error("libseccomp could not begin the sandbox's filter of system calls");
  expect(seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
  refuse(filter, refused);
  if (around == surroundings::of_everybody_else)
    refuse(filter, changing_files);
  refuse_arguments(filter);
  auto program = beginning(around);
  const auto rest = exported(filter);
  program.insert(program.end(), rest.begin(), rest.end());
  return program;
}

} // namespace avp
