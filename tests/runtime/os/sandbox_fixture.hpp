// Programs in the sandbox, in each way that there is, run by root and by an ordinary user.
#pragma once

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <grp.h>
#include <gtest/gtest.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/os/sandbox.hpp"

namespace avp {

inline std::vector<std::string> python(const std::string& code) { return {"/usr/bin/python3", "-s", "-S", "-c", code}; }

inline sandbox_limits short_limits() {
  sandbox_limits limits;
  limits.cpu = std::chrono::seconds(1);
  limits.wall = std::chrono::minutes(2);
  limits.memory = std::int64_t{256} << 20;
  limits.folder = std::int64_t{1} << 20;
  return limits;
}

constexpr uid_t ordinary_user = 65534;

inline bool become_ordinary_user() {
  return setgroups(0, nullptr) == 0 && setgid(ordinary_user) == 0 && setuid(ordinary_user) == 0;
}

/// What a function says in a child of this process; nothing where the child was ended before it said anything.
template <class Function>
std::optional<std::string> said_in_child(Function say) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0)
    return std::nullopt;
  const auto child = fork();
  if (child == 0) {
    const std::string text = say();
    _exit(write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }
  close(ends[1]);
  std::string text;
  std::array<char, 4096> buffer{};
  for (ssize_t size = 0; (size = read(ends[0], buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(size));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return status == 0 ? std::optional(text) : std::nullopt;
}

/// What this user may do here, found without the sandbox: its tests are skipped where they can't succeed, and only
/// there.
inline bool machine_allows(sandbox::way way) {
  if (way == sandbox::way::landlock)
    return syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, nullptr, 0, 0) != 0 && errno != EINVAL;
  const std::string spaces =
      geteuid() == 0 ? "--unshare-ipc --unshare-pid --unshare-net --unshare-uts" : "--unshare-all --disable-userns";
  return std::system(("bwrap " + spaces + " --ro-bind / / -- /usr/bin/true 2> /dev/null").c_str()) == 0;
}

/// Why no program of an answer can be run on this machine; nothing where it must be possible.
inline std::optional<std::string> programs_refused() {
  if (machine_allows(sandbox::way::namespaces) || machine_allows(sandbox::way::landlock))
    return std::nullopt;
  try {
    const sandbox works;
    return std::nullopt;
  } catch (const sandbox_error& error) {
    return error.what();
  }
}

struct sandbox_case {
  sandbox::way way;
  bool ordinary; ///< Run by an ordinary user, by a child of this process where that is root.
};

/// Each test runs for all cases that this machine and user allow; the others are skipped with the reason.
class sandbox_test : public testing::TestWithParam<sandbox_case> {
protected:
  static bool landlock() { return GetParam().way == sandbox::way::landlock; }
  static bool ordinary() { return GetParam().ordinary || geteuid() != 0; }

  void SetUp() override {
    if (GetParam().ordinary && geteuid() != 0)
      GTEST_SKIP() << "all tests run as an ordinary user";
    const auto allowed = said_in_child([] {
      return !GetParam().ordinary || become_ordinary_user() ? std::to_string(machine_allows(GetParam().way)) : "0";
    });
    try {
      if (!GetParam().ordinary)
        sandbox_.emplace(GetParam().way);
      else
        (void)run("pass");
    } catch (const sandbox_error& error) {
      if (allowed != "0")
        FAIL() << error.what();
      GTEST_SKIP() << error.what();
    }
  }

  /// Whatever a test's program did, the next one runs.
  void TearDown() override {
    if (IsSkipped() || HasFatalFailure())
      return;
    const auto next = run("print(6 * 7)");
    EXPECT_EQ(next.how, sandbox_result::ending::exited);
    EXPECT_EQ(next.status, 0) << next.output;
    EXPECT_EQ(next.output, "42\n");
  }

  sandbox_result run(const std::string& code, const sandbox_limits& limits = short_limits(),
                     const std::string& input = "") {
    if (!GetParam().ordinary)
      return sandbox_->run(python(code), input, limits);
    const auto said = said_in_child([&]() -> std::string {
      if (!become_ordinary_user())
        return "no such user";
      try {
        const auto result = sandbox(GetParam().way).run(python(code), input, limits);
        return "done " + std::to_string(static_cast<int>(result.how)) + " " + std::to_string(result.status) + " " +
               result.output;
      } catch (const sandbox_error& error) {
        return error.what();
      }
    });
    if (!said)
      throw std::runtime_error("the runner of the program was ended");
    std::istringstream text(*said);
    std::string done;
    int how = 0;
    sandbox_result result;
    if (!(text >> done >> how >> result.status) || done != "done")
      throw sandbox_error(*said);
    result.how = static_cast<sandbox_result::ending>(how);
    result.output = said->substr(static_cast<std::size_t>(text.tellg()) + 1);
    return result;
  }

private:
  std::optional<sandbox> sandbox_;
};

} // namespace avp
