// Runs a command as a container does that was not given --privileged: `in_container [--ordinary-user]
// [--without-landlock] COMMAND…`. Root keeps the capabilities of Docker's containers; making namespaces, mounting and
// the like are refused with the errors of Docker's default seccomp profile (github.com/moby/moby,
// profiles/seccomp/default.json).
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

constexpr int skipped = 77; // as ctest is told

// What that profile allows only to those who have capabilities that a container's root does not have, or to nobody.
constexpr std::array refused{// namespaces and mounts
                             "unshare", "setns", "mount", "umount2", "pivot_root", "fsopen", "fsconfig", "fsmount",
                             "fspick", "open_tree", "move_mount", "mount_setattr", "open_by_handle_at",
                             // other processes, memory and keys
                             "kcmp", "pidfd_getfd", "process_madvise", "get_mempolicy", "set_mempolicy", "mbind",
                             "move_pages", "userfaultfd", "add_key", "request_key", "keyctl",
                             // the kernel and the machine
                             "bpf", "perf_event_open", "io_uring_setup", "io_uring_enter", "io_uring_register",
                             "fanotify_init", "init_module", "finit_module", "delete_module", "kexec_load",
                             "kexec_file_load", "reboot", "swapon", "swapoff", "acct", "syslog", "quotactl",
                             "quotactl_fd", "settimeofday", "clock_settime", "sethostname", "setdomainname", "vhangup",
                             "ioperm", "iopl", "lookup_dcookie"};

constexpr std::array kept{CAP_CHOWN,      CAP_DAC_OVERRIDE,     CAP_FSETID, CAP_FOWNER,     CAP_MKNOD,
                          CAP_NET_RAW,    CAP_SETGID,           CAP_SETUID, CAP_SETFCAP,    CAP_SETPCAP,
                          CAP_SYS_CHROOT, CAP_NET_BIND_SERVICE, CAP_KILL,   CAP_AUDIT_WRITE};

bool keep_capabilities() {
  std::uint64_t mask = 0;
  for (const auto capability : kept)
    mask |= std::uint64_t{1} << capability;
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability)
    if ((mask >> capability & 1) == 0 && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0)
      return false;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> mine{};
  if (syscall(SYS_capget, &header, mine.data()) != 0)
    return false;
  for (std::size_t half = 0; half < mine.size(); ++half) {
    const auto part = static_cast<std::uint32_t>(mask >> 32 * half);
    mine[half] = {mine[half].effective & part, mine[half].permitted & part, 0};
  }
  return syscall(SYS_capset, &header, mine.data()) == 0;
}

bool apply_profile(bool landlock) {
  auto* filter = seccomp_init(SCMP_ACT_ALLOW);
  bool good = filter && seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW) == 0;
  const auto refuse = [&](const char* name) {
    const int call = seccomp_syscall_resolve_name(name);
    good = good && (call == __NR_SCMP_ERROR || seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0) == 0);
  };
  for (const auto* name : refused)
    refuse(name);
  if (!landlock)
    refuse("landlock_create_ruleset");
  for (const std::uint64_t space :
       {CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET})
    good = good && seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                                    SCMP_A0(SCMP_CMP_MASKED_EQ, space, space)) == 0;
  good = good && seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0;
  good = good && seccomp_load(filter) == 0;
  seccomp_release(filter);
  return good;
}

int fail(const char* what) {
  std::fprintf(stderr, "in_container: %s: %s\n", what, std::strerror(errno));
  return 1;
}

} // namespace

int main(int count, char** arguments) {
  constexpr uid_t nobody = 65534;
  bool landlock = true;
  int place = 1;
  for (; place < count && std::string_view(arguments[place]).starts_with("--"); ++place) {
    if (std::string_view(arguments[place]) == "--without-landlock") {
      landlock = false;
    } else if (geteuid() != 0) {
      std::puts("skipped: all tests run as an ordinary user");
      return skipped;
    } else if (setgroups(0, nullptr) != 0 || setgid(nobody) != 0 || setuid(nobody) != 0) {
      return fail("can't become an ordinary user");
    }
  }
  if (geteuid() == 0 && !keep_capabilities())
    return fail("can't drop capabilities");
  if (!apply_profile(landlock))
    return fail("can't apply a filter of system calls");
  if (access(arguments[place], X_OK) != 0) {
    std::puts("skipped: this user may not run the command");
    return skipped;
  }
  execv(arguments[place], arguments + place);
  return fail(arguments[place]);
}
