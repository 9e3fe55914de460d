// What a program gets in the sandbox, at which limits it is stopped, and which sandbox is taken.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>
#include <tuple>

#include <gmock/gmock.h>
#include <linux/filter.h>
#include <sys/resource.h>

#include "tests/runtime/os/sandbox_fixture.hpp"

namespace avp {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using ending = sandbox_result::ending;

INSTANTIATE_TEST_SUITE_P(all, sandbox_test,
                         testing::Values(sandbox_case{sandbox::way::namespaces, false},
                                         sandbox_case{sandbox::way::namespaces, true},
                                         sandbox_case{sandbox::way::landlock, false},
                                         sandbox_case{sandbox::way::landlock, true}),
                         [](const auto& each) {
                           return std::string(each.param.way == sandbox::way::landlock ? "landlock" : "namespaces") +
                                  (each.param.ordinary ? "_as_ordinary_user" : "");
                         });

TEST_P(sandbox_test, gives_what_a_program_writes_and_its_status) {
  const auto result =
      run("import sys; print(sys.stdin.read()); print('oops', file=sys.stderr); sys.exit(3)", short_limits(), "in");
  EXPECT_EQ(result.how, ending::exited);
  EXPECT_EQ(result.status, 3);
  EXPECT_THAT(result.output, HasSubstr("in\n"));
  EXPECT_THAT(result.output, HasSubstr("oops\n"));
}

TEST_P(sandbox_test, threads_are_allowed_and_counted) {
  const auto result = run(R"(
import threading
threading.stack_size(32768)
go = threading.Event()
all = []
try:
  for i in range(3000):
    all.append(threading.Thread(target=go.wait)); all[-1].start()
except RuntimeError: pass
print(len(all))
go.set())");
  // The kernel counts an ordinary user's threads together with what else that user runs, which begins and ends.
  const int most = landlock() && ordinary() ? 600 : 40;
  EXPECT_GT(std::atoi(result.output.c_str()), 2) << result.output;
  EXPECT_LT(std::atoi(result.output.c_str()), most) << result.output;
}

TEST_P(sandbox_test, an_infinite_loop_runs_out_of_processor_time) {
  auto limits = short_limits();
  limits.wall = std::chrono::minutes(10); // so that a busy machine does not stop it
  const auto result = run("while True: pass", limits);
  EXPECT_EQ(result.how, ending::exited);
  EXPECT_EQ(result.status, 137);
}

TEST_P(sandbox_test, an_endless_sleep_runs_out_of_wall_time) {
  auto limits = short_limits();
  limits.wall = std::chrono::milliseconds(500);
  const auto result = run(R"(
import time, signal
for s in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
  signal.signal(s, signal.SIG_IGN)
time.sleep(10000))",
                          limits);
  EXPECT_EQ(result.how, ending::timed_out);
  EXPECT_EQ(result.status, 137);
}

TEST_P(sandbox_test, ten_gigabytes_are_not_given) {
  const auto result = run("try: x = bytearray(10 * 1000 ** 3)\nexcept MemoryError: print('refused')");
  EXPECT_EQ(result.output, "refused\n");
}

TEST_P(sandbox_test, only_its_temporary_folder_can_be_written) {
  const auto mine = "mine_" + std::to_string(getpid());
  const auto result = run("mine = '" + mine + "'" + R"(
import os
for place in ['/x', '/usr/x', '/usr/bin/x', '/usr/lib/x', '/dev/x', '/etc/x', '/home/x', '/var/tmp/x', '/dev/shm/x',
              '/run/x', '/dev/mqueue/x', '/usr/bin/python3', '/tmp/../x', '/tmp/' + mine, mine]:
  try: open(place, 'w').write('mine'); print('wrote', place)
  except OSError: pass
for change in [lambda: os.remove('/usr/bin/true'), lambda: os.chmod('/usr/bin', 0o777), lambda: os.mkdir('/new'),
               lambda: os.rename('/usr', '/usr2'), lambda: os.symlink('/usr', '/usr/lib/x'),
               lambda: os.link('/usr/bin/true', '/usr/bin/true2'), lambda: os.mkfifo('/dev/x')]:
  try: change(); print('changed')
  except OSError: pass
)");
  EXPECT_EQ(result.output, landlock() ? "" : "wrote /tmp/" + mine + "\nwrote " + mine + "\n");
  EXPECT_FALSE(std::filesystem::exists("/tmp/" + mine));
}

TEST_P(sandbox_test, what_is_written_is_bounded_and_gone_again) {
  const auto full = run(R"(
try:
  for i in range(100): open(f'/tmp/{i}', 'wb').write(bytes(100_000))
except OSError as e: print(e.strerror))");
  EXPECT_EQ(full.output, landlock() ? "Permission denied\n" : "No space left on device\n");
  EXPECT_EQ(run(R"(
import os
try: print(os.listdir('/tmp'))
except PermissionError: print([]))")
                .output,
            "[]\n");
}

TEST_P(sandbox_test, nothing_of_the_runner_is_handed_on) {
  const auto path = std::filesystem::temp_directory_path() / ("sandbox_test_" + std::to_string(getpid()));
  std::ofstream open_file(path); // without O_CLOEXEC, as C++ streams are
  setenv("AVP_TEST_SECRET", "secret", 1);
  const auto result = run(R"(
import os
for fd in range(1024):
  try: os.fstat(fd); print(fd)
  except OSError: pass
try: os.write(0, b'x')
except OSError: print('its input cannot be written')
print([name for name in os.environ if name not in ('LC_CTYPE', 'PWD')]))");
  unsetenv("AVP_TEST_SECRET");
  std::filesystem::remove(path);
  EXPECT_EQ(result.output, "0\n1\n2\nits input cannot be written\n[]\n");
}

