// What a program tries in the sandbox to get out, to reach others, and to leave something behind.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "tests/runtime/os/sandbox_fixture.hpp"

namespace avp {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

/// Python with the kernel's own calls, by their numbers on x86-64: call() gives what comes back, or the error negative.
const std::string with_calls = R"(
import ctypes, os, signal
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
  got = libc.syscall(*[ctypes.c_long(a) if isinstance(a, int) else a for a in (number, *arguments)])
  return got if got >= 0 else -ctypes.get_errno()
)";

TEST_P(sandbox_test, a_fork_bomb_makes_no_process) {
  const auto result = run(with_calls + R"(
made = 0
for i in range(1000):
  try:
    if os.fork() == 0:
      while True: os.fork()
    made += 1
  except PermissionError: pass
import subprocess
try: subprocess.run(['/usr/bin/true'])
except PermissionError: print('processes', made)
print(call(57), call(58), call(56, 17, 0, 0, 0, 0), call(435, bytes(88), 88))
)");
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_EQ(result.output, "processes 0\n-1 -1 -1 -38\n");
}

TEST_P(sandbox_test, signals_reach_itself) {
  EXPECT_EQ(run("import signal\nsignal.signal(10, lambda *_: print('came'))\nsignal.raise_signal(10)").output,
            "came\n");
  EXPECT_EQ(run("import os\nos.abort()").status, 128 + SIGABRT);
  EXPECT_EQ(run("import os\nos.kill(os.getpid(), 15)").status, 128 + SIGTERM);
}

