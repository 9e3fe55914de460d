// Signal handlers that write into a pipe, and the thread that reads it and decides.
#include "runtime/os/interrupt.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <exception>
#include <memory>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "gpu/thrown.hpp"

namespace avp {

namespace {

using clock = std::chrono::steady_clock;

// What SIGTERM gives and what a reader that does not read may hold up are two seconds together.
constexpr auto to_finish = std::chrono::milliseconds(1400);
constexpr auto to_speak = std::chrono::milliseconds(200);

// Nothing is lost when it is over, so a busy machine may have more.
constexpr auto to_leave = std::chrono::seconds(5);

constexpr int was_interrupted = 130, failed = 1;

// Read from the pipe besides the numbers of signals.
constexpr char closing = 0, leaving = 100;

constexpr std::array numbers{SIGINT, SIGTERM, SIGHUP};

std::array<struct sigaction, numbers.size()> before;
std::terminate_handler terminate_before = nullptr;
std::atomic<interrupt_guard*> current = nullptr;
std::atomic<int> signals_seen = 0;
std::atomic<int> pipe_end = -1;

void tell(char what) {
  [[maybe_unused]] const auto written = write(pipe_end, &what, 1); // a full pipe has told enough
}

void on_signal(int number) {
  const int kept = errno;
  ++signals_seen;
  tell(static_cast<char>(number));
  errno = kept;
}

std::string line(const std::string& text) { return text.empty() ? "" : text + "\n"; }

// What comes first: a byte of the pipe, or nothing when the time is over.
std::optional<char> next(int pipe, const std::optional<clock::time_point>& deadline) {
  while (true) {
    int wait = -1;
    if (deadline)
      wait = static_cast<int>(
          std::max<std::int64_t>(0, std::chrono::ceil<std::chrono::milliseconds>(*deadline - clock::now()).count()));
    pollfd events{pipe, POLLIN, 0};
    char what = 0;
    if (const auto ready = poll(&events, 1, wait); ready == 0)
      return std::nullopt;
    if (read(pipe, &what, 1) == 1)
      return what;
  }
}

std::string signal_name(int number) { return number == SIGINT ? "SIGINT" : number == SIGTERM ? "SIGTERM" : "SIGHUP"; }

std::string ended_by(int number) { return number == SIGINT ? "interrupted" : "ended by " + signal_name(number); }

std::string what_ended_it() {
  const auto thrown = std::current_exception();
  return thrown ? text_of(thrown) : "a thread was ended by force";
}

} // namespace

// Writes on a thread of its own, which is left to itself where nobody reads standard error. It is there beforehand: a
// thread that begins may need locks of the system's loader, and a plugin may be what hangs.
class interrupt_guard::speaker {
public:
  static std::shared_ptr<speaker> start() {
    auto made = std::make_shared<speaker>();
    std::thread([made] { made->run(); }).detach();
    return made;
  }

  void say(std::string text) {
    if (isatty(STDERR_FILENO) != 0) // there is the bar, or the keyboard's ^C, on the line already
      text.insert(0, "\n");
    std::unique_lock lock(mutex_);
    text_ += text;
    changed_.notify_all();
    said_.wait_for(lock, to_speak, [this] { return text_.empty(); });
  }

  void close() {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    changed_.notify_all();
  }

private:
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return is_closed_ || !text_.empty(); });
      if (text_.empty())
        return;
      const auto text = text_;
      lock.unlock();
      [[maybe_unused]] const auto written = write(STDERR_FILENO, text.data(), text.size());
      lock.lock();
      text_.erase(0, text.size());
      said_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable said_;
  std::string text_; ///< That is not written yet.
  bool is_closed_ = false;
};

interrupt_guard::interrupt_guard(std::string when) : when_(std::move(when)), speaker_(speaker::start()) {
  if (pipe2(pipe_.data(), O_CLOEXEC | O_NONBLOCK) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot make a pipe for signals");
  signals_seen = 0;
  pipe_end = pipe_[1];
  watcher_ = std::thread([this] { watch(); });
  current = this;
  terminate_before = std::set_terminate(on_terminate);
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigset_t ours;
  sigemptyset(&ours);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    sigaction(numbers[i], nullptr, &before[i]);
    if (numbers[i] == SIGHUP && before[i].sa_handler == SIG_IGN)
      continue;
    sigaction(numbers[i], &action, nullptr);
    sigaddset(&ours, numbers[i]);
  }
  pthread_sigmask(SIG_UNBLOCK, &ours, nullptr); // whoever started this process may have had them blocked
}

interrupt_guard::~interrupt_guard() {
  for (std::size_t i = 0; i < numbers.size(); ++i)
    sigaction(numbers[i], &before[i], nullptr);
  std::set_terminate(terminate_before);
  current = nullptr;
  tell(closing);
  watcher_.join();
  speaker_->close();
  pipe_end = -1;
  for (const auto end : pipe_)
    close(end);
}

void interrupt_guard::finish_first(std::string what, bool takes_its_time) {
  const std::lock_guard lock(mutex_);
  what_ = std::move(what);
  takes_its_time_ = takes_its_time;
  finishes_ = true;
}

void interrupt_guard::say_at_end(std::string text) {
  const std::lock_guard lock(mutex_);
  last_words_ = std::move(text);
}

void interrupt_guard::leave(int status) {
  {
    const std::lock_guard lock(mutex_);
    leaving_ = status;
  }
  tell(leaving);
}

bool interrupt_guard::interrupted() { return signals_seen > 0; }

void interrupt_guard::watch() {
  std::optional<clock::time_point> deadline;
  const auto within = [&](clock::duration time) {
    const auto end = clock::now() + time;
    deadline = std::min(end, deadline.value_or(end));
  };
  bool first = true;
  while (true) {
    const auto what = next(pipe_[0], deadline);
    if (what == closing)
      return;
    if (what == leaving) {
      within(to_leave);
      continue;
    }
    std::unique_lock lock(mutex_);
    if (leaving_) {
      const auto status = *leaving_;
      lock.unlock();
      end("", status);
    }
    if (!what || !std::exchange(first, false) || !finishes_)
      end(finishes_ ? "stopped at once" : ended_by(what.value_or(SIGINT)) + (when_.empty() ? "" : " " + when_),
          was_interrupted);
    if (*what != SIGINT && !takes_its_time_)
      within(to_finish);
    const auto notice = *what == SIGINT
                            ? "interrupted: " + what_ + "; interrupt once more to stop at once"
                            : signal_name(*what) + ": " + what_ +
                                  (takes_its_time_ ? "; once more to stop at once" : ", within two seconds");
    lock.unlock();
    speaker_->say(line(notice));
  }
}

// Called with the lock, or where nobody else has it for long.
void interrupt_guard::end(const std::string& why, int status) {
  if (!why.empty())
    speaker_->say(line(why) + line(last_words_));
  _exit(status);
}

void interrupt_guard::on_terminate() {
  const auto why = std::string(program_invocation_short_name) + ": " + what_ended_it();
  if (auto* guard = current.load()) {
    if (guard->mutex_.try_lock()) // unless it was thrown with the lock held
      guard->end(why, failed);
    guard->speaker_->say(line(why));
  }
  _exit(failed);
}

} // namespace avp
