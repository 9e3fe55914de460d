// What a program tries in the sandbox, and that the next one finds everything as it was.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <avp/runtime/os/sandbox.hpp>

namespace {

using namespace avp;
using testing::HasSubstr;
using testing::Not;
using ending = sandbox_result::ending;

std::vector<std::string> python(const std::string& code) { return {"/usr/bin/python3", "-s", "-S", "-c", code}; }

sandbox_limits short_limits() {
  sandbox_limits limits;
  limits.cpu = std::chrono::seconds(1);
  limits.wall = std::chrono::seconds(20);
  limits.memory = std::int64_t{256} << 20;
  limits.folder = std::int64_t{1} << 20;
  return limits;
}

class sandbox_test : public testing::Test {
protected:
  sandbox_result run(const std::string& code, const sandbox_limits& limits = short_limits()) {
    return sandbox_.run(python(code), "", limits);
  }

  /// Whatever a test's program did, the next one runs.
  void TearDown() override {
    const auto next = run("print(6 * 7)");
    EXPECT_EQ(next.how, ending::exited);
    EXPECT_EQ(next.status, 0) << next.output;
    EXPECT_EQ(next.output, "42\n");
  }

  sandbox sandbox_;
};

TEST_F(sandbox_test, gives_what_a_program_writes_and_its_status) {
  const auto result = sandbox_.run(
      python("import sys; print(sys.stdin.read()); print('oops', file=sys.stderr); sys.exit(3)"), "in", short_limits());
  EXPECT_EQ(result.how, ending::exited);
  EXPECT_EQ(result.status, 3);
  EXPECT_THAT(result.output, HasSubstr("in\n"));
  EXPECT_THAT(result.output, HasSubstr("oops\n"));
}

TEST_F(sandbox_test, a_fork_bomb_makes_no_process) {
  const auto result = run("import os\n"
                          "made = 0\n"
                          "for i in range(1000):\n"
                          "  try:\n"
                          "    if os.fork() == 0:\n"
                          "      while True: os.fork()\n"
                          "    made += 1\n"
                          "  except PermissionError: pass\n"
                          "import subprocess\n"
                          "try: subprocess.run(['/usr/bin/true'])\n"
                          "except PermissionError: print('processes', made)");
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_EQ(result.output, "processes 0\n");
}

TEST_F(sandbox_test, threads_are_allowed_and_counted) {
  const auto result = run("import threading\n"
                          "go = threading.Event()\n"
                          "all = []\n"
                          "try:\n"
                          "  for i in range(1000):\n"
                          "    all.append(threading.Thread(target=go.wait)); all[-1].start()\n"
                          "except RuntimeError: print(len(all) > 2, len(all) < 40)\n"
                          "go.set()");
  EXPECT_THAT(result.output, HasSubstr("True True")) << result.output;
}

TEST_F(sandbox_test, an_infinite_loop_runs_out_of_processor_time) {
  const auto result = run("while True: pass");
  EXPECT_EQ(result.how, ending::exited);
  EXPECT_EQ(result.status, 137);
}

TEST_F(sandbox_test, an_endless_sleep_runs_out_of_wall_time) {
  auto limits = short_limits();
  limits.wall = std::chrono::milliseconds(500);
  const auto result = run("import time, signal\n"
                          "for s in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:\n"
                          "  signal.signal(s, signal.SIG_IGN)\n"
                          "time.sleep(10000)",
                          limits);
  EXPECT_EQ(result.how, ending::timed_out);
}

TEST_F(sandbox_test, ten_gigabytes_are_not_given) {
  const auto result = run("try: x = bytearray(10 * 1000 ** 3)\nexcept MemoryError: print('refused')");
  EXPECT_EQ(result.output, "refused\n");
}

TEST_F(sandbox_test, memory_without_a_limit_of_its_own_is_not_given) {
  const auto result = run("import os, ctypes\n"
                          "try: os.memfd_create('x')\n"
                          "except PermissionError: print('no file in memory')\n"
                          "libc = ctypes.CDLL(None, use_errno=True)\n"
                          "print(libc.shmget(0, 4096, 0o1600), ctypes.get_errno() == 1)");
  EXPECT_EQ(result.output, "no file in memory\n-1 True\n");
}

TEST_F(sandbox_test, nothing_can_be_written_outside_the_temporary_folder) {
  const auto result = run("import os\n"
                          "for place in ['/x', '/usr/x', '/usr/bin/x', '/usr/lib/x', '/dev/x', '/etc/x', '/home/x',\n"
                          "              '/var/tmp/x', '/dev/shm/x', '/usr/bin/python3', '/tmp/../x']:\n"
                          "  try: open(place, 'w'); print('wrote', place)\n"
                          "  except OSError: pass\n"
                          "for change in [lambda: os.remove('/usr/bin/true'), lambda: os.chmod('/usr/bin', 0o777),\n"
                          "               lambda: os.mkdir('/new'), lambda: os.rename('/usr', '/usr2')]:\n"
                          "  try: change(); print('changed')\n"
                          "  except OSError: pass\n"
                          "open('/tmp/mine', 'w').write('mine'); print(open('mine').read())");
  EXPECT_EQ(result.output, "mine\n");
  EXPECT_FALSE(std::filesystem::exists("/tmp/mine"));
}

TEST_F(sandbox_test, the_temporary_folder_is_small_and_empty_again) {
  const auto full = run("import os\n"
                        "try:\n"
                        "  for i in range(100): open(f'/tmp/{i}', 'wb').write(bytes(100_000))\n"
                        "except OSError as e: print(e.strerror)");
  EXPECT_EQ(full.output, "No space left on device\n");
  EXPECT_EQ(run("import os; print(os.listdir('/tmp'))").output, "[]\n");
}

TEST_F(sandbox_test, no_socket_opens) {
  const auto result = run("import socket\n"
                          "for family in [socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK, 40]:\n"
                          "  try: socket.socket(family, socket.SOCK_STREAM); print('opened', family)\n"
                          "  except OSError as e: print(e.errno)");
  EXPECT_EQ(result.output, "1\n1\n1\n1\n1\n");
}

TEST_F(sandbox_test, the_home_folder_is_not_there) {
  const char* home = std::getenv("HOME");
  if (home && std::string(home) == "/tmp") // inside is another one
    home = nullptr;
  const auto result = run(std::string("import os\n") + "for place in ['/root', '/home', '" + (home ? home : "/root") +
                          "', '/etc/passwd', '/proc/1', '/sys', '/var', '/mnt']:\n"
                          "  if os.path.exists(place): print('found', place)\n"
                          "print(sorted(os.listdir('/')), dict(os.environ).get('HOME'))");
  EXPECT_EQ(result.output, "['bin', 'dev', 'lib', 'lib64', 'tmp', 'usr'] None\n");
}

TEST_F(sandbox_test, the_parent_survives) {
  const auto result = run("import os, signal\n"
                          "for target in [os.getppid(), 1, -1, " +
                          std::to_string(getpid()) + ", " + std::to_string(getppid()) +
                          "]:\n"
                          "  try: os.kill(target, signal.SIGKILL)\n"
                          "  except OSError: pass\n"
                          "print('done', os.getppid())");
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.output, "done 1\n");
}

