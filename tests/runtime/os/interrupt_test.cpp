// Signals and exceptions of threads, each in a process of its own that they end.
#include <chrono>
#include <csignal>
#include <stdexcept>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "runtime/os/interrupt.hpp"

namespace {

using namespace avp;
using testing::ExitedWithCode;

// Longer than anything here takes.
void hang() { std::this_thread::sleep_for(std::chrono::minutes(1)); }

void wait_for_signal() {
  while (!interrupt_guard::interrupted())
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  std::this_thread::sleep_for(std::chrono::milliseconds(100)); // until it was read
}

class interrupt_death : public testing::Test {
protected:
  // Only the new process has a guard; a fork of one with threads would not have them.
  void SetUp() override { testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};

TEST_F(interrupt_death, before_there_is_anything_to_finish_one_signal_is_enough) {
  const std::pair<int, const char*> rules[] = {{SIGINT, "^interrupted before all\nto go on: again\n$"},
                                               {SIGTERM, "^ended by SIGTERM before all\nto go on: again\n$"},
                                               {SIGHUP, "^ended by SIGHUP before all\nto go on: again\n$"}};
  for (const auto& [number, says] : rules)
    EXPECT_EXIT(
        {
          interrupt_guard guard("before all");
          guard.say_at_end("to go on: again");
          std::raise(number);
          hang();
        },
        ExitedWithCode(130), says);
}

TEST_F(interrupt_death, the_first_one_is_remembered_and_the_second_one_ends) {
  EXPECT_EXIT(
      {
        interrupt_guard guard("");
        guard.finish_first("finishing");
        std::raise(SIGINT);
        wait_for_signal();
        std::raise(SIGINT);
        hang();
      },
      ExitedWithCode(130), "^interrupted: finishing; interrupt once more to stop at once\nstopped at once\n$");
}

TEST_F(interrupt_death, a_request_to_end_waits_for_no_second_one) {
  const std::pair<int, const char*> rules[] = {{SIGTERM, "^SIGTERM: finishing, within two seconds\nstopped at once\n$"},
                                               {SIGHUP, "^SIGHUP: finishing, within two seconds\nstopped at once\n$"}};
  for (const auto& [number, says] : rules)
    EXPECT_EXIT(
        {
          interrupt_guard guard("");
          guard.finish_first("finishing");
          std::raise(number);
          hang();
        },
        ExitedWithCode(130), says);
}

TEST_F(interrupt_death, what_takes_its_time_is_ended_by_the_second_one_alone) {
  EXPECT_EXIT(
      {
        interrupt_guard guard("");
        guard.finish_first("finishing", true);
        std::raise(SIGTERM);
        wait_for_signal();
        std::this_thread::sleep_for(std::chrono::milliseconds(1700)); // more than the others have
        std::raise(SIGTERM);
        hang();
      },
      ExitedWithCode(130), "^SIGTERM: finishing; once more to stop at once\nstopped at once\n$");
}

TEST_F(interrupt_death, what_ends_in_time_has_its_own_status) {
  EXPECT_EXIT(
      {
        {
          interrupt_guard guard("");
          guard.finish_first("finishing");
          std::raise(SIGTERM);
          wait_for_signal();
        }
        _exit(3);
      },
      ExitedWithCode(3), "^SIGTERM: finishing, within two seconds\n$");
}

TEST_F(interrupt_death, leaving_is_not_waited_for) {
  EXPECT_EXIT(
      {
        interrupt_guard guard("");
        guard.finish_first("finishing");
        guard.leave(7);
        hang();
      },
      ExitedWithCode(7), "");
}

TEST_F(interrupt_death, nobody_who_reads_holds_it_up) {
  EXPECT_EXIT(
      {
        int ends[2] = {};
        if (pipe(ends) != 0)
          _exit(99);
        fcntl(ends[1], F_SETFL, O_NONBLOCK);
        while (write(ends[1], "full", 4) > 0) {
        }
        fcntl(ends[1], F_SETFL, 0);
        dup2(ends[1], STDERR_FILENO);
        interrupt_guard guard("nothing was run");
        std::raise(SIGINT);
        hang();
      },
      ExitedWithCode(130), "");
}

TEST_F(interrupt_death, what_leaves_a_thread_ends_with_one_message) {
  EXPECT_EXIT(
      {
        interrupt_guard guard("");
        guard.finish_first("finishing");
        guard.say_at_end("to go on: again");
        std::thread([] { throw std::runtime_error("a thread's own"); }).join();
      },
      ExitedWithCode(1), "^test_runtime: a thread's own\nto go on: again\n$");
  EXPECT_EXIT(
      {
        interrupt_guard guard("");
        guard.finish_first("finishing");
        std::thread([] { throw 42; }).join();
      },
      ExitedWithCode(1), "^test_runtime: something was thrown that is no std::exception\n$");
}

TEST_F(interrupt_death, afterwards_signals_are_the_system_s_again) {
  EXPECT_EXIT(
      {
        { const interrupt_guard guard("nothing was run"); }
        std::raise(SIGTERM);
        hang();
      },
      testing::KilledBySignal(SIGTERM), "");
}

} // namespace
