// How a program ends when it is asked to: Ctrl-C once to finish, twice to stop; and what nothing can hold up.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace avp {

/// Owns SIGINT, SIGTERM and SIGHUP for as long as it lives (SIGHUP unless it was ignored before, as nohup does). A
/// thread of its own decides, so that the rule holds whatever the others wait for: a full pipe, a stalled terminal, a
/// disk, a lock.
///
/// * While there is nothing to finish, the first signal ends the process at once.
/// * After finish_first() the first one is remembered, and the second one ends the process at once. SIGTERM and SIGHUP
///   wait for no second one: within two seconds the process is gone, unless it may take its time.
/// * After leave() the process has some seconds to end by itself.
///
/// The process also ends, with one message, where an exception leaves a thread and nobody would know of it.
class interrupt_guard {
public:
  /// `when` ends the line that is printed when a signal ends the process before finish_first(): "interrupted before any
  /// task was run", "ended by SIGTERM before any task was run". There is one guard at a time.
  explicit interrupt_guard(std::string when);
  interrupt_guard(const interrupt_guard&) = delete;
  interrupt_guard& operator=(const interrupt_guard&) = delete;
  ~interrupt_guard();

  /// From now on there is something to finish, which `what` says when the first signal comes: "interrupted: finishing
  /// the tasks that run; …", "SIGTERM: finishing the tasks that run, …". `takes_its_time` is for what somebody else
  /// waits for: then no signal has a deadline.
  void finish_first(std::string what, bool takes_its_time = false);

  /// What is printed, as a line, when the process ends before it is through: how to go on.
  void say_at_end(std::string text);

  /// All is done, and no thread that hangs may hold up the end; `status` is the process's then.
  void leave(int status);

  /// Whether a signal came.
  [[nodiscard]] static bool interrupted();

private:
  class speaker;

  [[noreturn]] static void on_terminate();
  void watch();
  [[noreturn]] void end(const std::string& why, int status);

  std::mutex mutex_;
  std::string when_;
  std::string what_;
  std::string last_words_;
  bool finishes_ = false;
  bool takes_its_time_ = false;
  std::optional<int> leaving_; ///< With this status.
  std::array<int, 2> pipe_{-1, -1};
  std::shared_ptr<speaker> speaker_;
  std::thread watcher_; ///< Reads of the pipe what signals write there.
};

} // namespace avp