TEST_F(sandbox_test, the_program_is_nobody_without_any_right) {
  const auto result =
      run("import os, ctypes\n"
          "print(os.getresuid(), os.getresgid(), os.getgroups())\n"
          "for change in [lambda: os.setuid(0), lambda: os.setgroups([0]), lambda: os.chroot('/tmp')]:\n"
          "  try: change(); print('allowed')\n"
          "  except OSError: pass\n"
          "libc = ctypes.CDLL(None)\n"
          "print(libc.unshare(0x10000000), libc.mount(b'x', b'/tmp', b'tmpfs', 0, None))");
  EXPECT_THAT(result.output, HasSubstr("(65534, 65534, 65534) (65534, 65534, 65534) ["));
  EXPECT_THAT(result.output, Not(HasSubstr("allowed")));
  EXPECT_THAT(result.output, HasSubstr("-1 -1\n"));
}

TEST_F(sandbox_test, the_runners_files_are_not_open_inside) {
  const auto path = std::filesystem::temp_directory_path() / ("sandbox_test_" + std::to_string(getpid()));
  std::ofstream open_file(path); // without O_CLOEXEC, as C++ streams are
  const auto result = run("import os\n"
                          "for fd in range(1024):\n"
                          "  try: os.fstat(fd); print(fd)\n"
                          "  except OSError: pass\n"
                          "try: os.write(0, b'x')\n"
                          "except OSError: print('its input cannot be written')");
  std::filesystem::remove(path);
  EXPECT_EQ(result.output, "0\n1\n2\nits input cannot be written\n");
}