// The runner is the program's parent: without namespaces itself, with them bwrap. An ordinary user's program has its
// uid.
TEST_P(sandbox_test, the_runner_survives) {
  const auto result = run(with_calls + R"(
import fcntl, resource
parent = os.getppid()
for number in range(1, 65):
  for target in [parent, -parent, -1, 0, 1]:
    if number in (9, 15, 2, 6) or target == parent:
      if not (os.getpid() == 2 and target in (0, -1)): call(62, target, number)
  for tid in [parent, 1]:
    call(200, tid, number); call(234, tid, tid, number); call(129, tid, number, bytes(128))
    call(297, tid, tid, number, bytes(128))
fd = call(434, parent, 0)
if fd >= 0: call(424, fd, 9, 0, 0); print('pidfd')
reads, writes = os.pipe()
for command, value in [(8, parent), (10, 9)]:
  try: fcntl.fcntl(reads, command, value); print('fcntl', command)
  except PermissionError: pass
fcntl.fcntl(reads, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
os.write(writes, b'x')
for number in [101, 311]: print(call(number, 16, parent, 0, 0, 0, 0))
print(call(302, parent, 0, bytes(16), 0), call(141, 0, parent, 19), call(203, parent, 8, bytes(8)),
      call(251, 1, parent, 0), call(312, parent, parent, 0, 0, 0), call(144, parent, 0, bytes(4)))
try: resource.prlimit(parent, resource.RLIMIT_CPU, (0, 0)); print('limited')
except OSError: pass
for name in ['mem', 'environ', 'maps', 'cwd/.', 'root/.', 'fd/0', 'oom_score_adj']:
  try: open(f'/proc/{parent}/{name}', 'rb').read(1); print('opened', name)
  except IsADirectoryError: print('reached', name)
  except OSError: pass
print('done')
)");
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_EQ(result.output, "-1\n-1\n-1 -1 -1 -1 -1 -1\ndone\n");
}

TEST_P(sandbox_test, the_users_files_stay_as_they_are) {
  const auto folder = std::filesystem::temp_directory_path() / ("sandbox_files_" + std::to_string(getpid()));
  const auto file = folder / "own";
  std::filesystem::create_directory(folder);
  std::ofstream(file) << "secret";
  const auto owner = GetParam().ordinary ? ordinary_user : geteuid();
  ASSERT_EQ(chmod(file.c_str(), 0600), 0);
  for (const auto& path : {folder, file})
    ASSERT_EQ(GetParam().ordinary ? chown(path.c_str(), owner, owner) : 0, 0);
  struct stat before {};
  struct stat folder_before {};
  stat(file.c_str(), &before);
  stat(folder.c_str(), &folder_before);
  const auto result = run(with_calls + "folder = '" + folder.string() + "'\n" + R"(
own = folder + '/own'
o, n = own.encode(), (folder + '/new').encode()
for flags in [os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_TRUNC, os.O_WRONLY | os.O_APPEND]:
  try: os.open(own, flags); print('opened', flags)
  except OSError: pass
try: os.listdir(folder); print('listed')
except OSError: pass
for name, *arguments in [('truncate', own, 0), ('chmod', own, 0o777), ('chown', own, -1, -1), ('utime', own, (1, 1)),
    ('setxattr', own, 'user.x', b'x'), ('removexattr', own, 'user.x'), ('link', own, folder + '/new'),
    ('rename', own, folder + '/new'), ('remove', own), ('symlink', own, folder + '/new'), ('mkdir', folder + '/new'),
    ('mkfifo', folder + '/new'), ('mknod', folder + '/new'), ('rmdir', folder), ('chmod', folder, 0o777),
    ('execv', own, ['x']), ('chroot', folder)]:
  try: getattr(os, name)(*arguments); print('did', name)
  except OSError: pass
print([call(number, *arguments) for number, *arguments in [
    (452, -100, o, 0o777, 0), (268, -100, o, 0o777), (463, -100, o, 0, b'user.x', 0, 0), (469, -100, o, 0, 0, 0),
    (261, -100, o, 0), (235, o, 0), (132, o, 0)]])
try:
  place = os.open(own, os.O_PATH)
  print(call(91, place, 0o777), call(280, place, 0, 0, 0x1000), call(77, place, 0))
except OSError: print('no place')
)");
  struct stat after {};
  struct stat folder_after {};
  stat(file.c_str(), &after);
  stat(folder.c_str(), &folder_after);
  std::string content;
  std::getline(std::ifstream(file) >> std::ws, content);
  EXPECT_EQ(content, "secret");
  EXPECT_EQ(after.st_mode, before.st_mode);
  EXPECT_EQ(after.st_mtim.tv_sec, before.st_mtim.tv_sec);
  EXPECT_EQ(after.st_ctim.tv_nsec, before.st_ctim.tv_nsec) << "something of it was changed";
  EXPECT_EQ(folder_after.st_mode, folder_before.st_mode);
  EXPECT_EQ(folder_after.st_mtim.tv_nsec, folder_before.st_mtim.tv_nsec) << "something was put into its folder";
  EXPECT_THAT(result.output, Not(AnyOf(HasSubstr("opened"), HasSubstr("listed"), HasSubstr("did"), HasSubstr("0"))))
      << result.output;
  std::filesystem::remove_all(folder);
}

TEST_P(sandbox_test, nothing_can_be_read_but_programs_and_libraries) {
  const char* home = std::getenv("HOME");
  const auto result =
      run(std::string("home = '") + (home && *home && std::string(home) != "/tmp" ? home : "/root") + "'\n" + R"(
import os
for place in ['/', '/root', '/home', home, '/etc', '/etc/passwd', '/etc/hostname', '/proc', '/proc/self/status',
              '/proc/self/fd/0', '/proc/1/cmdline', '/sys', '/var', '/mnt', '/usr/share', '/usr/include', '/run',
              '/dev', '/dev/tty', '/dev/ptmx', '/dev/urandom', '/dev/zero', '/dev/kmsg', '/dev/mem', '/dev/fuse']:
  for use in [lambda: os.listdir(place), lambda: open(place, 'rb').read(1)]:
    try:
      if use() and place not in ('/', '/dev'): print('read', place)
    except OSError: pass
open('/dev/null', 'w').write('x'); print(repr(open('/dev/null').read()), len(os.listdir('/usr/bin')) > 10)
)");
  EXPECT_EQ(result.output, "'' True\n");
  if (!landlock()) { // which hides nothing that is not opened
    EXPECT_EQ(run("import os; print(sorted(os.listdir('/')), os.listdir('/dev'))").output,
              "['bin', 'dev', 'lib', 'lib64', 'tmp', 'usr'] ['null']\n");
  }
}

TEST_P(sandbox_test, no_socket_opens) {
  const auto result = run(with_calls + R"(
import socket
for family in [socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK, socket.AF_VSOCK, socket.AF_PACKET]:
  for kind in [socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW]:
    try: socket.socket(family, kind); print('opened', family)
    except PermissionError: pass
# One of a pair that takes datagrams could send them to any socket of the machine that has a name.
for kind in [2, 5, 2 | 0o4000, 2 | 1 << 32]: print(call(53, 1, kind, 0, bytes(8)))
one, other = socket.socketpair()
one.send(b'inside'); print(other.recv(9))
)");
  EXPECT_EQ(result.output, "-1\n-1\n-1\n-1\nb'inside'\n");
}

TEST_P(sandbox_test, no_memory_is_shared_or_without_a_limit) {
  const auto result = run(with_calls + R"(
print([call(number, 0, 4096, 0o1600, 0) for number in (29, 30, 31, 64, 65, 66, 68, 69, 70, 71, 220)])
print(call(319, b'x', 0), call(447, 0), call(240, b'x', 0o102, 0o600, 0), call(241, b'x'), call(278, 0, 0, 0, 0))
try: open('/dev/shm/x', 'w'); print('shared')
except OSError: pass
)");
  EXPECT_EQ(result.output, "[-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1]\n-1 -1 -1 -1 -1\n");
}

TEST_P(sandbox_test, the_kernels_back_doors_are_shut) {
  const auto result = run(with_calls + R"(
spaces = [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000]
print({call(272, space) for space in spaces}, {call(56, space | 0x10000, 0, 0, 0, 0) for space in spaces})
print({call(number, 0, 0, 0, 0, 0, 0) for number in [
    308, 165, 166, 155, 161, 428, 429, 430, 431, 432, 433, 442, 303, 304,  # setns, mounts, file handles
    101, 310, 311, 312, 438, 440, 448, 256, 279,                          # into other processes
    425, 426, 427, 206, 321, 298, 323, 248, 249, 250, 300, 253, 294,      # io_uring, bpf, perf, userfaultfd, keys
    175, 313, 246, 320, 169, 167, 103, 164, 227, 170, 172, 154]})
print(call(157, 1, 0, 0, 0, 0), call(157, 1 << 32 | 1, 0, 0, 0, 0))       # the signal of the parent's death
print([call(16, 0, request, b'x') for request in (0x5412, 0x5412 | 1 << 32, 0x541C)])  # TIOCSTI, TIOCLINUX
print({call(number, 0, 0, 0, 0, 0, 0) for number in [*range(451, 512), 548, 1000]})    # newer than the filter
print(call(0x40000000 + 39))                                              # getpid of x32
)");
  EXPECT_EQ(result.output, "{-1} {-1}\n{-1}\n-1 -1\n[-1, -1, -1]\n{-38}\n-38\n");
}

TEST_P(sandbox_test, calls_of_32_bits_end_the_program) {
  const auto result = run(R"(
import ctypes, mmap
memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
memory.write(b'\xb8\x14\0\0\0\xcd\x80\xc3') # getpid() as on i386
place = ctypes.addressof(ctypes.c_char.from_buffer(memory))
print('before', flush=True)
print('came back', ctypes.CFUNCTYPE(ctypes.c_int)(place)()))");
  EXPECT_EQ(result.output, "before\n");
  EXPECT_THAT(result.status, AnyOf(128 + SIGSYS, 128 + SIGSEGV)); // the latter where the kernel has no such calls
}

TEST_P(sandbox_test, the_program_has_no_right_and_gets_none) {
  const auto result = run(with_calls + R"(
print(os.getresuid(), os.getresgid(), os.getgroups())
for change in [lambda: os.setuid(0), lambda: os.setgroups([0]), lambda: os.chroot('/tmp'), lambda: os.nice(-1)]:
  try: change(); print('allowed')
  except OSError: pass
data = (ctypes.c_uint32 * 6)()
print(libc.capget((ctypes.c_uint32 * 2)(0x20080522, 0), data), list(data), libc.prctl(39, 0, 0, 0, 0))
import resource
print(resource.getrlimit(resource.RLIMIT_CORE), resource.getrlimit(resource.RLIMIT_NOFILE))
)");
  const auto uid = result.output.substr(1, result.output.find(',') - 1);
  if (!landlock()) {
    EXPECT_EQ(uid, "65534") << result.output;
  } else if (!ordinary()) {
    EXPECT_THAT(uid, Not(AnyOf("0", "65534"))) << "a uid of its own";
  }
  EXPECT_THAT(result.output, HasSubstr("(" + uid + ", " + uid + ", " + uid + ") (")) << result.output;
  EXPECT_THAT(result.output, Not(HasSubstr("allowed")));
  EXPECT_THAT(result.output, HasSubstr("0 [0, 0, 0, 0, 0, 0] 1\n(0, 0) (64, 64)\n"));
}

} // namespace
} // namespace avp