TEST_P(sandbox_test, the_runner_stays_as_it_was) {
  const auto state = [] {
    rlimit processes{};
    getrlimit(RLIMIT_NPROC, &processes);
    sigset_t held;
    pthread_sigmask(SIG_SETMASK, nullptr, &held);
    struct sigaction terminal {};
    sigaction(SIGINT, nullptr, &terminal);
    return std::tuple(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), prctl(PR_GET_SECCOMP), geteuid(), getsid(0),
                      std::filesystem::current_path(), processes.rlim_cur, sigismember(&held, SIGINT),
                      terminal.sa_handler == SIG_DFL);
  };
  const auto before = state();
  (void)run("pass");
  EXPECT_EQ(state(), before);
  EXPECT_EQ(prctl(PR_GET_DUMPABLE), 1) << "also by the programs before";
}

TEST_P(sandbox_test, output_is_bounded) {
  auto limits = short_limits();
  limits.output = 1000;
  const auto result = run("while True: print('x' * 100)", limits);
  EXPECT_EQ(result.how, ending::too_much_output);
  EXPECT_EQ(result.output.size(), 1000U);
}

TEST_P(sandbox_test, a_program_that_closes_its_output_is_followed_to_its_end) {
  EXPECT_EQ(run("import os, time\nos.close(1); os.close(2)\ntime.sleep(0.2)\nos._exit(5)").status, 5);
}

TEST_P(sandbox_test, programs_run_side_by_side) {
  if (GetParam().ordinary)
    GTEST_SKIP() << "a child of this process runs one at a time";
  std::vector<std::string> outputs(6);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < outputs.size(); ++i)
    threads.emplace_back(
        [&, i] { outputs[i] = run("import time; time.sleep(0.1); print(" + std::to_string(i) + ")").output; });
  for (auto& thread : threads)
    thread.join();
  for (std::size_t i = 0; i < outputs.size(); ++i)
    EXPECT_EQ(outputs[i], std::to_string(i) + "\n");
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

TEST_P(sandbox_test, a_program_dies_with_the_runner) {
  const auto mark = "mark_" + std::to_string(getpid());
  const auto child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (GetParam().ordinary && !become_ordinary_user())
      _exit(1);
    (void)sandbox(GetParam().way)
        .run(python("import ctypes, time\n"
                    "ctypes.CDLL(None).prctl(1, 0)\n" // the signal that comes with its parent's death
                    "time.sleep(10000) #" +
                    mark),
             "", short_limits());
    _exit(0);
  }
  const auto wait_until = [&](auto condition) {
    for (int i = 0; i < 1200 && !condition(processes_with(mark)); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return processes_with(mark);
  };
  const int wanted = landlock() ? 1 : 3;
  EXPECT_GE(wait_until([&](int count) { return count >= wanted; }), wanted) << "the program, and bwrap twice";
  std::this_thread::sleep_for(std::chrono::milliseconds(200)); // so that it has tried to outlive its parent
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_EQ(wait_until([](int count) { return count == 0; }), 0);
}

/// What the sandbox says of itself, or why there is none, to a user who has no bwrap.
std::string without_bubblewrap(bool landlock) {
  return said_in_child([&]() -> std::string {
           setenv("PATH", "/nowhere", 1);
           std::array refuse_rulesets{
               sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
               sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_landlock_create_ruleset, 0, 1),
               sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
               sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
           const sock_fprog filter{refuse_rulesets.size(), refuse_rulesets.data()};
           if (!landlock && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
                             prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) != 0))
             return "no filter";
           try {
             return sandbox().description();
           } catch (const sandbox_error& error) {
             return error.what();
           }
         })
      .value_or("nothing");
}

TEST(sandbox, is_of_landlock_where_namespaces_do_not_work) {
  if (!machine_allows(sandbox::way::landlock))
    GTEST_SKIP() << "this machine does not allow Landlock";
  const auto said = without_bubblewrap(true);
  EXPECT_THAT(said, StartsWith("by Landlock"));
  EXPECT_THAT(said, HasSubstr("not by namespaces: the sandbox could not start bwrap: No such file or directory"));
}

TEST(sandbox, says_what_to_install_or_allow_where_nothing_works) {
  const auto said = without_bubblewrap(false);
  if (said == "no filter")
    GTEST_SKIP() << "this machine does not allow seccomp";
  EXPECT_THAT(said, HasSubstr("By namespaces: the sandbox could not start bwrap"));
  EXPECT_THAT(said, HasSubstr("by Landlock: the container lets no Landlock through"));
  EXPECT_THAT(said, HasSubstr("apt install bubblewrap"));
  EXPECT_THAT(said, Not(HasSubstr("\n")));
}

TEST(sandbox, is_of_namespaces_where_they_work) {
  if (!machine_allows(sandbox::way::namespaces))
    GTEST_SKIP() << "this machine does not allow namespaces";
  EXPECT_EQ(sandbox().taken(), sandbox::way::namespaces);
}

} // namespace
} // namespace avp