TEST_F(sandbox_test, output_is_bounded) {
  auto limits = short_limits();
  limits.output = 1000;
  const auto result = run("while True: print('x' * 100)", limits);
  EXPECT_EQ(result.how, ending::too_much_output);
  EXPECT_EQ(result.output.size(), 1000U);
}

TEST_F(sandbox_test, a_program_that_closes_its_output_is_followed_to_its_end) {
  EXPECT_EQ(run("import os, time\nos.close(1); os.close(2)\ntime.sleep(0.2)\nos._exit(5)").status, 5);
}

TEST_F(sandbox_test, programs_run_side_by_side) {
  std::vector<std::string> outputs(6);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < outputs.size(); ++i)
    threads.emplace_back([&, i] {
      outputs[i] = run("open('/tmp/x', 'x').write('" + std::to_string(i) + "'); print(open('/tmp/x').read())").output;
    });
  for (auto& thread : threads)
    thread.join();
  for (std::size_t i = 0; i < outputs.size(); ++i)
    EXPECT_EQ(outputs[i], std::to_string(i) + "\n");
}

TEST_F(sandbox_test, works_for_an_ordinary_user) {
  if (geteuid() != 0)
    GTEST_SKIP() << "all tests run as an ordinary user";
  const auto child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    bool good = setgid(65534) == 0 && setuid(65534) == 0;
    try {
      const sandbox mine;
      const auto result = mine.run(python("import os\n"
                                          "try: os.fork()\n"
                                          "except PermissionError: print(os.getuid(), os.path.exists('/root'))"),
                                   "", short_limits());
      good = good && result.output == "65534 False\n";
    } catch (const sandbox_error& error) {
      std::fputs(error.what(), stderr);
      good = false;
    }
    _exit(good ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

/// How many processes have `word` in their command line.
int processes_with(const std::string& word) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline");
    const std::string line((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    count += line.find(word) != std::string::npos ? 1 : 0;
  }
  return count;
}

TEST_F(sandbox_test, a_program_dies_with_the_runner) {
  const auto mark = "mark_" + std::to_string(getpid());
  const auto child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    (void)run("import time; time.sleep(10000) #" + mark);
    _exit(0);
  }
  const auto wait_until = [&](auto condition) {
    for (int i = 0; i < 200 && !condition(processes_with(mark)); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return processes_with(mark);
  };
  EXPECT_GE(wait_until([](int count) { return count >= 3; }), 3) << "bwrap twice, and the program";
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_EQ(wait_until([](int count) { return count == 0; }), 0);
}

TEST(sandbox, says_what_to_install_where_it_is_missing) {
  const std::string path = std::getenv("PATH");
  setenv("PATH", "/nowhere", 1);
  try {
    const sandbox without;
    ADD_FAILURE() << "there is no bwrap in PATH";
  } catch (const sandbox_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("could not start bwrap"));
    EXPECT_THAT(error.what(), HasSubstr("apt install bubblewrap"));
  }
  setenv("PATH", path.c_str(), 1);
}

} // namespace
